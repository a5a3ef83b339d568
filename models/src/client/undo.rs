//! Taking one's own last edit back, where nobody else has touched what it wrote.

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

/// An edit that can be taken back.
#[derive(Clone, Debug)]
pub struct Undoable {
    op: OpId,
    /// What it wrote, as far as that is known.
    wrote: Changes,
    /// What the view showed before it.
    before: Changes,
    /// The whole document as it was shown before it, where that is what comes back.
    whole: Option<Content>,
    /// Whether somebody else has changed one of its fields since.
    stale: bool,
}

/// What was shown before an edit.
pub(super) struct Before {
    fields: Changes,
    whole: Option<Content>,
}

impl Undoable {
    fn shares(&self, field: Field) -> bool {
        self.wrote.iter().any(|change| change.field == field)
    }
    /// An insert is not known by its number before it is done.
    fn is_unnumbered(&self) -> bool {
        self.shares(crate::document::unnumbered(self.op))
    }
}

impl Client {
    /// What the view shows before an edit of these fields is made.
    pub(super) fn before(&self, wrote: &Changes) -> Before {
        let fields = wrote.iter().map(|change| self.seen(change.field)).collect();
        let whole = self.config.policy.client.undo.scope == UndoScope::WholeDocument;
        Before { fields, whole: whole.then(|| self.view()) }
    }

    /// Keeps what it takes to undo an edit that was just made.
    pub(super) fn remember(&mut self, op: OpId, wrote: Changes, before: Before) {
        if self.undoable.len() == MOST {
            self.undoable.pop_front();
        }
        let Before { fields, whole } = before;
        self.undoable.push_back(Undoable { op, wrote, before: fields, whole, stale: false });
    }

    /// The person takes her last edit back.
    pub(super) fn undo(&mut self, now: Now, id: OpId, out: &mut Outbox<DocSync>) {
        let Some(last) = self.undoable.pop_back() else {
            return self.refuse_undo(id, out);
        };
        if let Some(whole) = &last.whole {
            let restored = self.restored(whole);
            _ = self.submit(now, id, Edit::Write(restored.clone()), restored, out);
            return;
        }
        if last.stale {
            return self.refuse_undo(id, out);
        }
        if last.is_unnumbered() {
            self.undoable.push_back(last);
            out.show_op(id, OpState::Refused);
            return;
        }
        let Undoable { op, wrote, before, .. } = last.clone();
        let kept = |change: &Change| (self.steps.undo_value)(*change, self.seen(change.field));
        let before: Changes = before.iter().map(kept).collect();
        let restore = Restore { of: op, wrote, before: before.clone() };
        if self.submit(now, id, Edit::Restore(Box::new(restore)), before, out) {
            out.mark("edit-undone");
        } else {
            self.undoable.push_back(last);
        }
    }

    fn refuse_undo(&self, id: OpId, out: &mut Outbox<DocSync>) {
        out.mark("undo-refused");
        out.show_op(id, OpState::Refused);
    }

    /// What it takes to have all elements as they were.
    fn restored(&self, whole: &Content) -> Changes {
        let now = self.view();
        let gone = now.keys().filter(|field| !whole.contains_key(field)).copied();
        let were = whole.iter().map(|(field, value)| Change::set(*field, *value));
        let all = gone.map(Change::removed).chain(were);
        all.filter(|change| !document::is_stage(change.field)).collect()
    }

    /// An event was applied: an edit of one's own is known by now in all its fields, and one
    /// that somebody else has written over cannot be taken back any more.
    pub(super) fn meets_undo(&mut self, event: &Event) {
        if event.instance == self.instance {
            let own = self.undoable.iter_mut().find(|edit| edit.op == event.op);
            if let Some(edit) = own.filter(|edit| edit.is_unnumbered()) {
                let removed = |change: &Change| Change::removed(change.field);
                edit.before = event.changes.iter().map(removed).collect();
                edit.wrote = event.changes.clone();
            }
            return;
        }
        for edit in &mut self.undoable {
            edit.stale |= event.changes.iter().any(|change| edit.shares(change.field));
        }
    }

    /// An operation will not be done: it cannot be taken back, nor can what lay on top of it.
    pub(super) fn forget_undo(&mut self, op: OpId, fields: &[Field]) {
        self.undoable.retain(|edit| edit.op != op);
        for edit in &mut self.undoable {
            edit.stale |= fields.iter().any(|field| edit.shares(*field));
        }
    }
}
