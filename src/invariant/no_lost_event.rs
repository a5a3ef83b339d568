//! What is said to be shown is shown.

use super::presence::{Dues, Presence};
use super::words::Notices;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation};
use crate::id::{NodeId, OpId};
use crate::time::{Span, Time};

/// Each message without a place in the order that must be shown, and has an id of its own, is
/// shown within a second of its delivery to a running client.
#[derive(Debug, Default)]
pub struct NoLostEvent {
    notices: Notices,
    presence: Presence,
    dues: Dues<(NodeId, OpId)>,
}

impl Invariant for NoLostEvent {
    fn name(&self) -> &'static str {
        "no-lost-event"
    }
    fn statement(&self) -> &'static str {
        "Each message that must be shown, and has an id of its own, is shown within a second of its \
         delivery."
    }
    fn interest(&self) -> Interest {
        Notices::INTEREST.and(Presence::INTEREST)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        if matches!(
            seen.what,
            Observation::Node(_) | Observation::Busy { .. } | Observation::Clock { .. }
        ) {
            self.presence.observe(seen);
        }
        if let Some((op, Some(_))) = self.notices.observe(seen) {
            self.dues.add(seen.at + Span::secs(1), (seen.node, op), ruling);
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some((node, op)) = self.dues.take(at, ruling) {
            let (came, shown) = self.notices.of(node, op);
            if shown < came && self.presence.is_free(node, at) {
                let message = format!("{came} words came of {op}, and {shown} were shown");
                ruling.violated(node, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.notices.forget(horizon.op);
    }
}
