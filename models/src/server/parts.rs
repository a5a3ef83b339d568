//! Large messages go out in parts, a few at a time, so that what matters more can pass between.

use std::collections::VecDeque;

use wavetank::id::{ConnId, Topic};
use wavetank::protocol::{Conns, Outbox};

use super::Server;
use crate::message::{Message, Part};
use crate::protocol::DocSync;

/// How many parts may be on their way.
const WINDOW: usize = 4;

/// Parts that wait, by connection, and the events that come after them.
#[derive(Debug, Default)]
pub(super) struct Parts {
    waiting: Conns<VecDeque<Message>>,
    /// How many messages were cut.
    cut: u64,
}

impl Parts {
    /// What waits on a connection, if anything does.
    pub(super) fn on(&mut self, conn: ConnId) -> Option<&mut VecDeque<Message>> {
        self.waiting.get_mut(conn)
    }
}

impl Server {
    /// Sends what may be large.
    pub(super) fn send_large(&mut self, conn: ConnId, message: Message, out: &mut Outbox<DocSync>) {
        let most = match self.config.policy.server.pages.threshold_bytes.0 {
            0 => u32::MAX,
            most => self.config.page_bytes.unwrap_or(most),
        };
        if message.size() <= most {
            return match self.parts.on(conn) {
                Some(waiting) => waiting.push_back(message),
                None => out.send(conn, message).whatever(),
            };
        }
        self.parts.cut += 1;
        let mut parts = Part::cut(self.parts.cut, &message, most as usize);
        out.mark("sent-in-parts");
        if let Some(waiting) = self.parts.on(conn) {
            return waiting.extend(parts.into_iter().map(Message::Part));
        }
        for part in parts.drain(..WINDOW.min(parts.len())) {
            out.send(conn, Message::Part(part)).whatever();
        }
        if !parts.is_empty() {
            self.parts.waiting.insert(conn, parts.into_iter().map(Message::Part).collect());
        }
    }

    /// A part has come: there is room for another.
    pub(super) fn send_next_part(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(waiting) = self.parts.waiting.get_mut(conn) else { return };
        if let Some(part) = waiting.pop_front() {
            out.send(conn, part).whatever();
        }
        while let Some(event) = waiting.pop_front_if(|next| !matches!(next, Message::Part(_))) {
            out.send(conn, event).whatever();
        }
        if waiting.is_empty() {
            self.parts.waiting.remove(conn);
        }
    }

    /// Who no longer wants a document need not be told of the events of it that wait.
    pub(super) fn drop_events(&mut self, conn: ConnId, doc: Topic) {
        if let Some(waiting) = self.parts.on(conn) {
            waiting.retain(|next| next.tells_of() != Some(doc));
        }
    }

    pub(super) fn drop_parts(&mut self, conn: ConnId) {
        self.parts.waiting.remove(conn);
    }
}
