//! Whoever answers what she has seen has the last word.

use super::authors::Authors;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, OpState, Position, StoreOutcome, Write};
use crate::id::{Field, OpId, Topic};

/// An edit whose author had been shown all that was committed to a field before it is not shown
/// as saved unless the field then held what it wrote.
#[derive(Debug, Default)]
pub struct CausalLww {
    authors: Authors,
    last: Table<(Topic, Field), Position>,
    /// Edits that were committed without what they were to write to a field.
    lost: Table<OpId, Field>,
}

impl CausalLww {
    fn committed(&mut self, write: &Write) {
        if let Some((op, made, had)) = self.authors.of(write) {
            let epoch = write.position.epoch;
            let held = |field: Field| {
                let last = self.last.get(&(write.topic, field));
                last.is_none_or(|last| last.epoch == epoch && last.seq <= had)
            };
            // An insert may end up in another field than its page showed it in.
            let kept = |new: &crate::history::Change| {
                let same = |old: &crate::history::Change| {
                    old.value == new.value && (new.value.is_some() || old.field == new.field)
                };
                write.changes.iter().any(same)
            };
            let lost = made.changes.iter().find(|change| !kept(change) && held(change.field));
            if let Some(change) = lost {
                self.lost.insert(op, change.field);
            }
        }
        for change in &write.changes {
            self.last.insert((write.topic, change.field), write.position);
        }
    }
}

impl Invariant for CausalLww {
    fn name(&self) -> &'static str {
        "causal-lww"
    }
    fn statement(&self) -> &'static str {
        "An edit made in the knowledge of all earlier commits of its field is what the field holds \
         once it is saved."
    }
    fn interest(&self) -> Interest {
        Authors::INTEREST.and(Interest::STORED_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Stored { outcome: StoreOutcome::Executed, write, .. } => {
                if let Some(write) = write.as_deref().filter(|write| !write.changes.is_empty()) {
                    self.committed(write);
                }
            }
            Observation::Stored { .. } => {}
            Observation::ShownOp { op, state } => {
                self.authors.observe(seen);
                if *state == OpState::Saved
                    && let Some(field) = self.lost.get(op)
                {
                    let message = format!("shows {op} as saved; {field} was left as it had been");
                    ruling.violated(seen.node, message);
                }
            }
            _ => self.authors.observe(seen),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.authors.forget(horizon);
        self.lost.retain(|op, _| *op >= horizon.op);
    }
}
