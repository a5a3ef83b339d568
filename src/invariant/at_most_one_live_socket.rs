//! A page has one connection.

use super::presence::TICK;
use super::sockets::Sockets;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation};
use crate::id::NodeId;
use crate::time::Time;

/// At every instant a client is dialling, or holds open and has not closed, at most one socket.
/// Within one instant it may dial a successor first and close the old one then.
#[derive(Debug, Default)]
pub struct AtMostOneLiveSocket {
    sockets: Sockets,
    /// Those who just dialled while they had another.
    suspects: Vec<NodeId>,
}

impl Invariant for AtMostOneLiveSocket {
    fn name(&self) -> &'static str {
        "at-most-one-live-socket"
    }
    fn statement(&self) -> &'static str {
        "At every instant each client instance has at most one socket that it is dialling or \
         holds open and has not closed."
    }
    fn interest(&self) -> Interest {
        Sockets::INTEREST
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        self.sockets.observe(seen);
        let dialled = matches!(seen.what, Observation::Dialled { .. });
        if dialled && self.sockets.of(seen.node).len() > 1 {
            self.suspects.push(seen.node);
            ruling.wake_at(seen.at + TICK);
        }
    }
    fn wake(&mut self, _at: Time, ruling: &mut Ruling) {
        for node in self.suspects.drain(..) {
            if let [.., one, other] = self.sockets.of(node) {
                let message = format!("has {} while it has {}", other.conn, one.conn);
                ruling.violated(node, message);
            }
        }
    }
}
