//! Which rooms a connection is in, read off what was delivered to its server.

use super::table::Set;
use crate::history::{Kind, Meaning};
use crate::id::{ConnId, Topic};

/// The topics that are subscribed to, by connection.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Set<(ConnId, Topic)>);

impl Rooms {
    /// A client's message reached its server.
    pub(crate) fn came(&mut self, conn: ConnId, meaning: &Meaning) {
        let Some(topic) = meaning.topic else { return };
        match meaning.kind {
            Kind::Hello | Kind::Subscribe => _ = self.0.insert((conn, topic), ()),
            Kind::Unsubscribe => _ = self.0.remove(&(conn, topic)),
            _ => {}
        }
    }

    /// The server was told that a connection has ended, or ended it.
    pub(crate) fn closed(&mut self, conn: ConnId) {
        self.0.retain(|(of, _), ()| *of != conn);
    }

    /// Keeps only connections of which `keep` is true.
    pub(crate) fn retain(&mut self, keep: impl Fn(ConnId) -> bool) {
        self.0.retain(|(conn, _), ()| keep(*conn));
    }

    pub(crate) fn has(&self, conn: ConnId, topic: Topic) -> bool {
        self.0.contains_key(&(conn, topic))
    }

    /// The room that a connection is in, if it is one.
    pub(crate) fn only(&self, conn: ConnId) -> Option<Topic> {
        let mut of = self.0.keys().filter(|(of, _)| *of == conn).map(|(_, topic)| *topic);
        of.next().filter(|_| of.next().is_none())
    }

    /// The connections that are in a room.
    pub(crate) fn of(&self, topic: Topic) -> impl Iterator<Item = ConnId> {
        self.0.keys().filter(move |(_, of)| *of == topic).map(|(conn, _)| *conn)
    }
}
