//! What a person asks for comes, or she is told that it does not.

use super::presence::{Dues, Presence, TICK};
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Request};
use crate::id::{NodeId, OpId};
use crate::time::{Span, Time};

/// A request ends this soon.
const SOON: Span = Span::secs(10);

/// Each command for fresh content is answered with content, or is shown to have failed, within ten
/// seconds. A page that is put away, or that has no time, is excused.
#[derive(Debug, Default)]
pub struct OpTerminates {
    presence: Presence,
    asked: Table<OpId, (NodeId, Time)>,
    /// Pages that were put away.
    away: Set<NodeId>,
    dues: Dues<OpId>,
}

impl Invariant for OpTerminates {
    fn name(&self) -> &'static str {
        "op-terminates"
    }
    fn statement(&self) -> &'static str {
        "Each refresh is answered by content or by a failure that is shown, within 10 s of the \
         client's running time."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::GIVEN_OTHER).and(Interest::ANSWER).and(Interest::OP)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::ShownOp { op, state } => {
                if state.is_told_off() {
                    self.asked.remove(&op);
                }
            }
            Observation::ShownAnswer { op, .. } => drop(self.asked.remove(&op)),
            Observation::Given { op, request, .. } => match request {
                Request::Refresh if !self.away.contains_key(&node) => {
                    self.asked.insert(op, (node, at));
                    self.dues.add(at + SOON + TICK, op, ruling);
                }
                Request::Unmount => {
                    self.away.insert(node, ());
                    self.asked.retain(|_, (of, _)| *of != node);
                }
                Request::Mount => drop(self.away.remove(&node)),
                _ => {}
            },
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.away.remove(&node);
                self.asked.retain(|_, (of, _)| *of != node);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(op) = self.dues.take(at, ruling) {
            let Some((node, since)) = self.asked.get(&op).copied() else { continue };
            let since = since.max(self.presence.awake_at(node));
            let since = since.max(self.presence.occupied_until(node).unwrap_or_default());
            if !self.presence.runs(node) || at.since(since) <= SOON {
                self.dues.add(at.max(since) + SOON + TICK, op, ruling);
            } else {
                self.asked.remove(&op);
                ruling.violated(node, format!("has not answered {op} within {SOON}"));
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.asked.retain(|op, _| *op >= horizon.op);
    }
}
