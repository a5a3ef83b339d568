//! Nobody dials without a network.

use std::collections::BTreeMap;

use super::presence::Presence;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation};
use crate::id::NodeId;

/// A client starts no dial between the device's offline event and its next online event. A
/// page that was loaded anew in between has not been told, and one that was paused is told
/// when it goes on.
#[derive(Debug, Default)]
pub struct NoDialOffline {
    presence: Presence,
    /// Those whose device said that it is offline, and whether they heard it at once.
    offline: BTreeMap<NodeId, bool>,
}

impl Invariant for NoDialOffline {
    fn name(&self) -> &'static str {
        "no-dial-offline"
    }
    fn statement(&self) -> &'static str {
        "A client starts no dial between the device's offline event and its next online event."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::DEVICE).and(Interest::DIALLED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::Device { online: true } => {
                self.offline.remove(&node);
            }
            Observation::Device { online: false } if !self.presence.is_down(node) => {
                self.offline.insert(node, self.presence.is_free(node, at));
            }
            Observation::Dialled { conn, .. } => {
                let told = self.offline.get(&node);
                if told.is_some_and(|known| *known || self.presence.is_free(node, at)) {
                    let message = format!("dialled {conn} while its device is offline");
                    ruling.violated(node, message);
                }
            }
            _ => {
                self.presence.observe(seen);
                if *seen.what == Observation::Node(Life::Crashed) {
                    self.offline.remove(&node);
                }
            }
        }
    }
}
