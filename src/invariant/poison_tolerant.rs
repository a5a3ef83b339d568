//! One bad frame is one bad frame.

use super::presence::Presence;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Observation};
use crate::id::{ConnId, NodeId};
use crate::time::Time;

/// The codes of frames that the transport itself must not take: against its rules, not text, or
/// too large.
const OF_TRANSPORT: [u16; 3] = [1002, 1007, 1009];

/// A node that comes upon a frame that it cannot read does not end the connection for it, unless
/// it is the transport that cannot take it.
#[derive(Debug, Default)]
pub struct PoisonTolerant {
    presence: Presence,
    /// When the last unreadable frame was handled.
    came: Table<(NodeId, ConnId), Time>,
}

impl Invariant for PoisonTolerant {
    fn name(&self) -> &'static str {
        "poison-tolerant"
    }
    fn statement(&self) -> &'static str {
        "A frame that cannot be read does not make its receiver end the connection."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::DELIVERED_UNREADABLE).and(Interest::CLOSED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::Delivered { conn, .. } => {
                if self.presence.is_free(node, at) {
                    self.came.insert((node, conn), at);
                }
            }
            Observation::Closed { conn, by: Initiator::Local, code, .. } => {
                let came = self.came.get(&(node, conn));
                if came == Some(&at) && !OF_TRANSPORT.contains(&code) {
                    let message = format!("ends {conn} with {code} over a frame it cannot read");
                    ruling.violated(node, message);
                }
            }
            Observation::Closed { conn, .. } => drop(self.came.remove(&(node, conn))),
            _ => self.presence.observe(seen),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.came.retain(|(_, conn), _| *conn >= horizon.conn);
    }
}
