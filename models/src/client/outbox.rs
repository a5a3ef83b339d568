//! Edits on their way to the server.

use wavetank::history::{Change, Changes, OpState, Position, Size};
use wavetank::id::{Field, OpId, Topic};
use wavetank::protocol::Outbox;
use wavetank::time::{Mono, Now, Wall};

use super::steps::Sending;
use super::undo::Before;
use super::{Client, Phase};
use crate::document;
use crate::message::{CONFLICT, Message, TOO_LARGE};
use crate::policy::{AckRetry, OfflineEdits, Overflow, Storage};
use crate::protocol::{DocSync, Op, Timer};
use crate::store::{Commit, Edit, Manner, Seen};

/// An edit that is not known to be in the confirmed content.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Which.
    pub op: OpId,
    /// Its document.
    doc: Topic,
    /// Its number among the edits of this page.
    pub client_seq: u32,
    edit: Edit,
    base: Option<Position>,
    /// What it does to the view.
    pub(super) changes: Changes,
    /// When it was made.
    made: Mono,
    made_wall: Wall,
    /// When it was last sent.
    sent: Option<Mono>,
    /// Whether the client still cares what the server says of it.
    waits: bool,
    /// Whether the server has said that it is done.
    pub(super) acked: bool,
    /// As which event, if it has said that.
    place: Option<Position>,
}

impl Client {
    /// A person makes an edit.
    pub(super) fn edit(&mut self, now: Now, id: OpId, op: &Op, out: &mut Outbox<DocSync>) {
        let changes = op.changes(id);
        let edit = match op {
            Op::Insert => Edit::Insert,
            Op::Paste(_, kib) => Edit::Paste(changes.clone(), kib.saturating_mul(1024)),
            _ => Edit::Write(changes.clone()),
        };
        let before = self.before(&changes);
        let gives_way = self.gives_way(op, &changes);
        if self.submit(now, id, edit, changes.clone(), out) {
            let before = gives_way.and_then(|old| self.supersede(old, out)).unwrap_or(before);
            self.remember(id, changes, before);
        }
    }

    /// The edit that a move stands for from now on: the one just before, if that is a move of the
    /// same, if neither is on its way, and if taking both back is to take the first back.
    fn gives_way(&self, op: &Op, changes: &[Change]) -> Option<OpId> {
        let goes_at_once = self.phase == Phase::Live && self.later.is_none();
        if !op.moves() || goes_at_once || !self.config.policy.client.outbox.coalesce {
            return None;
        }
        let last = self.pending.back().filter(|last| {
            let is_unsent = last.doc == self.doc && last.waits && last.sent.is_none();
            let is_plain = matches!(last.edit, Edit::Write(_));
            let both = (&last.changes[..], changes);
            let is_same = matches!(both, ([old], [new]) if old.field == new.field);
            is_unsent && is_plain && is_same
        })?;
        self.can_follow(last.op).then_some(last.op)
    }

    /// An edit will not be sent, since the one that was made last stands for it. Gives back what was
    /// there before it.
    fn supersede(&mut self, old: OpId, out: &mut Outbox<DocSync>) -> Option<Before> {
        out.mark("edit-superseded");
        out.show_op(old, OpState::Superseded);
        self.pending.retain(|pending| pending.op != old);
        self.publish(&[], out);
        self.forget_last()
    }

