//! Taking in events, in their order.

use std::sync::Arc;

use smallvec::SmallVec;
use wavetank::history::{Position, Size};
use wavetank::id::Field;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Client;
use crate::document;
use crate::policy::{Gap, Scope};
use crate::protocol::DocSync;
use crate::store::Event;

impl Client {
    pub(super) fn is_news(&self, position: Position) -> bool {
        self.cursor.is_none_or(|cursor| (self.steps.is_news)(position, cursor))
    }

    /// Whether an event was taken in before, as far as the client can tell.
    pub(super) fn is_known(&mut self, event: &Event) -> bool {
        match self.config.policy.client.dedup.scope {
            Scope::CursorAndLru => !self.is_news(event.position),
            Scope::LruOnly => self.words.knows_event(event.op),
        }
    }

    fn is_next(&self, position: Position) -> bool {
        self.cursor.is_some_and(|cursor| position == cursor.next())
    }

    /// An event of the server is looked at.
    pub(super) fn event(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if event.author != self.me && !self.pending.is_empty() {
            out.mark("event-over-pending");
        }
        let window = self.config.policy.client.apply.edit_window;
        let editing = self.edited.is_some_and(|at| now.mono.since(at) < window);
        if editing && event.author != self.me {
            self.cursor = self.cursor.max(Some(event.position));
            return;
        }
        if !(self.steps.waits_for_turn)() {
            self.apply(now, event, out);
            return;
        }
        if self.is_known(event) {
            if (self.steps.applies_old)() {
                self.apply(now, event, out);
            }
            return;
        }
        if self.is_next(event.position) || !self.is_news(event.position) {
            self.apply(now, event, out);
            self.share(event, out);
            self.drain_ahead(now, out);
            return;
        }
        out.mark("event-ahead");
        match self.config.policy.client.apply.gap {
            Gap::Skip => self.apply(now, event, out),
            Gap::StopAndRepair => self.keep_ahead(now, event, out),
        }
    }

    fn keep_ahead(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if self.ahead.len() < *self.reorder_limit {
            let place = event.position;
            let held = self.ahead.range((place, 0)..=(place, u32::MAX)).count() as u32;
            self.ahead.insert((place, (self.steps.copy)(held)), Arc::clone(event));
        }
        if self.ahead.len() > self.ahead_max {
            self.ahead_max = self.ahead.len();
            let len = self.ahead_max as u32;
            out.holds("reorder-buffer", Size { len, ..Size::default() });
        }
        self.arm_gap(now, out);
    }

    /// Applies what waited, as far as it is in turn now.
    pub(super) fn drain_ahead(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        while let Some((place, event)) = self.ahead.pop_first() {
            let (position, _) = place;
            if self.is_next(position) {
                self.apply(now, &event, out);
            } else if self.is_news(position) || (self.steps.old_blocks)() {
                self.ahead.insert(place, event);
                self.arm_gap(now, out);
                return;
            } else if !self.is_known(&event) {
                self.apply(now, &event, out);
            }
        }
    }

    /// Applies one event and shows what it changed.
    pub(super) fn apply(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if self.config.policy.client.dedup.scope == Scope::LruOnly {
            self.words.remember_event(event.op);
        }
        if !self.sets_to_work(now, event, out) {
            self.cursor = Some(event.position);
            self.write(now, event, out);
        }
    }

    /// Writes what an event says.
    pub(super) fn write(&mut self, now: Now, event: &Event, out: &mut Outbox<DocSync>) {
        let changes = (self.steps.patch)(&event.changes);
        if let Some(captured) = &self.captured {
            self.confirmed.clone_from(captured);
        }
        document::apply(&mut self.confirmed, &changes);
        self.meets_undo(event);
        let mut changed: SmallVec<[Field; 4]> = changes.iter().map(|change| change.field).collect();
        if event.author == self.me {
            changed.extend(self.confirm(event.op, out));
        }
        if !(self.steps.event_keeps_pending)() {
            self.publish_confirmed(out);
        } else if self.captured.is_some() {
            self.publish_whole(out);
        } else if (self.steps.draws)(event.author == self.me)
            && (self.steps.draws_after)(now.mono.since(self.drawn))
        {
            self.drawn = now.mono;
            self.publish(&changed, out);
        }
    }
}
