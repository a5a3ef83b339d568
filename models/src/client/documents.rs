//! Going from one document to another.

use wavetank::id::Topic;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Client, Cue, Phase};
use crate::message::Message;
use crate::protocol::{DocSync, Timer};

impl Client {
    /// The page goes to another document, or to the same once more. Nothing of the old one is kept
    /// but the edits that are not known to be saved: they stay on their way.
    pub(super) fn open(&mut self, now: Now, doc: Topic, out: &mut Outbox<DocSync>) {
        self.forget_progress(out);
        let old = std::mem::replace(&mut self.doc, doc);
        self.cursor = None;
        self.head = None;
        self.confirmed.clear();
        self.captured = None;
        self.ahead.clear();
        self.at_work.clear();
        self.mailbox = None;
        self.drop_work();
        self.pointers.clear();
        self.panel = None;
        self.pending.retain(|pending| !pending.acked);
        self.past.clear();
        self.last_synced = None;
        out.cancel(Timer::Gap);
        self.gap_armed = false;
        let asked = matches!(self.phase, Phase::Live | Phase::Syncing);
        if let Some(conn) = self.conn.filter(|_| asked) {
            if (self.steps.releases)() {
                out.send(conn, Message::Unsubscribe { doc: old }).whatever();
            }
            self.phase = Phase::Syncing;
            self.cued(now, Cue::Opened, conn, out);
        }
        if self.mounted {
            self.is_here(now, true, out);
            self.turns_to_tabs(now, out);
        }
    }

    /// Whether a message is about the document that is open, or about none.
    pub(super) fn is_mine(&self, message: &Message) -> bool {
        let is_open = |doc: &Topic| *doc == self.doc;
        match message {
            Message::Welcome { doc, .. }
            | Message::Snapshot { doc, .. }
            | Message::Delta { doc, .. } => is_open(doc) || !(self.steps.matches_answer)(),
            Message::Event(event) | Message::Packed(event) | Message::Authored(event, _) => {
                is_open(&event.doc) || !(self.steps.checks_document)()
            }
            Message::Novel { doc, .. }
            | Message::Bare(doc, _)
            | Message::Progress { doc, .. }
            | Message::Later { doc, op: None, .. } => is_open(doc),
            Message::Ping { doc, .. } => doc.as_ref().is_none_or(is_open),
            _ => true,
        }
    }
}