    /// Takes an operation that does this to the view, or refuses it visibly.
    pub(super) fn submit(
        &mut self,
        now: Now,
        id: OpId,
        edit: Edit,
        changes: Changes,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        self.edited = Some(now.mono);
        if edit.size() > self.edit_bytes {
            out.mark("edit-oversized");
            out.show_op(id, OpState::Refused);
            return false;
        }
        let live = self.phase == Phase::Live;
        if !live {
            out.mark("edit-while-away");
        }
        if !self.can_edit() {
            out.show_op(id, OpState::Refused);
            return false;
        }
        if document::is_held(&self.confirmed, &changes) {
            out.mark("edit-under-work");
            out.show_op(id, OpState::Refused);
            return false;
        }
        let full = !self.has_room() && !self.make_room(out);
        let policy = &self.config.policy.client.outbox;
        if full && policy.overflow == Overflow::RefuseAndTell {
            out.mark("edit-refused");
            out.show_op(id, OpState::Refused);
            return false;
        }
        let forgotten = full || !live && policy.offline == OfflineEdits::Discard;
        let state = match policy.storage {
            Storage::MemoryWithWarning | Storage::Device => OpState::QueuedVolatile,
            Storage::MemoryClaimingDurable => OpState::QueuedSafe,
        };
        out.show_op(id, state);
        self.client_seq += 1;
        let fields: Vec<Field> = changes.iter().map(|change| change.field).collect();
        self.pending.push_back(Pending {
            op: id,
            doc: self.doc,
            client_seq: self.client_seq,
            edit,
            base: self.cursor,
            changes,
            made: now.mono,
            made_wall: now.wall,
            sent: None,
            waits: !forgotten,
            acked: false,
            place: None,
        });
        if !forgotten {
            self.keep_on_device(out);
        }
        self.send_edit(now, live, out);
        self.publish(&fields, out);
        if !(self.steps.panel_follows)() {
            self.show_panel(Some(&fields), out);
        }
        self.measure(out);
        true
    }

    /// Sends the edit that was just made, if it can be sent.
    fn send_edit(&mut self, now: Now, live: bool, out: &mut Outbox<DocSync>) {
        let last = self.pending.len() - 1;
        if live && self.later.is_none() {
            self.transmit(now, last, out);
            if !(self.steps.flushes_on_sync)() {
                self.flush(now, out);
            }
        } else if !live
            && (self.steps.sends_when_not_live)() == Sending::Gone
            && self.conn.is_some()
        {
            self.transmit(now, last, out);
            self.pending[last].waits = false;
        }
    }

    /// An edit as it is sent.
    fn commit_of(&self, pending: &Pending) -> Commit {
        Commit {
            doc: pending.doc,
            op: pending.op,
            author: self.me,
            instance: self.instance,
            client_seq: pending.client_seq,
            base: pending.base,
            edit: pending.edit.clone(),
            made: pending.made_wall,
            manner: Manner::default(),
        }
    }

    /// The edit that was made last.
    pub(super) fn last_commit(&self) -> Option<Commit> {
        self.pending.back().map(|pending| self.commit_of(pending))
    }

    /// Takes edits of an earlier page in, before those of this one if none of these was sent. They
    /// are drawn once the server has told of them.
    pub(super) fn queue_earlier(&mut self, now: Now, commits: Vec<Commit>) {
        let earlier = commits.into_iter().map(|commit| Pending {
            op: commit.op,
            doc: commit.doc,
            client_seq: 0,
            edit: commit.edit,
            base: commit.base,
            changes: Changes::new(),
            made: now.mono,
            made_wall: commit.made,
            sent: None,
            waits: true,
            acked: false,
            place: None,
        });
        let none_sent = self.client_seq as usize == self.pending.len()
            && self.pending.iter().all(|pending| pending.sent.is_none());
        if none_sent {
            let own = std::mem::take(&mut self.pending);
            self.pending = earlier.chain(own).collect();
            self.client_seq = 0;
        } else {
            self.pending.extend(earlier);
        }
        for pending in self.pending.iter_mut().filter(|pending| pending.sent.is_none()) {
            self.client_seq += 1;
            pending.client_seq = self.client_seq;
        }
    }

    /// Whether the server is still to say what becomes of an edit.
    pub(super) fn waits_for(&self, op: OpId) -> bool {
        self.pending.iter().any(|pending| pending.op == op && pending.waits)
    }

