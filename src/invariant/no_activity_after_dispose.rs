//! Nothing comes from a page that is not there.

use super::presence::Presence;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Request, Side};
use crate::id::NodeId;
use crate::time::Time;

/// From its unmount to its next mount a client dials nothing, sends nothing but its close frames,
/// and shows nothing, whatever reaches it. What it shows as it goes, and what it does before it has
/// time to go, is excused.
#[derive(Debug, Default)]
pub struct NoActivityAfterDispose {
    presence: Presence,
    gone: Table<NodeId, Time>,
}

impl NoActivityAfterDispose {
    fn acts(&self, seen: &Seen<'_>, does: &str, ruling: &mut Ruling) {
        let left = self.gone.get(&seen.node).filter(|left| seen.at > **left);
        if left.is_some() && self.presence.is_free(seen.node, seen.at) {
            ruling.violated(seen.node, format!("{does} while its page is away"));
        }
    }
}

impl Invariant for NoActivityAfterDispose {
    fn name(&self) -> &'static str {
        "no-activity-after-dispose"
    }
    fn statement(&self) -> &'static str {
        "From its unmount to its next mount a client dials nothing, sends nothing but the close \
         frame, and shows nothing."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::DIALLED)
            .and(Interest::SENT_OTHER)
            .and(Interest::STATUS)
            .and(Interest::CONTENT)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match *seen.what {
            Observation::Sent { side: Side::Dialler, .. } => self.acts(seen, "sends", ruling),
            Observation::Sent { .. } => {}
            Observation::ShownContent(_) => self.acts(seen, "shows content", ruling),
            Observation::ShownStatus(_) => self.acts(seen, "shows a status", ruling),
            Observation::Dialled { .. } => self.acts(seen, "dials", ruling),
            Observation::Given { request: Request::Unmount, .. } => {
                self.gone.insert(node, seen.at);
            }
            Observation::Given { request: Request::Mount, .. } => drop(self.gone.remove(&node)),
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.gone.remove(&node);
            }
            _ => self.presence.observe(seen),
        }
    }
}
