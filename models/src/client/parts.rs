//! Parts of large messages, until there are all of one.

use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Client, Phase};
use crate::message::{Message, Part, UNREADABLE};
use crate::protocol::{DocSync, Timer};

/// The parts of the message that is on its way.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Which message, and how many of its parts have come.
    of: Option<(u64, u32)>,
    text: String,
}

impl Client {
    /// A part of a message came.
    pub(super) fn part(&mut self, now: Now, conn: ConnId, part: &Part, out: &mut Outbox<DocSync>) {
        out.send(conn, Message::Got).whatever();
        let timeout = self.config.policy.client.sync.timeout;
        if self.phase == Phase::Syncing && !timeout.is_zero() {
            out.timer(Timer::SyncTimeout, now.mono + timeout);
        }
        if !(self.steps.reassembles)() {
            return self.read(now, conn, &part.text, out);
        }
        let assembly = &mut self.assembly;
        let follows = assembly.of == Some((part.of, part.index));
        if !follows && part.index == 0 && (self.steps.begins_anew)() {
            assembly.text.clear();
        }
        assembly.of = Some((part.of, part.index + 1));
        assembly.text.push_str(&part.text);
        if part.index + 1 == part.count {
            let text = std::mem::take(&mut self.assembly).text;
            self.read(now, conn, &text, out);
        }
    }

    fn read(&mut self, now: Now, conn: ConnId, text: &str, out: &mut Outbox<DocSync>) {
        match serde_json::from_str::<Message>(text) {
            Ok(Message::Part(_)) | Err(_) => self.record("unreadable-frame", UNREADABLE, out),
            Ok(message) => self.message(now, conn, &message, out),
        }
    }

    /// A new connection has nothing to do with the parts that came on another.
    pub(super) fn drop_parts(&mut self) {
        if (self.steps.begins_anew)() {
            self.assembly = Assembly::default();
        }
    }
}
