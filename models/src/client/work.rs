//! What comes in where taking it in takes time: it is worked on in slices, one after the other,
//! so that pings and the person never wait for long. Who falls behind asks for the whole.

use std::collections::VecDeque;

use wavetank::history::Size;
use wavetank::id::ConnId;
use wavetank::objectives::Objectives;
use wavetank::protocol::Outbox;
use wavetank::time::{Mono, Now, Span};

use super::Client;
use crate::message::{Message, Since};
use crate::policy::Inbound;
use crate::probed::Probed;
use crate::protocol::{DocSync, Timer};

/// How long a page does nothing else.
const SLICE: Span = Span::millis(50);
/// How long what has come may wait before the page gives up on taking it in one by one.
const BEHIND: Span = Span::secs(5);
/// What the messages that wait are called where sizes are told.
const QUEUE: &str = "work-queue";

#[derive(Debug)]
struct Item {
    came: Mono,
    conn: ConnId,
    message: Message,
    /// What is left to do.
    left: Span,
}

/// Messages that wait to be taken in, oldest first.
#[derive(Debug)]
pub(super) struct Work {
    queue: VecDeque<Item>,
    /// Whether a slice is under way.
    busy: bool,
    /// The smaller of the policy's and the objectives' limits; none is no limit.
    limit: Probed<Option<usize>>,
    len_max: usize,
    oldest_max: Span,
}

impl Work {
    pub(super) fn new(objectives: &Objectives, policy: &Probed<Inbound>) -> Self {
        let at_most = |limit: u32| limit.min(objectives.queue_max) as usize;
        let limit = policy.map(|policy| (policy.limit > 0).then(|| at_most(policy.limit)));
        let (len_max, oldest_max) = (0, Span::ZERO);
        Self { queue: VecDeque::new(), busy: false, limit, len_max, oldest_max }
    }
}

/// How many times the cost of an event a message costs; nothing where it is about the connection.
fn weight(message: &Message) -> Option<u64> {
    match message {
        Message::Event(_) | Message::Authored(..) | Message::Packed(_) | Message::Novel { .. } => {
            Some(1)
        }
        Message::Snapshot { .. } => Some(2),
        Message::Delta { events, .. } => Some(events.len() as u64),
        _ => None,
    }
}

impl Client {
    /// Puts a message off that takes time, if it does on this page.
    pub(super) fn puts_off(
        &mut self,
        now: Now,
        conn: ConnId,
        message: &Message,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        let Some(cost) = self.config.work else { return false };
        let waits = matches!(message, Message::Ping { .. }) && (self.steps.ping_waits)();
        let Some(weight) = weight(message).or(waits.then_some(0)) else { return false };
        let left = cost * weight;
        if !(self.steps.slices_work)() {
            out.busy(left);
            return false;
        }
        if matches!(message, Message::Snapshot { .. }) {
            self.work.queue.clear();
        }
        if matches!(message, Message::Snapshot { .. } | Message::Delta { .. }) {
            out.cancel(Timer::SyncTimeout);
        }
        self.head = self.head.max(message.place());
        let item = Item { came: now.mono, conn, message: message.clone(), left };
        self.work.queue.push_back(item);
        if !self.gives_up(now, conn, out) {
            self.measure_work(now, out);
            if !self.work.busy {
                self.slice(now, out);
            }
        }
        true
    }

    /// Asks for the whole in place of what waits, if that is too much.
    fn gives_up(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) -> bool {
        let behind = self.is_behind(now);
        if behind {
            out.mark("work-given-up");
            self.work.queue.clear();
            let request = Message::SyncRequest { doc: self.doc, since: Since::Nothing };
            out.send(conn, request).whatever();
        }
        behind
    }

    /// Whether more waits than can be taken in soon.
    fn is_behind(&self, now: Now) -> bool {
        let Some(limit) = *self.work.limit else { return false };
        let queue = &self.work.queue;
        let oldest = queue.front().map_or(Span::ZERO, |first| now.mono.since(first.came));
        queue.len() >= limit || oldest > BEHIND.percent(80)
    }

    fn measure_work(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let work = &mut self.work;
        let len = work.queue.len();
        let oldest = work.queue.front().map_or(Span::ZERO, |first| now.mono.since(first.came));
        if len > work.len_max || oldest > work.oldest_max + Span::millis(500) {
            work.len_max = work.len_max.max(len);
            work.oldest_max = work.oldest_max.max(oldest);
            out.holds(QUEUE, Size { len: len as u32, oldest, ..Size::default() });
        }
    }

    /// Works on what has waited longest, for a slice; it is taken in once all is done.
    pub(super) fn slice(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.work.busy = false;
        if let Some(conn) = self.conn {
            self.gives_up(now, conn, out);
        }
        let mut spent = Span::ZERO;
        while spent < SLICE
            && let Some(item) = self.work.queue.front_mut()
        {
            let part = item.left.min(SLICE.saturating_sub(spent));
            item.left = item.left.saturating_sub(part);
            spent += part;
            if item.left.is_zero()
                && let Some(item) = self.work.queue.pop_front()
            {
                self.take_in(now, item.conn, &item.message, out);
            }
        }
        if !spent.is_zero() {
            self.work.busy = true;
            out.busy(spent);
            out.timer(Timer::Slice, now.mono + spent);
        }
    }

    /// Whether something has come that is not taken in.
    pub(super) fn waits(&self) -> bool {
        !self.work.queue.is_empty()
    }

    /// The connection is over: what has come on it will come again.
    pub(super) fn drop_work(&mut self) {
        if !self.work.queue.is_empty() && (self.steps.fences_frames)() {
            self.work.queue.clear();
        }
    }

    /// The page goes away, and nothing would tell it of the end of the slice.
    pub(super) fn stop_work(&mut self, out: &mut Outbox<DocSync>) {
        if std::mem::take(&mut self.work.busy) {
            out.cancel(Timer::Slice);
        }
    }
}
