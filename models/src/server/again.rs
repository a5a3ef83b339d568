//! What the store has failed to do is asked for again, after a pause that grows while it fails, and
//! one thing at first: a store in trouble is not helped by all its work at once, over and over.

use std::collections::VecDeque;

use wavetank::id::{ConnId, Ticket, Topic};
use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::{Server, Wait};
use crate::protocol::{DocSync, Timer};
use crate::store::{Commit, Request};

/// The pause after the first failure.
const PAUSE: Span = Span::millis(10);
/// How often it may double.
const DOUBLINGS: u32 = 6;

/// What may have to be asked for again.
#[derive(Debug)]
pub(super) enum Errand {
    Load(Topic),
    Check(Topic),
    Commit(Option<ConnId>, Commit),
}

/// What is to be asked for again.
#[derive(Debug, Default)]
pub(super) struct Again {
    waiting: VecDeque<Errand>,
    /// What was asked for to see whether the store works again.
    probe: Option<Ticket>,
    /// Pauses since the store last did anything.
    pauses: u32,
}

impl Again {
    /// Whether something is put off, and what comes later has to follow it.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty() || self.probe.is_some()
    }

    pub(super) fn follow(&mut self, errand: Errand) {
        self.waiting.push_back(errand);
    }
}

impl Server {
    /// The store has failed: what it was asked for waits for a moment.
    pub(super) fn put_off(
        &mut self,
        now: Now,
        ticket: Ticket,
        wait: Wait,
        out: &mut Outbox<DocSync>,
    ) {
        let errand = match wait {
            Wait::Enter(conn, doc) => return self.enter(conn, doc, out),
            Wait::Load(doc) | Wait::Settle(doc, _) => Errand::Load(doc),
            Wait::Check(doc) => Errand::Check(doc),
            Wait::Commit(conn, commit, _)
            | Wait::Flush(conn, commit, _)
            | Wait::Refusal(conn, commit) => Errand::Commit(conn, commit),
        };
        let waits = self.again.waits();
        if self.again.probe.take_if(|probe| *probe == ticket).is_some() {
            self.again.waiting.push_front(errand);
        } else {
            self.again.follow(errand);
            if waits {
                return;
            }
        }
        out.timer(Timer::Again, now.mono + PAUSE * (1 << self.again.pauses.min(DOUBLINGS)));
        self.again.pauses += 1;
    }

    /// The pause is over.
    pub(super) fn probe_store(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if let Some(errand) = self.again.waiting.pop_front() {
            self.again.probe = Some(self.ask(now, errand, out));
        }
    }

    /// The store has done something: it is asked for all that was put off.
    pub(super) fn store_works(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.again.waits() {
            out.cancel(Timer::Again);
        }
        for errand in std::mem::take(&mut self.again).waiting {
            self.ask(now, errand, out);
        }
    }

    /// Asks the store.
    pub(super) fn ask(&mut self, now: Now, errand: Errand, out: &mut Outbox<DocSync>) -> Ticket {
        let (request, wait) = match errand {
            Errand::Load(doc) => {
                let after = self.config.log_after.unwrap_or_default();
                (Request::Load(doc, after), Wait::Load(doc))
            }
            Errand::Check(doc) => (Request::Head(doc), Wait::Check(doc)),
            Errand::Commit(conn, commit) => {
                (Request::Commit(commit.clone()), Wait::Commit(conn, commit, now.mono))
            }
        };
        let ticket = out.store(request);
        self.awaiting.remember(ticket, wait);
        ticket
    }
}
