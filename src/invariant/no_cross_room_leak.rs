//! Nobody is told of a room that she is not in.

use super::rooms::Rooms;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Side};

/// What a server says of a topic's content it sends only on connections that are subscribed to
/// that topic at that instant.
#[derive(Debug, Default)]
pub struct NoCrossRoomLeak {
    rooms: Rooms,
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
        Interest::SENT.and(Interest::DELIVERED_OTHER).and(Interest::CLOSED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                self.rooms.came(*conn, meaning);
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => self.rooms.closed(*conn),
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                let state = matches!(
                    meaning.kind,
                    Kind::Event | Kind::Snapshot | Kind::Delta | Kind::Ephemeral
                );
                if let Some(topic) = meaning.topic.filter(|_| state)
                    && !self.rooms.has(*conn, topic)
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
    }
}
