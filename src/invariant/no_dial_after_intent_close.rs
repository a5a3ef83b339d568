//! Who wants no connection has none made for her.

use super::presence::Presence;
use super::table::Set;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Request};
use crate::id::NodeId;

/// Between a disconnect command at a client and its next mount or connect command the client
/// starts no dial. What a client does before it has time to hear the command is excused.
#[derive(Debug, Default)]
pub struct NoDialAfterIntentClose {
    presence: Presence,
    parted: Set<NodeId>,
}

impl Invariant for NoDialAfterIntentClose {
    fn name(&self) -> &'static str {
        "no-dial-after-intent-close"
    }
    fn statement(&self) -> &'static str {
        "Between a disconnect command at a client and its next mount or connect command the \
         client starts no dial."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::GIVEN_OTHER).and(Interest::DIALLED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match *seen.what {
            Observation::Given { request: Request::Disconnect, .. } => {
                self.parted.insert(node, ());
            }
            Observation::Given {
                request: Request::Mount | Request::Connect | Request::Open | Request::SignIn,
                ..
            } => {
                self.parted.remove(&node);
            }
            Observation::Dialled { conn, .. } => {
                if self.parted.contains_key(&node) && self.presence.is_free(node, seen.at) {
                    ruling.violated(node, format!("dialled {conn} after its person had left"));
                }
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.parted.remove(&node);
            }
            _ => self.presence.observe(seen),
        }
    }
}
