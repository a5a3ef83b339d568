//! Keeping connections alive, and noticing those that are dead.

use smallvec::SmallVec;
use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::{Server, Session};
use crate::config::Beat;
use crate::message::{Hello, Message};
use crate::protocol::{DocSync, Timer};

impl Server {
    pub(super) fn accept(
        &mut self,
        now: Now,
        conn: ConnId,
        hello: &Hello,
        out: &mut Outbox<DocSync>,
    ) {
        let Hello { instance: caller, caller: from, .. } = *hello;
        let Some(version) = self.version(hello) else { return self.cannot_speak(conn, out) };
        let others = !self.sessions.is_empty();
        if others && self.refuses_at_door() && self.is_full(conn, &from, caller) {
            out.refuse(conn, 403);
            return;
        }
        let session = Session {
            from,
            instance: None,
            docs: SmallVec::new(),
            counted: false,
            enters: None,
            heard: now,
            pinged: None,
            told: 0,
            version,
        };
        self.sessions.insert(conn, session);
        self.registry.accepted(conn, caller);
        let interval = self.beat().interval;
        if !interval.is_zero() {
            out.timer(Timer::Ping(conn), now.mono + interval);
        }
        self.watch(now, conn, out);
        self.limit_age(now, conn, out);
        self.knocked(now, conn, hello, out);
    }

    /// Notes a sign of life. A pong that answers an older ping is none.
    pub(super) fn heard(
        &mut self,
        now: Now,
        conn: ConnId,
        message: &Message,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        match message {
            Message::Pong { stamp, .. } if !(self.steps.pong_counts)(*stamp, session.pinged) => {}
            _ => session.heard = now,
        }
        if let Some(doc) = session.enters.take() {
            self.enter(conn, doc, out);
        }
    }

    pub(super) fn ping(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let stamp = now.mono.as_micros();
        session.pinged = Some(stamp);
        let doc = session.docs.last().copied();
        let head = doc.and_then(|doc| self.rooms.get(&doc)?.head);
        out.send(conn, Message::Ping { stamp, doc, head }).whatever();
        out.timer(Timer::Ping(conn), now.mono + self.beat().interval);
        if let Some(doc) = doc {
            self.check(doc, out);
        }
    }

    fn beat(&self) -> Beat {
        match self.config.beat {
            Some(set) => (self.steps.beat)(&self.stated_beat, set),
            None => *self.stated_beat,
        }
    }

    /// How long a peer may be silent, if a silent one is ended at all.
    fn patience(&self) -> Option<Span> {
        let policy = &self.config.policy.server.heartbeat;
        let beat = self.beat();
        let asked = beat.interval + beat.timeout;
        let patience = if beat.interval.is_zero() { policy.unasked } else { asked };
        Some(patience).filter(|patience| policy.close_silent && !patience.is_zero())
    }

    /// Plans the next look at whether a connection is silent.
    fn watch(&self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(session) = self.sessions.get(conn) else { return };
        let Some(patience) = self.patience() else { return };
        let left = patience.saturating_sub((self.steps.silence)(session.heard, now));
        let at = (self.steps.check_silence)(now.mono + left, now.mono + self.beat().interval);
        if let Some(caller) = self.registry.caller(conn) {
            out.timer(Timer::Deadline(conn, caller), at);
        }
    }

    pub(super) fn deadline(
        &mut self,
        now: Now,
        conn: ConnId,
        caller: u64,
        out: &mut Outbox<DocSync>,
    ) {
        let of = self.sessions.get(conn);
        let silence = of.map(|session| (self.steps.silence)(session.heard, now));
        if silence.is_some_and(|silence| Some(silence) < self.patience()) {
            self.watch(now, conn, out);
            return;
        }
        let of = of.map(|_| conn);
        let Some(conn) = (self.steps.overdue)(of, self.session_of(caller)) else { return };
        out.mark("silent-client-closed");
        self.end(conn, self.config.policy.server.heartbeat.close_code, "heartbeat timeout", out);
    }
}
