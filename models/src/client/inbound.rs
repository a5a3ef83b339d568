//! What comes in, and is looked at: at once, one after the other, and only if it can be read.

use std::sync::Arc;

use wavetank::history::Position;
use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::Client;
use crate::document;
use crate::message::{Message, Since, UNREADABLE};
use crate::protocol::{DocSync, Timer};
use crate::store::Event;

/// How often a page is drawn anew.
const FRAME: Span = Span::millis(16);

impl Client {
    /// An event came from the server.
    pub(super) fn came(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if (self.steps.looks_at_once)() {
            return self.event(now, event, out);
        }
        if self.mailbox.is_none() {
            out.timer(Timer::Look, now.mono + FRAME);
        }
        self.mailbox = Some(Arc::clone(event));
    }

    /// An event came in the form of a later version, which only pages of that version can read.
    pub(super) fn packed(
        &mut self,
        now: Now,
        conn: ConnId,
        event: &Arc<Event>,
        out: &mut Outbox<DocSync>,
    ) {
        if self.versions().newest > 1 {
            self.came(now, event, out);
        } else {
            self.novel(conn, event.position, out);
        }
    }

    pub(super) fn look(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if let Some(event) = self.mailbox.take() {
            self.event(now, &event, out);
        }
    }

    /// Begins to work on an event that takes time, if this one does.
    pub(super) fn sets_to_work(
        &mut self,
        now: Now,
        event: &Arc<Event>,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        let Some(cost) = (self.steps.takes)(event) else { return false };
        self.cursor = Some(event.position);
        self.at_work.insert(event.position.seq, Arc::clone(event));
        out.timer(Timer::Work(event.position.seq), now.mono + cost);
        true
    }

    pub(super) fn work_done(&mut self, now: Now, seq: u64, out: &mut Outbox<DocSync>) {
        if let Some(event) = self.at_work.remove(&seq) {
            self.write(now, &event, out);
        }
    }

    /// An event came of a kind that the client does not know: only the whole document tells what
    /// it came to.
    pub(super) fn novel(&mut self, conn: ConnId, position: Position, out: &mut Outbox<DocSync>) {
        if !self.is_news(position) {
            return;
        }
        if (self.steps.asks_for_novel)() {
            out.mark("novel-event");
            self.record("unknown-message", 0, out);
            let request = Message::SyncRequest { doc: self.doc, since: Since::Nothing };
            out.send(conn, request).whatever();
        } else {
            self.cursor = Some(position);
            self.publish(&[], out);
        }
    }

    /// A frame came that is no message: it is passed over.
    pub(super) fn malformed(&mut self, out: &mut Outbox<DocSync>) {
        out.mark("frame-unreadable");
        self.record("unreadable-frame", UNREADABLE, out);
        if let Some(changes) = (self.steps.reads_anyway)() {
            document::apply(&mut self.confirmed, &changes);
            let fields: Vec<_> = changes.iter().map(|change| change.field).collect();
            self.publish(&fields, out);
        }
    }
}
