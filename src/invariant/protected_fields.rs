//! People change only what is theirs to change.

use super::table::{Set, Table};
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, StoreOutcome, Value, Write};
use crate::id::{Field, NodeId, StoreId, Topic};
use crate::protocol::Gate;

/// A commit that an operation of a client caused changes no field that only the server's side
/// may change, at all or just then. Which fields those are is the protocol's to say. What may not
/// be changed just then is known of a topic for as long as its store has lost nothing.
#[derive(Debug)]
pub struct ProtectedFields {
    is_protected: fn(Field) -> bool,
    gate: Option<Gate>,
    /// What is in the field of the gate.
    gates: Table<(StoreId, Topic), Value>,
    clients: Set<NodeId>,
}

impl ProtectedFields {
    /// Judges by what the protocol publishes.
    pub const fn new(is_protected: fn(Field) -> bool, gate: Option<Gate>) -> Self {
        Self { is_protected, gate, gates: Table::new(), clients: Set::new() }
    }

    /// Whether a change is not people's to make, going by what the store had before it.
    fn is_barred(&self, of: (StoreId, Topic), field: Field) -> bool {
        let just_now = self.gates.get(&of).zip(self.gate);
        (self.is_protected)(field) || just_now.is_some_and(|(at, gate)| (gate.holds)(*at, field))
    }

    fn wrote(&mut self, seen: &Seen<'_>, store: StoreId, write: &Write, ruling: &mut Ruling) {
        let of = (store, write.topic);
        let by_client = write.author.filter(|node| self.clients.contains_key(node));
        if let Some(author) = by_client
            && let Some(change) = write.changes.iter().find(|one| self.is_barred(of, one.field))
        {
            let (field, at) = (change.field, write.position);
            let message = format!("{author} changed {field} at {at}, which is not its to");
            ruling.violated(seen.node, message);
        }
        match self.gate.and_then(|gate| gate.after(&write.changes)) {
            Some(Some(value)) => _ = self.gates.insert(of, value),
            Some(None) => _ = self.gates.remove(&of),
            None => {}
        }
    }
}

impl Invariant for ProtectedFields {
    fn name(&self) -> &'static str {
        "protected-fields"
    }
    fn statement(&self) -> &'static str {
        "A commit caused by a client's operation changes only fields that clients may edit then."
    }
    fn interest(&self) -> Interest {
        Interest::DIALLED.and(Interest::STORED_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Dialled { .. } => _ = self.clients.insert(seen.node, ()),
            Observation::Stored { store, outcome, write, .. } => match outcome {
                StoreOutcome::Lost | StoreOutcome::Restored | StoreOutcome::Emptied => {
                    self.gates.retain(|(of, _), _| of != store);
                }
                _ => {
                    if let Some(write) = write {
                        self.wrote(seen, *store, write, ruling);
                    }
                }
            },
            _ => {}
        }
    }
}
