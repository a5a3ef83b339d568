//! Which connections the server holds, and whose they are.

use wavetank::history::Size;
use wavetank::id::{ConnId, Topic};
use wavetank::protocol::{Conns, Outbox};

use super::Server;
use crate::protocol::{DocSync, Timer};

/// What the server knows of connections beyond their sessions.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// The instance of the client, as it said when it dialled, of each connection whose end was
    /// not told.
    callers: Conns<u64>,
    /// How many connections are in a room, or were.
    held: u32,
    /// The most of them so far.
    held_max: u32,
}

impl Registry {
    pub(super) fn accepted(&mut self, conn: ConnId, caller: u64) {
        self.callers.insert(conn, caller);
    }

    pub(super) fn caller(&self, conn: ConnId) -> Option<u64> {
        self.callers.get(conn).copied()
    }
}

impl Server {
    /// The connection of a client instance.
    pub(super) fn session_of(&self, caller: u64) -> Option<ConnId> {
        let mut all = self.sessions.iter().map(|(conn, _)| conn);
        all.find(|conn| self.registry.caller(*conn) == Some(caller))
    }

    /// A connection enters the room of a document: from now on it is told of events.
    pub(super) fn enter(&mut self, conn: ConnId, doc: Topic, out: &mut Outbox<DocSync>) {
        if !(self.steps.shares_room)() {
            for (_, session) in self.sessions.iter_mut() {
                session.docs.retain(|of| *of != doc);
            }
        }
        let Some(session) = self.sessions.get_mut(conn) else { return };
        if !session.docs.contains(&doc) {
            session.docs.push(doc);
        }
        if std::mem::replace(&mut session.counted, true) {
            return;
        }
        self.registry.held += 1;
        if self.registry.held > self.registry.held_max {
            self.registry.held_max = self.registry.held;
            out.holds("connections", Size { len: self.registry.held, ..Size::default() });
        }
    }

    /// A client wants no more of a document.
    pub(super) fn release(&mut self, conn: ConnId, doc: Topic) {
        if let Some(session) = self.sessions.get_mut(conn) {
            session.docs.retain(|of| *of != doc);
        }
        if let Some(room) = self.rooms.get_mut(&doc) {
            room.waiting.retain(|(of, _)| *of != conn);
        }
        self.drop_events(conn, doc);
    }

    /// The server was told that a connection has ended.
    pub(super) fn ended(&mut self, conn: ConnId, code: u16, out: &mut Outbox<DocSync>) {
        let of_client = self.registry.caller(conn).and_then(|caller| self.session_of(caller));
        if let Some(conn) = (self.steps.forgets)(conn, of_client, code) {
            self.forget(conn, out);
        }
        self.registry.callers.remove(conn);
    }

    /// The connection is over, or treated as if it were.
    pub(super) fn forget(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        self.forget_request(conn, out);
        let Some(session) = self.sessions.remove(conn) else { return };
        self.registry.held -= u32::from(session.counted);
        session.instance.iter().for_each(|instance| self.went_away(*instance, out));
        out.cancel(Timer::Ping(conn));
        self.drop_parts(conn);
        self.forget_door(conn, out);
        self.forget_rate(conn);
        if let Some(caller) = self.registry.caller(conn).filter(|_| (self.steps.deadline_ends)()) {
            out.cancel(Timer::Deadline(conn, caller));
        }
    }
}
