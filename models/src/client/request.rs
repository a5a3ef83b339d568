//! Requests beside the socket: the person asks for fresh content, and a page that has given up on
//! sockets asks now and then.

use wavetank::history::{Channel, OpState};
use wavetank::id::{ConnId, NodeId, OpId, Ticket};
use wavetank::objectives::{Fallback, Objectives};
use wavetank::protocol::{Answer, Event, Outbox};
use wavetank::time::{Mono, Now, Span};

use super::{Client, Phase};
use crate::message::{Hello, Message, Since};
use crate::policy::SocketFallback;
use crate::probed::Probed;
use crate::protocol::{DocSync, Timer};

/// The path of a request for a document as it is.
pub(crate) const PATH: &str = "/document";
/// A request that is not answered within this time has failed.
const TIMEOUT: Span = Span::secs(9);

/// The request that is under way, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Requests {
    conn: Option<ConnId>,
    /// The question for the credential that it is to show.
    asked: Option<Ticket>,
    /// The commands that it is to answer.
    commands: Vec<OpId>,
    /// The pause between requests that nobody asked for; none where there are none.
    pause: Probed<Option<Span>>,
    /// When the next of them may be made.
    next: Mono,
}

impl Requests {
    pub(super) fn new(policy: &Probed<SocketFallback>, demanded: &Objectives) -> Self {
        let pause = policy.map(|policy| {
            let wanted = demanded.fallback == Fallback::Poll && !policy.poll.is_zero();
            wanted.then_some(policy.poll.max(demanded.poll))
        });
        Self { pause, ..Self::default() }
    }

    /// Whether an event is about the request.
    pub(super) fn owns(&self, event: &Event<'_, DocSync>) -> bool {
        self.conn.is_some() && event.conn() == self.conn
    }
}

impl Client {
    /// The person asks for fresh content. A page that follows its server has it.
    pub(super) fn refresh(&mut self, now: Now, id: OpId, out: &mut Outbox<DocSync>) {
        if matches!(self.phase, Phase::Live | Phase::Syncing) {
            return self.answer_command(id, out);
        }
        if !self.online {
            return out.show_op(id, OpState::Failed);
        }
        self.requests.commands.push(id);
        self.request(now, out);
    }

    /// The page has given up on sockets: it asks for the document, if it is time to.
    pub(super) fn falls_back(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let Some(pause) = self.requests.pause.filter(|_| self.is_cut_off()) else { return };
        if now.mono >= self.requests.next {
            self.requests.next = now.mono + pause;
            self.request(now, out);
        }
        out.timer(Timer::Poll, self.requests.next);
    }

    /// Whether sockets have failed so often that the person was told.
    fn is_cut_off(&self) -> bool {
        let tries = matches!(self.phase, Phase::Failed | Phase::Dialling);
        tries && self.online && self.has_given_up()
    }

    fn request(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.is_requesting() {
            return;
        }
        out.timer(Timer::Request, now.mono + TIMEOUT);
        self.requests.asked = self.asks_issuer(now, out);
        if self.requests.asked.is_none() {
            self.call_for_request(out);
        }
    }

    fn is_requesting(&self) -> bool {
        self.requests.conn.is_some() || self.requests.asked.is_some()
    }

    /// Whether the issuer was asked this for a request.
    pub(super) fn asks_for_request(&self, ticket: Ticket) -> bool {
        self.requests.asked == Some(ticket)
    }

    /// The issuer has answered.
    pub(super) fn fetched_for_request(
        &mut self,
        now: Now,
        answer: &Answer,
        out: &mut Outbox<DocSync>,
    ) {
        self.requests.asked = None;
        match answer {
            Answer::Issued(credential) => {
                self.take_papers(*credential);
                // The pause begins with the request, however long the issuer took.
                if let Some(pause) = self.requests.pause.filter(|_| self.is_cut_off()) {
                    self.requests.next = now.mono + pause;
                    out.timer(Timer::Poll, self.requests.next);
                }
                self.call_for_request(out);
            }
            _ => self.request_failed(out),
        }
    }

