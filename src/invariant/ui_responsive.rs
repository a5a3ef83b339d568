//! The page answers its person.

use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Request};
use crate::id::{NodeId, OpId};
use crate::time::{Span, Time};

/// An answer comes this soon.
const SOON: Span = Span::millis(100);

/// What a person does at a running client is answered within a tenth of a second: an edit is shown
/// as taken or refused, a query is answered. What the client is busy with is no excuse.
#[derive(Debug, Default)]
pub struct UiResponsive {
    presence: Presence,
    given: Table<OpId, (NodeId, Time)>,
    dues: Dues<OpId>,
}

impl UiResponsive {
    fn ran(&self, node: NodeId, since: Time) -> bool {
        self.presence.runs(node) && self.presence.awake_at(node) <= since
    }

    fn answered(&mut self, at: Time, op: OpId, ruling: &mut Ruling) {
        let Some((node, since)) = self.given.remove(&op) else { return };
        if self.ran(node, since) && at.since(since) > SOON {
            let waited = at.since(since);
            ruling.violated(node, format!("answers {op} after {waited}"));
        }
    }
}

impl Invariant for UiResponsive {
    fn name(&self) -> &'static str {
        "ui-responsive"
    }
    fn statement(&self) -> &'static str {
        "A running client answers each edit, undo and query within 100 ms."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::GIVEN_WORK).and(Interest::OP).and(Interest::ANSWER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Given { op, request, .. } => {
                if request != Request::Produce && self.presence.runs(seen.node) {
                    self.given.insert(op, (seen.node, seen.at));
                    self.dues.add(seen.at + SOON + TICK, op, ruling);
                }
            }
            Observation::ShownOp { op, .. } | Observation::ShownAnswer { op, .. } => {
                self.answered(seen.at, op, ruling);
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.given.retain(|_, (node, _)| *node != seen.node);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(op) = self.dues.take(at, ruling) {
            let Some((node, since)) = self.given.get(&op).copied() else { continue };
            // What it is busy with now comes before the answer.
            let busy = self.presence.occupied_until(node).is_some_and(|until| until > at);
            if busy && self.ran(node, since) {
                self.given.remove(&op);
                ruling.violated(node, format!("is busy and has not answered {op} within {SOON}"));
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.given.retain(|op, _| *op >= horizon.op);
    }
}
