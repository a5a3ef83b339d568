//! No stage is done before those that come before it.

use super::table::{Set, Table};
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, StoreOutcome, Write};
use crate::id::{Field, StoreId, Topic};
use crate::objectives::Objectives;

/// Where the objectives give the stages an order, each write of the store leaves a state in which
/// a stage is done only if all earlier ones are, and a stage that is done is not done again unless
/// it was taken back. A topic is judged for as long as its store has lost nothing.
#[derive(Debug, Default)]
pub struct LegalStageTransition {
    order: Vec<Field>,
    /// The stages that are done, as places in the order.
    done: Table<(StoreId, Topic), Set<usize>>,
    /// Stores that are not what their writes made of them.
    unsure: Set<StoreId>,
}

impl LegalStageTransition {
    /// Judges by `stages`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { order: objectives.stages.clone(), ..Self::default() }
    }

    fn wrote(&mut self, seen: &Seen<'_>, store: StoreId, write: &Write, ruling: &mut Ruling) {
        let done = self.done.of((store, write.topic));
        for change in &write.changes {
            let Some(place) = self.order.iter().position(|one| *one == change.field) else {
                continue;
            };
            if change.value.is_none() {
                done.remove(&place);
            } else if done.insert(place, ()).is_some() {
                let message = format!("stage {} of {} is done again", place + 1, write.topic);
                ruling.violated(seen.node, message);
            }
        }
        if let Some((i, place)) = done.keys().enumerate().find(|(i, place)| i != *place) {
            let (stage, missing) = (place + 1, i + 1);
            let message = format!("stage {stage} of {} is done, and {missing} is not", write.topic);
            ruling.violated(seen.node, message);
        }
    }
}

impl Invariant for LegalStageTransition {
    fn name(&self) -> &'static str {
        "legal-stage-transition"
    }
    fn statement(&self) -> &'static str {
        "Where the stages have an order, every committed state has a stage done only if all \
         earlier ones are, and none is done twice."
    }
    fn interest(&self) -> Interest {
        if self.order.is_empty() { Interest::NONE } else { Interest::STORED_OTHER }
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Observation::Stored { store, outcome, write, .. } = seen.what else { return };
        match outcome {
            StoreOutcome::Executed if !self.unsure.contains_key(store) => {
                if let Some(write) = write {
                    self.wrote(seen, *store, write, ruling);
                }
            }
            StoreOutcome::Lost | StoreOutcome::Restored | StoreOutcome::Emptied => {
                self.unsure.insert(*store, ());
            }
            _ => {}
        }
    }
}
