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
/// the fields of that edit, and nobody else has written to one of them since. A redo is the same to
/// an undo, and an edit to the undo after it.
#[derive(Debug, Default)]
pub struct UndoValidity {
    pages: Table<NodeId, Page>,
    /// What no page has taken yet.
    given: Table<OpId, (NodeId, Request, Changes)>,
    /// Undos and redos, and by whom.
    steps: Table<OpId, (NodeId, Request)>,
    /// Who wrote to a field, and when.
    writes: Table<(Topic, Field), Vec<Wrote>>,
}

#[derive(Debug, Default)]
struct Page {
    shown: Table<Field, Value>,
    acts: Table<OpId, Act>,
}

/// An edit, an undo or a redo.
#[derive(Debug)]
struct Act {
    request: Request,
    /// What the view showed before it, in the fields that it writes.
    before: Changes,
    /// All that the view showed before it, until it is known which fields those are.
    shown: Option<Table<Field, Value>>,
    /// Its place in the order, once it is committed.
    place: Option<Position>,
}

/// Which fields hold what, of these.
fn in_fields(shown: &Table<Field, Value>, changes: &[Change]) -> Changes {
    let was = |new: &Change| Change { field: new.field, value: shown.get(&new.field).copied() };
    changes.iter().map(was).collect()
}

/// Whether one takes the other back.
const fn reverts(step: Request, act: Request) -> bool {
    match act {
        Request::Undo => matches!(step, Request::Redo),
        _ => matches!(step, Request::Undo),
    }
}

/// Whether two lists say the same.
fn same(one: &[Change], other: &[Change]) -> bool {
    one.len() == other.len() && one.iter().all(|change| other.contains(change))
}

impl UndoValidity {
    fn given(&mut self, node: NodeId, op: OpId, request: Request, changes: &Changes) {
        if matches!(request, Request::Undo | Request::Redo) {
            self.steps.insert(op, (node, request));
        } else if request != Request::Edit {
            return;
        }
        self.given.insert(op, (node, request, changes.clone()));
    }

    /// A page has taken an operation: what it shows is what it showed before. One that is held up
    /// takes it later than it was given.
    fn taken(&mut self, op: OpId) {
        let Some((node, request, changes)) = self.given.remove(&op) else { return };
        let page = self.pages.of(node);
        let before = in_fields(&page.shown, &changes);
        let shown = (request != Request::Edit).then(|| page.shown.clone());
        page.acts.insert(op, Act { request, before, shown, place: None });
    }

    /// What is wrong with what an undo or a redo wrote, if anything is.
    fn mistake(&self, (node, step): (NodeId, Request), write: &Write) -> Option<String> {
        let page = self.pages.get(&node)?;
        let at = write.position;
        let reverted = page.acts.values().filter(|act| reverts(step, act.request));
        let mut found = reverted.filter(|act| same(&act.before, &write.changes));
        let since = |change: &Change, place: Position| {
            let of = self.writes.get(&(write.topic, change.field)).into_iter().flatten();
            of.filter(move |(when, ..)| *when > place && *when < at).any(|(_, by, _)| *by != node)
        };
        let untouched = |act: &Act| {
            let place = act.place.filter(|place| place.epoch == at.epoch);
            place.is_none_or(|place| !write.changes.iter().any(|change| since(change, place)))
        };
        let mut any = false;
        let fits = found.any(|act| {
            any = true;
            untouched(act)
        });
        let what = match step {
            _ if any => "others had written to since",
            Request::Redo => "none of its person's undos had found",
            _ => "none of its person's edits had found",
        };
        (!fits).then(|| format!("took back to what {what}, at {at} of {}", write.topic))
    }

    fn committed(&mut self, ticket: Ticket, write: &Write, ruling: &mut Ruling) {
        let (Some(op), Some(author)) = (write.op, write.author) else { return };
        let step = self.steps.get(&op).copied().filter(|(node, _)| *node == author);
        if let Some(mistake) = step.and_then(|step| self.mistake(step, write)) {
            ruling.violated(author, format!("{op} {mistake}"));
        }
        let act = self.pages.get_mut(&author).and_then(|page| page.acts.get_mut(&op));
        if let Some(act) = act {
            act.place = Some(write.position);
            let elsewhere = |change: &Change| !act.before.iter().any(|b| b.field == change.field);
            if let Some(shown) = act.shown.take() {
                act.before = in_fields(&shown, &write.changes);
            } else if write.changes.iter().any(elsewhere) {
                // An insert was given its field when it was committed.
                act.before = write.changes.iter().map(|c| Change::removed(c.field)).collect();
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
         fields of that edit, if nobody else has written to them since; so does a redo to an undo."
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
                self.given.retain(|_, (node, ..)| *node != seen.node);
                self.steps.retain(|_, (node, _)| *node != seen.node);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.steps.retain(|op, _| *op >= horizon.op);
        self.given.retain(|op, _| *op >= horizon.op);
        for page in self.pages.values_mut() {
            page.acts.retain(|op, _| *op >= horizon.op);
        }
        for writes in self.writes.values_mut() {
            writes.retain(|(.., ticket)| *ticket >= horizon.ticket);
        }
    }
}
