//! No table grows with the length of a session.

use std::collections::BTreeMap;

use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation};
use crate::objectives::Objectives;

/// No table that a node says it holds has more entries than the objectives allow for its name:
/// ids that were seen, close codes, attempts, durations.
#[derive(Debug)]
pub struct BoundedState {
    most: BTreeMap<String, u32>,
}

impl BoundedState {
    /// Judges by `table_max`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { most: objectives.table_max.clone() }
    }
}

impl Invariant for BoundedState {
    fn name(&self) -> &'static str {
        "bounded-state"
    }
    fn statement(&self) -> &'static str {
        "No table of a node exceeds the objectives' limit for it."
    }
    fn interest(&self) -> Interest {
        Interest::HOLDS
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Observation::Holds { what, size } = seen.what else { return };
        if let Some(most) = self.most.get(what.as_ref()).filter(|most| size.len > **most) {
            ruling.violated(seen.node, format!("{what} has {} entries; limit {most}", size.len));
        }
    }
}
