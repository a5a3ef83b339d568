//! What is called saved is saved.

use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, OpState, StoreOutcome};
use crate::id::{OpId, StoreId, Ticket};

/// An ack is sent, and an operation is shown as saved, only after a store executed its write and
/// made it durable.
#[derive(Debug, Default)]
pub struct NoFalseAck {
    /// Executed and not flushed, by store.
    executed: Table<StoreId, Vec<(Ticket, OpId)>>,
    /// Those of them that are in the copy that a store may go back to.
    copied: Table<StoreId, Vec<OpId>>,
    durable: Set<OpId>,
}

impl NoFalseAck {
    fn stored(&mut self, what: &Observation) {
        let Observation::Stored { store, ticket, outcome, write } = what else { return };
        let executed = self.executed.of(*store);
        match outcome {
            StoreOutcome::Executed => {
                let op = write.as_ref().and_then(|write| write.op);
                executed.extend(op.map(|op| (*ticket, op)));
            }
            StoreOutcome::Flushed => {
                self.durable.extend(executed.drain(..).map(|(_, op)| op));
            }
            StoreOutcome::Lost => executed.retain(|(of, _)| of != ticket),
            StoreOutcome::Remembered => {
                self.copied.insert(*store, executed.iter().map(|(_, op)| *op).collect());
            }
            // What was there before is excused; what comes back counts as durable.
            StoreOutcome::Restored => {
                executed.clear();
                self.durable.extend(self.copied.get(store).into_iter().flatten().copied());
            }
            StoreOutcome::Emptied => executed.clear(),
            StoreOutcome::Failed => {}
        }
    }
}

impl Invariant for NoFalseAck {
    fn name(&self) -> &'static str {
        "no-false-ack"
    }
    fn statement(&self) -> &'static str {
        "An ack is sent, and an operation is shown as saved, only after the store has executed and \
         flushed its write."
    }
    fn interest(&self) -> Interest {
        Interest::STORED.and(Interest::SENT_OTHER).and(Interest::OP)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Sent { meaning, .. } if meaning.kind == Kind::Ack => {
                if let Some(op) = meaning.op.filter(|op| !self.durable.contains_key(op)) {
                    ruling.violated(seen.node, format!("acked {op}, which no store has flushed"));
                }
            }
            Observation::ShownOp { op, state: OpState::Saved }
                if !self.durable.contains_key(op) =>
            {
                let message = format!("showed {op} as saved, which no store has flushed");
                ruling.violated(seen.node, message);
            }
            what => self.stored(what),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.durable.retain(|op, ()| *op >= horizon.op);
        for executed in self.executed.values_mut() {
            executed.retain(|(ticket, _)| *ticket >= horizon.ticket);
        }
        for copied in self.copied.values_mut() {
            copied.retain(|op| *op >= horizon.op);
        }
    }
}