    fn transmit(&mut self, now: Now, index: usize, out: &mut Outbox<DocSync>) {
        let Some(conn) = self.conn else { return };
        let commit = self.commit_of(&self.pending[index]);
        let pending = &mut self.pending[index];
        pending.sent = Some(now.mono);
        let policy = &self.config.policy.client.ack;
        if !policy.required {
            pending.waits = false;
        } else if !self.ack_armed {
            self.ack_armed = true;
            out.timer(Timer::AckTimeout, now.mono + policy.timeout);
        }
        out.send(conn, Message::Op(commit)).whatever();
    }

    /// The server has put an edit off: neither it nor what was made later is on its way. Says
    /// whether the edit waits at all.
    pub(super) fn put_back(&mut self, op: OpId) -> bool {
        let place = self.pending.iter().position(|pending| pending.op == op && pending.waits);
        let later = place.map(|place| self.pending.range_mut(place..));
        later.into_iter().flatten().for_each(|pending| pending.sent = None);
        place.is_some()
    }

    /// Sends what waits and is not on its way.
    pub(super) fn send_rest(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        for index in 0..self.pending.len() {
            if self.pending[index].waits && self.pending[index].sent.is_none() {
                self.transmit(now, index, out);
            }
        }
    }

    /// The edits of the document that is open.
    pub(super) fn of_document(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.pending.iter().filter(|pending| pending.doc == self.doc)
    }

    /// How many they are.
    pub(super) fn pending_here(&self) -> u32 {
        self.of_document().count() as u32
    }

    /// How many edits wait for the server.
    pub(super) fn waiting(&self) -> usize {
        self.pending.iter().filter(|pending| pending.waits).count()
    }

    /// The edit that has waited longest.
    pub(super) fn oldest_edit(&self) -> Option<(OpId, Mono)> {
        let waiting = self.pending.iter().find(|pending| pending.waits)?;
        Some((waiting.op, waiting.made))
    }

    pub(super) fn measure(&mut self, out: &mut Outbox<DocSync>) {
        let len = self.waiting();
        if len > self.outbox_max {
            self.outbox_max = len;
            out.holds("outbox", Size { len: len as u32, ..Size::default() });
        }
    }

    /// Sends all that waits, in the order in which it was made, unless the server wants none now.
    pub(super) fn flush(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.later.is_some() {
            return;
        }
        let expire = self.config.policy.client.outbox.expire;
        let len = self.pending.len();
        for turn in 0..len {
            let index = (self.steps.flush_order)(len, turn);
            if !expire.is_zero() && now.mono.since(self.pending[index].made) > expire {
                self.pending[index].waits = false;
            }
            if self.pending[index].waits {
                let pending = &mut self.pending[index];
                pending.base = (self.steps.replay_base)(pending.base, self.cursor);
                out.mark("edit-resent");
                self.transmit(now, index, out);
                if !(self.steps.keeps_after_flush)() {
                    self.pending[index].waits = false;
                }
            }
        }
    }

