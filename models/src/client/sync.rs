//! Catching up with the server on a new connection, and repairing gaps on a live one.

use std::sync::Arc;

use wavetank::history::{Change, Position};
use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Client, Cue, Phase};
use crate::message::{Message, Since};
use crate::policy::{Cursor, OnOpen};
use crate::protocol::{DocSync, Timer};
use crate::store::{Event, Seen};
use crate::{document, policy};

impl Client {
    /// Something that may lead to the first question on a connection.
    pub(super) fn cued(&mut self, now: Now, cue: Cue, conn: ConnId, out: &mut Outbox<DocSync>) {
        if self.phase == Phase::Syncing && (self.steps.asks_on)(cue) {
            self.subscribe(now, conn, out);
        }
    }

    fn subscribe(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        self.cursor = (self.steps.kept_cursor)(self.cursor);
        let since = self.since();
        let question = if (self.steps.names_document)(self.cursor.is_some()) {
            Message::Subscribe { doc: self.doc, instance: self.instance, since }
        } else {
            Message::SyncRequest { doc: self.doc, since }
        };
        out.send(conn, question).whatever();
        let timeout = self.config.policy.client.sync.timeout;
        if !timeout.is_zero() {
            out.timer(Timer::SyncTimeout, now.mono + timeout);
        }
    }

    /// What the client says that it has.
    fn since(&self) -> Since {
        let policy = &self.config.policy.client.sync;
        match (self.cursor, policy.on_open, policy.cursor) {
            (None, ..) | (_, OnOpen::Snapshot, _) => Since::Nothing,
            (_, OnOpen::AdoptHead, _) => Since::Whatever,
            (_, OnOpen::Resume, Cursor::WallClock) => Since::Time(self.heard_wall),
            (applied, OnOpen::Resume, Cursor::Applied) => {
                let received = self.ahead.last_key_value().map(|((position, _), _)| *position);
                (self.steps.since)(applied, received)
            }
        }
    }

    pub(super) fn sync_timed_out(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.phase == Phase::Syncing {
            self.attempt_failed(now, 1006, out);
        }
    }

    /// The whole document came.
    pub(super) fn snapshot(
        &mut self,
        now: Now,
        at: Position,
        seen: &Seen,
        content: &[Change],
        out: &mut Outbox<DocSync>,
    ) {
        let before = self.cursor;
        if (self.steps.takes_snapshot)(at, self.cursor) {
            if (self.steps.snapshot_replaces)() {
                self.confirmed.clear();
            }
            document::apply(&mut self.confirmed, content);
            self.cursor = Some(at);
            self.ahead.retain(|(position, _), _| *position > at);
            if !(self.steps.snapshot_keeps_pending)() {
                self.pending.clear();
            }
            self.confirm_seen(seen, out);
            // Nobody knows who wrote what is new in it.
            self.past.clear();
            self.publish_whole(out);
        }
        self.in_step(now, before, out);
    }

    /// What was missed came.
    pub(super) fn delta(
        &mut self,
        now: Now,
        to: Position,
        events: &[Arc<Event>],
        out: &mut Outbox<DocSync>,
    ) {
        if self.cursor.is_none() {
            // It answers what was asked before the document was opened anew, and goes on from
            // content that is gone.
            return;
        }
        let before = self.cursor;
        for event in events {
            if !self.is_known(event) {
                self.apply(now, event, out);
            }
        }
        if self.is_news(to) {
            self.cursor = Some(to);
            self.publish(&[], out);
        }
        self.in_step(now, before, out);
    }

    /// The answer to a subscription, or to a repair, was taken in.
    fn in_step(&mut self, now: Now, before: Option<Position>, out: &mut Outbox<DocSync>) {
        if self.phase == Phase::Live && self.cursor == before {
            // A copy of an earlier answer: what is missing still is.
            return;
        }
        out.cancel(Timer::Gap);
        self.gap_armed = false;
        self.drain_ahead(now, out);
        if self.phase != Phase::Syncing {
            return;
        }
        self.phase = Phase::Live;
        self.tells_tabs(out);
        if (self.steps.clears_notice)() {
            self.withdraw_notice(out);
            self.withdraw_error(out);
        }
        self.captured = (self.steps.captures)(&self.confirmed);
        out.cancel(Timer::SyncTimeout);
        if !std::mem::replace(&mut self.was_live, true) {
            out.timer(Timer::Stable, now.mono + self.reconnect.stable);
        }
        if (self.steps.flushes_on_sync)() {
            self.flush(now, out);
        }
        self.flush_pointers(out);
    }

    /// A frame that told a place in the order was taken in. If nothing is missing, this is when
    /// the content last was known to be the server's.
    pub(super) fn told(&mut self, now: Now, position: Position) {
        self.head = self.head.max(Some(position));
        if (self.steps.is_synced)(self.cursor.is_some() && self.cursor >= self.head) {
            self.last_synced = Some(now.mono);
        }
    }

    /// The server has told the position of its last event.
    pub(super) fn told_head(
        &mut self,
        now: Now,
        head: Option<Position>,
        out: &mut Outbox<DocSync>,
    ) {
        if head > self.head {
            self.head = head;
        }
        let policy = &self.config.policy.client;
        let waits = self.waits();
        if policy.heartbeat.compare_head && !waits && head.is_some_and(|head| self.is_news(head)) {
            self.arm_gap(now, out);
        }
    }

    /// Something is missing: asks for it if it does not come by itself.
    pub(super) fn arm_gap(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let timer = self.config.policy.client.apply.gap_timer;
        if !self.gap_armed && !timer.is_zero() && self.phase == Phase::Live {
            self.gap_armed = true;
            out.timer(Timer::Gap, now.mono + timer);
        }
    }

    pub(super) fn repair_gap(&mut self, out: &mut Outbox<DocSync>) {
        self.gap_armed = false;
        if self.ahead.is_empty() && self.cursor >= self.head {
            // It has come by itself.
            return;
        }
        let Some(conn) = self.conn.filter(|_| self.phase == Phase::Live) else { return };
        out.mark("gap-repaired");
        let request = Message::SyncRequest { doc: self.doc, since: self.gap_since() };
        out.send(conn, request).whatever();
    }

    fn gap_since(&self) -> Since {
        match self.config.policy.client.sync.cursor {
            policy::Cursor::WallClock => Since::Time(self.heard_wall),
            policy::Cursor::Applied => self.cursor.map_or(Since::Nothing, Since::Position),
        }
    }
}
