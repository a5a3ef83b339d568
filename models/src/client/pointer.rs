//! Where the person points: told in passing, and the first to give way where too much waits.

use wavetank::history::OpState;
use wavetank::id::OpId;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Client, Phase};
use crate::message::Message;
use crate::policy::{Eviction, OfflineEdits};
use crate::protocol::DocSync;

impl Client {
    /// The person points at something.
    pub(super) fn point(&mut self, now: Now, op: OpId, out: &mut Outbox<DocSync>) {
        if self.phase == Phase::Live {
            self.pointers.push_back((op, now.mono));
            return self.flush_pointers(out);
        }
        let queues = self.config.policy.client.outbox.offline == OfflineEdits::Queue;
        if queues && (self.has_room() || self.make_room(out)) {
            self.pointers.push_back((op, now.mono));
        }
    }

    /// Whether one more may wait.
    pub(super) fn has_room(&self) -> bool {
        self.waiting() + self.pointers.len() < *self.outbox_limit
    }

    /// Lets go of something that waits, if it may.
    pub(super) fn make_room(&mut self, out: &mut Outbox<DocSync>) -> bool {
        let pointed = self.pointers.front().map(|(_, made)| *made);
        if self.config.policy.client.outbox.eviction == Eviction::EphemeralOnly {
            return self.pointers.pop_front().is_some();
        }
        match self.oldest_edit().filter(|(_, made)| pointed.is_none_or(|at| *made < at)) {
            Some((op, _)) => {
                out.show_op(op, OpState::Dropped);
                let fields = self.take(op);
                self.forget_undo(op, &fields);
                self.publish(&fields, out);
            }
            None => drop(self.pointers.pop_front()),
        }
        true
    }

    /// Tells what waited.
    pub(super) fn flush_pointers(&mut self, out: &mut Outbox<DocSync>) {
        let Some(conn) = self.conn else { return };
        for (op, _) in std::mem::take(&mut self.pointers) {
            out.send(conn, Message::Pointer { doc: self.doc, op }).whatever();
        }
    }
}