    /// The server says that an edit is done.
    pub(super) fn acked(
        &mut self,
        _now: Now,
        op: OpId,
        position: Option<Position>,
        out: &mut Outbox<DocSync>,
    ) {
        let mut covered = position.is_some_and(|position| self.cursor >= Some(position));
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.op == op) {
            // No event of a document that is not open will come.
            covered |= pending.doc != self.doc;
            pending.waits = false;
            pending.acked = true;
            pending.place = position;
            out.show_op(op, OpState::Saved);
        }
        if covered {
            let fields = self.take(op);
            self.publish(&fields, out);
        }
        self.answered(out);
    }

    /// One answer less is awaited.
    fn answered(&mut self, out: &mut Outbox<DocSync>) {
        if self.waiting() == 0 {
            self.ack_armed = false;
            out.cancel(Timer::AckTimeout);
        }
    }

    /// The server says that an edit will not be done: it is taken out of the view.
    pub(super) fn rejected(&mut self, op: OpId, code: u16, out: &mut Outbox<DocSync>) {
        if !self.pending.iter().any(|pending| pending.op == op) {
            return;
        }
        match code {
            CONFLICT if (self.steps.tells_conflict)() => out.show_op(op, OpState::Conflict),
            CONFLICT => {}
            _ => out.show_op(op, OpState::Rejected),
        }
        let fields = self.take(op);
        self.forget_undo(op, &fields);
        if (self.steps.rolls_back)() {
            self.publish(&fields, out);
        }
        self.answered(out);
    }

    /// The server ends connections on which too large a message comes: what it must have meant is
    /// not sent again.
    pub(super) fn gives_up_largest(&mut self, out: &mut Outbox<DocSync>) {
        let sent = self.pending.iter().filter(|pending| pending.waits && pending.sent.is_some());
        if let Some(largest) = sent.max_by_key(|pending| pending.edit.size()) {
            self.rejected(largest.op, TOO_LARGE, out);
        }
    }

    /// An event of an edit of this client came: the edit is in the confirmed content. Gives
    /// back the fields that it lay on.
    pub(super) fn confirm(&mut self, op: OpId, out: &mut Outbox<DocSync>) -> Vec<Field> {
        let known = self.pending.iter().find(|pending| pending.op == op);
        if known.is_some_and(|pending| pending.waits) {
            out.show_op(op, OpState::Saved);
        }
        self.take(op)
    }

    /// A snapshot holds these edits of this page. One that was acked and is not among them was
    /// undone by a server that went back to an older state.
    pub(super) fn confirm_seen(&mut self, seen: &Seen, out: &mut Outbox<DocSync>) {
        self.pending.retain(|pending| {
            if pending.doc != self.doc {
                return true;
            }
            let done = seen.has(pending.client_seq);
            if done && pending.waits {
                out.show_op(pending.op, OpState::Saved);
            } else if !done && pending.acked {
                out.show_op(pending.op, OpState::Dropped);
            }
            !done && !pending.acked
        });
    }

    /// The content of another tab, complete up to a position, holds some of these edits: those of
    /// which the server has said that they come before, and elements that are there already, whose
    /// values nobody else writes.
    pub(super) fn confirm_held(&mut self, at: Position, out: &mut Outbox<DocSync>) {
        let (doc, confirmed) = (self.doc, &self.confirmed);
        self.pending.retain(|pending| {
            let told = pending.place.is_some_and(|place| place <= at);
            let is_there = || confirmed.values().any(|value| *value == document::value(pending.op));
            let held = told || pending.edit == Edit::Insert && is_there();
            if pending.doc == doc && held && pending.waits {
                out.show_op(pending.op, OpState::Saved);
            }
            pending.doc != doc || !held
        });
    }

    pub(super) fn take(&mut self, op: OpId) -> Vec<Field> {
        let index = self.pending.iter().position(|pending| pending.op == op);
        let taken = index.and_then(|index| self.pending.remove(index));
        let taken = taken.filter(|pending| pending.doc == self.doc);
        taken.map_or(Vec::new(), |pending| {
            pending.changes.iter().map(|change| change.field).collect()
        })
    }

    /// An ack is late: either only that one, or the connection is not what it seems.
    pub(super) fn ack_timed_out(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.ack_armed = false;
        let policy = &self.config.policy.client.ack;
        let sent = self.pending.iter().filter(|pending| pending.waits);
        let Some(oldest) = sent.filter_map(|pending| pending.sent).min() else { return };
        // Where nothing may be sent again before the server wants it, that is looked at then.
        let later = self.later.filter(|_| policy.retry == AckRetry::Resend);
        let due = oldest.max(later.unwrap_or_default()) + policy.timeout;
        if now.mono < due {
            self.ack_armed = true;
            out.timer(Timer::AckTimeout, due);
            return;
        }
        match policy.retry {
            AckRetry::TimeoutAndReconnect => self.attempt_failed(now, 1006, out),
            AckRetry::Resend if self.phase == Phase::Live => self.flush(now, out),
            AckRetry::Resend | AckRetry::Never => {}
        }
    }
}
