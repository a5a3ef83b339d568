//! Keeping connections alive, and noticing those that are dead.

use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::{Server, Session};
use crate::message::{Hello, Message};
use crate::policy::RefuseAt;
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
        let at_handshake = self.config.policy.server.auth.refuse_at == RefuseAt::Handshake;
        if at_handshake && self.is_full(conn, &from, caller) {
            out.refuse(conn, 403);
            return;
        }
        let version = self.version(hello);
        let session = Session {
            caller,
            from,
            instance: None,
            doc: None,
            heard: now,
            pinged: None,
            told: 0,
            version,
        };
        self.sessions.insert(conn, session);
        if !self.beat.interval.is_zero() {
            out.timer(Timer::Ping(conn), now.mono + self.beat.interval);
        }
        self.watch(now, conn, out);
        self.knocked(now, conn, from.origin, out);
    }

    /// Notes a sign of life. A pong that answers an older ping is none.
    pub(super) fn heard(&mut self, now: Now, conn: ConnId, message: &Message) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        match message {
            Message::Pong { stamp, .. } if !(self.steps.pong_counts)(*stamp, session.pinged) => {}
            _ => session.heard = now,
        }
    }

    pub(super) fn ping(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let stamp = now.mono.as_micros();
        session.pinged = Some(stamp);
        let doc = session.doc;
        let head = doc.and_then(|doc| self.rooms.get(&doc)?.head);
        out.send(conn, Message::Ping { stamp, head }).whatever();
        out.timer(Timer::Ping(conn), now.mono + self.beat.interval);
        if let Some(doc) = doc {
            self.check(doc, out);
        }
    }

    /// How long a peer may be silent, if a silent one is ended at all.
    fn patience(&self) -> Option<Span> {
        let policy = &self.config.policy.server.heartbeat;
        let asked = self.beat.interval + self.beat.timeout;
        let patience = if self.beat.interval.is_zero() { policy.unasked } else { asked };
        Some(patience).filter(|patience| policy.close_silent && !patience.is_zero())
    }

    /// Plans the next look at whether a connection is silent.
    fn watch(&self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(session) = self.sessions.get(conn) else { return };
        let Some(patience) = self.patience() else { return };
        let left = patience.saturating_sub((self.steps.silence)(session.heard, now));
        let at = (self.steps.check_silence)(now.mono + left, now.mono + self.beat.interval);
        out.timer(Timer::Deadline(conn, session.caller), at);
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
        let mine = |(conn, session): (ConnId, &Session)| (session.caller == caller).then_some(conn);
        let of_client = self.sessions.iter().find_map(mine);
        let Some(conn) = (self.steps.overdue)(of.map(|_| conn), of_client) else { return };
        out.mark("silent-client-closed");
        self.end(conn, self.config.policy.server.heartbeat.close_code, "heartbeat timeout", out);
    }
}
