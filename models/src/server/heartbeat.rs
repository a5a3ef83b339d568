//! Keeping connections alive, and noticing those that are dead.

use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Server, Session};
use crate::message::Message;
use crate::protocol::{DocSync, Timer};

impl Server {
    pub(super) fn accept(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let session = Session { instance: None, doc: None, heard: now.mono, pinged: None };
        self.sessions.insert(conn, session);
        let beat = &self.config.policy.server.heartbeat;
        if !beat.interval.is_zero() {
            out.timer(Timer::Ping(conn), now.mono + beat.interval);
        }
        self.watch(now, conn, out);
    }

    /// Notes a sign of life. A pong that answers an older ping is none.
    pub(super) fn heard(&mut self, now: Now, conn: ConnId, message: &Message) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        match message {
            Message::Pong { stamp, .. } if session.pinged != Some(*stamp) => {}
            _ => session.heard = now.mono,
        }
    }

    pub(super) fn ping(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let stamp = now.mono.as_micros();
        session.pinged = Some(stamp);
        let doc = session.doc;
        let head = doc.and_then(|doc| self.rooms.get(&doc)?.head);
        out.send(conn, Message::Ping { stamp, head }).whatever();
        out.timer(Timer::Ping(conn), now.mono + self.config.policy.server.heartbeat.interval);
        if let Some(doc) = doc {
            self.check(doc, out);
        }
    }

    /// Plans the next look at whether a connection is silent.
    fn watch(&self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let beat = &self.config.policy.server.heartbeat;
        let Some(session) = self.sessions.get(conn).filter(|_| beat.close_silent) else { return };
        let limit = session.heard + beat.interval + beat.timeout;
        let at = (self.steps.check_silence)(limit, now.mono + beat.interval);
        out.timer(Timer::Deadline(conn), at);
    }

    pub(super) fn deadline(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let beat = &self.config.policy.server.heartbeat;
        let Some(session) = self.sessions.get(conn) else { return };
        if now.mono < session.heard + beat.interval + beat.timeout {
            self.watch(now, conn, out);
            return;
        }
        out.mark("silent-client-closed");
        out.close(conn, beat.close_code, "heartbeat timeout");
        self.forget(conn, out);
    }
}
