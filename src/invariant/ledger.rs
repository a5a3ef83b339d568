//! What stores really hold, read off the facts: the reference that contents are compared with.

use std::collections::{BTreeMap, BTreeSet};

use super::Horizon;
use super::table::Table;
use crate::history::{Changes, Observation, StoreOutcome, Value, Write};
use crate::id::{Field, OpId, StoreId, Ticket, Topic};

/// The writes that took effect and were not lost since, in the order of their execution.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// What the writes that were forgotten came to, by topic.
    base: Table<Topic, Table<Field, Value>>,
    writes: Vec<Entry>,
    /// How often each operation took effect in `writes`.
    by_op: Table<OpId, u32>,
    checkpoint: BTreeMap<StoreId, Vec<Entry>>,
    /// Operations that were undone when a store went back to an older state.
    undone: BTreeSet<OpId>,
}

#[derive(Clone, Debug)]
struct Entry {
    store: StoreId,
    ticket: Ticket,
    topic: Topic,
    op: Option<OpId>,
    changes: Changes,
}

impl Ledger {
    /// Takes in an observation; gives back the write if it was one that took effect.
    pub(crate) fn observe<'a>(&mut self, what: &'a Observation) -> Option<&'a Write> {
        let Observation::Stored { store, ticket, outcome, write } = what else { return None };
        match outcome {
            StoreOutcome::Executed => {
                let write = write.as_deref().filter(|write| !write.changes.is_empty())?;
                let Write { topic, op, ref changes, .. } = *write;
                let (store, ticket, changes) = (*store, *ticket, changes.clone());
                let entry = Entry { store, ticket, topic, op, changes };
                self.writes.push(entry);
                if let Some(op) = write.op {
                    *self.by_op.of(op) += 1;
                }
                return Some(write);
            }
            StoreOutcome::Lost => self.writes.retain(|entry| entry.ticket != *ticket),
            StoreOutcome::Remembered => {
                let held = self.writes.iter().filter(|entry| entry.store == *store);
                self.checkpoint.insert(*store, held.cloned().collect());
            }
            StoreOutcome::Restored => {
                let held = self.checkpoint.get(store).cloned().unwrap_or_default();
                self.go_back(*store, held);
            }
            StoreOutcome::Emptied => self.go_back(*store, Vec::new()),
            StoreOutcome::Flushed | StoreOutcome::Failed => return None,
        }
        self.by_op.clear();
        for op in self.writes.iter().filter_map(|entry| entry.op) {
            *self.by_op.of(op) += 1;
        }
        None
    }

    /// A store holds these writes and no others, which may have been gone in between.
    fn go_back(&mut self, store: StoreId, held: Vec<Entry>) {
        let (own, others) = self.writes.drain(..).partition(|entry| entry.store == store);
        let own: Vec<Entry> = own;
        self.writes = others;
        self.undone.extend(own.iter().filter_map(|entry| entry.op));
        for op in held.iter().filter_map(|entry| entry.op) {
            self.undone.remove(&op);
        }
        self.writes.extend(held);
    }

    /// Folds the writes that lie beyond the horizon into one content, and forgets whose they were.
    pub(crate) fn forget(&mut self, horizon: &Horizon) {
        let old = |entry: &Entry| entry.ticket < horizon.ticket;
        let count = self.writes.iter().take_while(|entry| old(entry)).count();
        for entry in self.writes.drain(..count) {
            apply(self.base.of(entry.topic), &entry.changes);
        }
        for entries in self.checkpoint.values_mut() {
            entries.retain(|entry| !old(entry));
        }
        self.by_op.retain(|op, _| *op >= horizon.op);
        self.undone = self.undone.split_off(&horizon.op);
    }

    /// Whether an operation was undone when its store went back to an older state.
    pub(crate) fn was_undone(&self, op: OpId) -> bool {
        self.undone.contains(&op)
    }

    /// How often an operation took effect, losses taken off.
    pub(crate) fn times(&self, op: OpId) -> u32 {
        self.by_op.get(&op).copied().unwrap_or(0)
    }

    /// Whether an operation took effect and was not lost since.
    pub(crate) fn has(&self, op: OpId) -> bool {
        self.times(op) > 0
    }

    /// The content of a topic: the fold of its writes.
    pub(crate) fn content(&self, topic: Topic) -> Table<Field, Value> {
        let mut content = self.base.get(&topic).cloned().unwrap_or_default();
        for entry in self.writes.iter().filter(|entry| entry.topic == topic) {
            apply(&mut content, &entry.changes);
        }
        content
    }
}

/// Writes changes over a content.
pub(crate) fn apply(content: &mut Table<Field, Value>, changes: &[crate::history::Change]) {
    for change in changes {
        match change.value {
            Some(value) => content.insert(change.field, value),
            None => content.remove(&change.field),
        };
    }
}
