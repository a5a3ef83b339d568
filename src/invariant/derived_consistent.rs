//! What follows from other things shown follows from them.

use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Life, Observation};
use crate::id::NodeId;
use crate::objectives::{EditPolicy, Objectives};

/// A status that says `live` says that edits are taken, and one does not in which the objectives
/// allow none. Judged for clients that ever said that edits are taken, or that ever took one.
#[derive(Debug)]
pub struct DerivedConsistent {
    edits: EditPolicy,
    /// Clients that speak of edits, and the last status of theirs that contradicts itself.
    clients: Table<NodeId, (bool, Option<Connection>)>,
}

impl DerivedConsistent {
    /// Judges by `edit_policy`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { edits: objectives.edit_policy, clients: Table::new() }
    }
}

impl Invariant for DerivedConsistent {
    fn name(&self) -> &'static str {
        "derived-consistent"
    }
    fn statement(&self) -> &'static str {
        "Whether edits are shown to be possible is in every step what follows from the \
         objectives' edit policy and the connection state shown."
    }
    fn interest(&self) -> Interest {
        Interest::STATUS.and(Interest::OP).and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match *seen.what {
            Observation::ShownStatus(status) => {
                let (speaks, wrong) = self.clients.of(node);
                *speaks |= status.can_edit;
                let shown = status.connection;
                let is_wrong = if status.can_edit {
                    !self.edits.allows(shown)
                } else {
                    shown == Connection::Live
                };
                *wrong = is_wrong.then_some(shown);
            }
            Observation::ShownOp { .. } => self.clients.of(node).0 = true,
            Observation::Node(Life::Crashed) => drop(self.clients.remove(&node)),
            _ => {}
        }
        if let Some((true, Some(shown))) = self.clients.get(&node) {
            let word = if *shown == Connection::Live { "impossible" } else { "possible" };
            ruling.violated(node, format!("shows `{shown:?}`, and edits as {word}"));
        }
    }
}