    /// Makes the request, with all that it takes at hand.
    fn call_for_request(&mut self, out: &mut Outbox<DocSync>) {
        let Some(server) = self.next_server() else { return };
        let versions = self.versions();
        let (path, caller) = (PATH.to_owned(), self.caller());
        let hello = Hello { path, instance: self.instance, versions, caller };
        self.requests.conn = Some(out.dial_over(Channel::Request, server, hello));
    }

    fn next_server(&self) -> Option<NodeId> {
        let turn = self.dials.checked_rem(self.servers.len())?;
        self.servers.get(turn).copied()
    }

    /// Something happens on the request's connection.
    pub(super) fn of_request(
        &mut self,
        now: Now,
        event: Event<'_, DocSync>,
        out: &mut Outbox<DocSync>,
    ) {
        match event {
            // A socket has opened meanwhile, and tells what there is.
            Event::Opened(_) if matches!(self.phase, Phase::Live | Phase::Syncing) => {
                self.answer_commands(out);
            }
            Event::Opened(conn) => {
                self.shows(conn, out);
                let since = self.cursor.map_or(Since::Nothing, Since::Position);
                out.send(conn, Message::SyncRequest { doc: self.doc, since }).whatever();
            }
            Event::Message(_, message) => self.request_answered(now, message, out),
            Event::Refused(_, refusal) if (self.steps.request_fails)() => {
                self.report_refusal(refusal, out);
                self.request_failed(out);
            }
            Event::Closed(_, closing) if (self.steps.request_fails)() => {
                self.report_end(closing, out);
                self.request_failed(out);
            }
            _ => {}
        }
    }

    fn request_answered(&mut self, now: Now, message: &Message, out: &mut Outbox<DocSync>) {
        // On a socket that has opened meanwhile the same comes, and what follows it.
        if self.is_mine(message) && !matches!(self.phase, Phase::Live | Phase::Syncing) {
            match message {
                Message::Snapshot { at, seen, content, .. } => {
                    out.mark("document-polled");
                    self.snapshot(now, *at, seen, content, out);
                }
                Message::Delta { to, events, .. } => {
                    out.mark("document-polled");
                    self.delta(now, *to, events, out);
                }
                _ => return,
            }
            if let Some(position) = message.place() {
                self.told(now, position);
            }
        }
        self.answer_commands(out);
    }

    /// The request is over, and whoever waits for it sees what there is.
    fn answer_commands(&mut self, out: &mut Outbox<DocSync>) {
        self.end_request(out);
        for id in std::mem::take(&mut self.requests.commands) {
            self.answer_command(id, out);
        }
    }

    fn answer_command(&self, id: OpId, out: &mut Outbox<DocSync>) {
        let stale = self.shown.is_none_or(|shown| shown.stale);
        out.show_answer(id, self.cursor, stale);
    }

    fn end_request(&mut self, out: &mut Outbox<DocSync>) {
        out.cancel(Timer::Request);
        self.requests.asked = None;
        if let Some(conn) = self.requests.conn.take() {
            out.close(conn, 1000, "the request is over");
        }
    }

    /// There will be no answer: whoever waits for it is told.
    pub(super) fn request_failed(&mut self, out: &mut Outbox<DocSync>) {
        self.end_request(out);
        for id in std::mem::take(&mut self.requests.commands) {
            out.show_op(id, OpState::Failed);
        }
    }

    /// The answer has taken too long.
    pub(super) fn request_timed_out(&mut self, out: &mut Outbox<DocSync>) {
        if (self.steps.request_fails)() {
            self.request_failed(out);
        }
    }

    /// The page goes away, or has no network: nothing more is asked.
    pub(super) fn drop_request(&mut self, out: &mut Outbox<DocSync>) {
        if self.is_requesting() {
            self.request_failed(out);
        }
        if self.requests.pause.is_some() {
            out.cancel(Timer::Poll);
        }
    }
}
