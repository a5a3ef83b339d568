//! What is taken back is what was done.

use super::ledger::apply;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Change, Changes, Interest, Observation, Position, Request, StoreOutcome, Value, Write,
};
use crate::id::{Field, NodeId, OpId, Ticket, Topic};

/// A write of a field: its place, by whom, and the request that did it.
type Wrote = (Position, NodeId, Ticket);

/// What an undo writes is what the view showed before one of the person's own edits, in exactly
/// the fields of that edit, and nobody else has written to one of them since.
#[derive(Debug, Default)]
pub struct UndoValidity {
    pages: Table<NodeId, Page>,
    /// Edits that no page has taken yet.
    given: Table<OpId, (NodeId, Changes)>,
    /// Undos, and by whom.
    undos: Table<OpId, NodeId>,
    /// Who wrote to a field, and when.
    writes: Table<(Topic, Field), Vec<Wrote>>,
}

#[derive(Debug, Default)]
struct Page {
    shown: Table<Field, Value>,
    edits: Table<OpId, Edit>,
}

#[derive(Debug)]
struct Edit {
    /// What the view showed before it.
    before: Changes,
    /// Its place in the order, once it is committed.
    place: Option<Position>,
}

/// Whether two lists say the same.
fn same(one: &[Change], other: &[Change]) -> bool {
    one.len() == other.len() && one.iter().all(|change| other.contains(change))
}

impl UndoValidity {
    fn given(&mut self, node: NodeId, op: OpId, request: Request, changes: &Changes) {
        match request {
            Request::Edit => _ = self.given.insert(op, (node, changes.clone())),
            Request::Undo => _ = self.undos.insert(op, node),
            _ => {}
        }
    }

    /// A page has taken an edit: what it shows is what it showed before. One that is held up
    /// takes it later than it was given.
    fn taken(&mut self, op: OpId) {
        let Some((node, changes)) = self.given.remove(&op) else { return };
        let page = self.pages.of(node);
        let was =
            |new: &Change| Change { field: new.field, value: page.shown.get(&new.field).copied() };
        let before = changes.iter().map(was).collect();
        page.edits.insert(op, Edit { before, place: None });
    }

    /// What is wrong with what an undo wrote, if anything is.
    fn mistake(&self, node: NodeId, write: &Write) -> Option<String> {
        let page = self.pages.get(&node)?;
        let at = write.position;
        let mut found = page.edits.values().filter(|edit| same(&edit.before, &write.changes));
        let since = |change: &Change, place: Position| {
            let of = self.writes.get(&(write.topic, change.field)).into_iter().flatten();
            of.filter(move |(when, ..)| *when > place && *when < at).any(|(_, by, _)| *by != node)
        };
        let untouched = |edit: &Edit| {
            let place = edit.place.filter(|place| place.epoch == at.epoch);
            place.is_none_or(|place| !write.changes.iter().any(|change| since(change, place)))
        };
        let mut any = false;
        let fits = found.any(|edit| {
            any = true;
            untouched(edit)
        });
        let what = if any {
            "others had written to since"
        } else {
            "none of its person's edits had found"
        };
        (!fits).then(|| format!("took back to what {what}, at {at} of {}", write.topic))
    }

    fn committed(&mut self, ticket: Ticket, write: &Write, ruling: &mut Ruling) {
        let (Some(op), Some(author)) = (write.op, write.author) else { return };
        if self.undos.get(&op) == Some(&author)
            && let Some(mistake) = self.mistake(author, write)
        {
            ruling.violated(author, format!("{op} {mistake}"));
        }
        let edit = self.pages.get_mut(&author).and_then(|page| page.edits.get_mut(&op));
        if let Some(edit) = edit {
            edit.place = Some(write.position);
            let elsewhere = |change: &Change| !edit.before.iter().any(|b| b.field == change.field);
            if write.changes.iter().any(elsewhere) {
                // An insert was given its field when it was committed.
                edit.before = write.changes.iter().map(|c| Change::removed(c.field)).collect();
            }
        }
        for change in &write.changes {
            let of = self.writes.of((write.topic, change.field));
            of.push((write.position, author, ticket));
        }
    }
}

impl Invariant for UndoValidity {
    fn name(&self) -> &'static str {
        "undo-validity"
    }
    fn statement(&self) -> &'static str {
        "An undo writes exactly what the view showed before one of the person's own edits, in the \
         fields of that edit, if nobody else has written to them since."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN_WORK
            .and(Interest::OP)
            .and(Interest::CONTENT_MAIN)
            .and(Interest::STORED_OTHER)
            .and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Given { op, request, changes } => {
                self.given(seen.node, *op, *request, changes);
            }
            Observation::ShownOp { op, .. } => self.taken(*op),
            Observation::ShownContent(reading) => {
                let page = self.pages.of(seen.node);
                if reading.whole {
                    page.shown.clear();
                }
                apply(&mut page.shown, &reading.changes);
            }
            Observation::Stored { ticket, outcome: StoreOutcome::Executed, write, .. } => {
                if let Some(write) = write.as_deref().filter(|write| !write.changes.is_empty()) {
                    self.committed(*ticket, write, ruling);
                }
            }
            Observation::Stored { ticket, outcome: StoreOutcome::Lost, .. } => {
                for writes in self.writes.values_mut() {
                    writes.retain(|(.., of)| of != ticket);
                }
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.pages.remove(&seen.node);
                self.given.retain(|_, (node, _)| *node != seen.node);
                self.undos.retain(|_, node| *node != seen.node);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.undos.retain(|op, _| *op >= horizon.op);
        self.given.retain(|op, _| *op >= horizon.op);
        for page in self.pages.values_mut() {
            page.edits.retain(|op, _| *op >= horizon.op);
        }
        for writes in self.writes.values_mut() {
            writes.retain(|(.., ticket)| *ticket >= horizon.ticket);
        }
    }
}
