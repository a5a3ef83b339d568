//! Nobody is told of a room that she is not in.

use super::rooms::Rooms;
use super::table::Set;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Channel, Interest, Kind, Observation, Side};
use crate::id::{ConnId, Topic};

/// What a server says of a topic's content it sends only on connections that are subscribed to
/// that topic at that instant, and in answer to a request for it that is made over a channel of its
/// own.
#[derive(Debug, Default)]
pub struct NoCrossRoomLeak {
    rooms: Rooms,
    /// Channels for one request each.
    channels: Set<ConnId>,
    requested: Set<(ConnId, Topic)>,
}

impl Invariant for NoCrossRoomLeak {
    fn name(&self) -> &'static str {
        "no-cross-room-leak"
    }
    fn statement(&self) -> &'static str {
        "A state frame of a document is sent only on connections that are subscribed to that \
         document at that instant."
    }
    fn interest(&self) -> Interest {
        Interest::SENT.and(Interest::DELIVERED_OTHER).and(Interest::CLOSED).and(Interest::DIALLED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                self.rooms.came(*conn, meaning);
                if let (Kind::SyncRequest, Some(topic)) = (meaning.kind, meaning.topic)
                    && self.channels.contains_key(conn)
                {
                    self.requested.insert((*conn, topic), ());
                }
            }
            Observation::Dialled { conn, channel: Channel::Request, .. } => {
                self.channels.insert(*conn, ());
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.rooms.closed(*conn);
                if self.channels.remove(conn).is_some() {
                    self.requested.retain(|(of, _), ()| of != conn);
                }
            }
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                let state = matches!(
                    meaning.kind,
                    Kind::Event | Kind::Snapshot | Kind::Delta | Kind::Ephemeral
                );
                if let Some(topic) = meaning.topic.filter(|_| state)
                    && !self.rooms.has(*conn, topic)
                    && !self.requested.contains_key(&(*conn, topic))
                {
                    let message = format!("sent {topic} on {conn}, which is not subscribed to it");
                    ruling.violated(seen.node, message);
                }
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.rooms.retain(|conn| conn >= horizon.conn);
        self.channels.retain(|conn, ()| *conn >= horizon.conn);
        self.requested.retain(|(conn, _), ()| *conn >= horizon.conn);
    }
}
