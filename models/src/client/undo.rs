//! Taking one's own last edit back, and having it again, where nobody else has touched what it
//! wrote.

use std::collections::VecDeque;

use wavetank::history::{Change, Changes, OpState};
use wavetank::id::{Field, OpId};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Client;
use crate::document::{self, Content};
use crate::policy::UndoScope;
use crate::protocol::DocSync;
use crate::store::{Edit, Event, Restore};

/// The most edits that can be taken back; of older ones nothing is kept.
const MOST: usize = 100;

/// Which way a person goes through her edits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// She takes the last one back.
    Undo,
    /// She wants the last one again that she took back.
    Redo,
}

impl Way {
    const fn other(self) -> Self {
        match self {
            Self::Undo => Self::Redo,
            Self::Redo => Self::Undo,
        }
    }
    const fn done(self) -> &'static str {
        match self {
            Self::Undo => "edit-undone",
            Self::Redo => "edit-redone",
        }
    }
    const fn refused(self) -> &'static str {
        match self {
            Self::Undo => "undo-refused",
            Self::Redo => "redo-refused",
        }
    }
}

/// What of a person's own can be taken back. To have an edit again is to take its undo back.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Edits, whether made or redone, oldest first.
    edits: VecDeque<Undoable>,
    /// Undos, oldest first. A new edit ends them.
    undos: VecDeque<Undoable>,
}

/// An operation that can be taken back.
#[derive(Clone, Debug)]
struct Undoable {
    op: OpId,
    /// What it wrote, as far as that is known.
    wrote: Changes,
    /// What the view showed before it.
    before: Before,
    /// Whether somebody else has changed one of its fields since.
    stale: bool,
}

/// What was shown before an operation.
#[derive(Clone, Debug)]
pub(super) struct Before {
    /// In the fields that it wrote.
    fields: Changes,
    /// In the whole document, where that is what comes back.
    whole: Option<Content>,
}

impl Undoable {
    fn shares(&self, field: Field) -> bool {
        self.wrote.iter().any(|change| change.field == field)
    }
    /// An insert is not known by its number before it is done.
    fn is_unnumbered(&self) -> bool {
        self.shares(document::unnumbered(self.op))
    }
}

impl Past {
    /// What the next step this way takes back is the last of these.
    const fn of(&mut self, way: Way) -> &mut VecDeque<Undoable> {
        match way {
            Way::Undo => &mut self.edits,
            Way::Redo => &mut self.undos,
        }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Undoable> {
        self.edits.iter_mut().chain(&mut self.undos)
    }

    /// An operation was taken that a step this way takes back.
    fn keep(&mut self, way: Way, op: OpId, wrote: Changes, before: Before) {
        let of = self.of(way);
        if of.len() == MOST {
            of.pop_front();
        }
        of.push_back(Undoable { op, wrote, before, stale: false });
    }

    /// Nothing can be taken back any more.
    pub(super) fn clear(&mut self) {
        self.edits.clear();
        self.undos.clear();
    }
}

impl Client {
    /// What the view shows before these fields are written.
    pub(super) fn before(&self, wrote: &Changes) -> Before {
        let fields = wrote.iter().map(|change| self.seen(change.field)).collect();
        let whole = self.config.policy.client.undo.scope == UndoScope::WholeDocument;
        Before { fields, whole: whole.then(|| self.view()) }
    }

    /// Keeps what it takes to undo an edit that was just made.
    pub(super) fn remember(&mut self, op: OpId, wrote: Changes, before: Before) {
        self.past.undos.clear();
        self.past.keep(Way::Undo, op, wrote, before);
    }

    /// Whether an edit is the last that can be taken back, and nobody else has written over it.
    pub(super) fn can_follow(&self, op: OpId) -> bool {
        self.past.edits.back().is_some_and(|last| last.op == op && !last.stale)
    }

    /// The last edit cannot be taken back by itself any more. Gives back what was there before it.
    pub(super) fn forget_last(&mut self) -> Option<Before> {
        self.past.edits.pop_back().map(|last| last.before)
    }

    /// The person goes one step back or forth.
    pub(super) fn step(&mut self, now: Now, id: OpId, way: Way, out: &mut Outbox<DocSync>) {
        let last = self.past.of(way).pop_back();
        let scoped = |last: &Undoable| last.before.whole.is_none();
        let Some(last) = last.filter(|last| !(last.stale && scoped(last))) else {
            out.mark(way.refused());
            out.show_op(id, OpState::Refused);
            return;
        };
        if last.is_unnumbered() && scoped(&last) {
            self.past.of(way).push_back(last);
            out.show_op(id, OpState::Refused);
            return;
        }
        let (edit, wrote) = self.inverse(&last);
        let before = self.before(&wrote);
        if self.submit(now, id, edit, wrote.clone(), out) {
            out.mark(way.done());
            self.past.keep(way.other(), id, wrote, before);
        } else {
            self.past.of(way).push_back(last);
        }
    }

    /// What takes an operation back, and what that does to the view.
    fn inverse(&self, last: &Undoable) -> (Edit, Changes) {
        let Undoable { op, wrote, before, .. } = last;
        if let Some(whole) = &before.whole {
            let restored = self.restored(whole);
            return (Edit::Write(restored.clone()), restored);
        }
        let kept = |change: &Change| (self.steps.undo_value)(*change, self.seen(change.field));
        let before: Changes = before.fields.iter().map(kept).collect();
        let restore = Restore { of: *op, wrote: wrote.clone(), before: before.clone() };
        (Edit::Restore(Box::new(restore)), before)
    }

    /// What it takes to have all elements as they were.
    fn restored(&self, whole: &Content) -> Changes {
        let now = self.view();
        let gone = now.keys().filter(|field| !whole.contains_key(field)).copied();
        let were = whole.iter().map(|(field, value)| Change::set(*field, *value));
        let all = gone.map(Change::removed).chain(were);
        all.filter(|change| !document::is_of_pipeline(change.field)).collect()
    }

    /// An event was applied: an edit of one's own is known by now in all its fields, and one
    /// that somebody else has written over cannot be taken back any more.
    pub(super) fn meets_undo(&mut self, event: &Event) {
        if event.instance == self.instance {
            let own = self.past.edits.iter_mut().find(|edit| edit.op == event.op);
            if let Some(edit) = own.filter(|edit| edit.is_unnumbered()) {
                let removed = |change: &Change| Change::removed(change.field);
                edit.before.fields = event.changes.iter().map(removed).collect();
                edit.wrote = event.changes.clone();
            }
            return;
        }
        for edit in self.past.all() {
            edit.stale |= event.changes.iter().any(|change| edit.shares(change.field));
        }
    }

    /// An operation will not be done: it cannot be taken back, nor can what lay on top of it.
    pub(super) fn forget_undo(&mut self, op: OpId, fields: &[Field]) {
        for way in [Way::Undo, Way::Redo] {
            self.past.of(way).retain(|edit| edit.op != op);
        }
        for edit in self.past.all() {
            edit.stale |= fields.iter().any(|field| edit.shares(*field));
        }
    }
}
