//! A server leaves nothing out for one of those who listen.

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Position, Side};
use crate::id::{ConnId, Topic};

/// The events that a server sends on a connection follow the snapshot or delta that it sent there
/// first, and each other, with no number left out.
#[derive(Debug, Default)]
pub struct DeliveryToAllSubscribers {
    /// Up to where a connection was told of a topic.
    told: Table<(ConnId, Topic), Position>,
}

impl Invariant for DeliveryToAllSubscribers {
    fn name(&self) -> &'static str {
        "delivery-to-all-subscribers"
    }
    fn statement(&self) -> &'static str {
        "Every event after the sync point of a connection is sent on it, with none left out, as long \
         as the connection lives."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_EVENT.and(Interest::SENT_OTHER).and(Interest::CLOSED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                let (Some(topic), Some(position)) = (meaning.topic, meaning.position) else {
                    return;
                };
                match meaning.kind {
                    Kind::Snapshot | Kind::Delta => {
                        self.told.insert((conn, topic), position);
                    }
                    Kind::Event => {
                        let Some(told) = self.told.get_mut(&(conn, topic)) else { return };
                        if told.epoch == position.epoch && position.seq > told.seq + 1 {
                            let message = format!(
                                "sent {position} of {topic} on {conn} after {told}, and nothing between"
                            );
                            ruling.violated(seen.node, message);
                        }
                        *told = position.max(*told);
                    }
                    _ => {}
                }
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.told.retain(|(of, _), _| *of != conn);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.told.retain(|(conn, _), _| *conn >= horizon.conn);
    }
}
