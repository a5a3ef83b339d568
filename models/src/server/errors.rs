//! What goes wrong: reported, answered where somebody waits, and never the end of anything else.

use wavetank::history::Initiator;
use wavetank::id::{ConnId, Ticket};
use wavetank::protocol::{Closing, Outbox};
use wavetank::time::Now;

use super::{Server, Wait};
use crate::message::{Message, UNREADABLE};
use crate::protocol::DocSync;

/// The code for a connection whose handler has failed.
const FAILED: u16 = 1011;

impl Server {
    /// A frame came that is no message: its sender is told, and what follows is read.
    pub(super) fn unreadable(
        &mut self,
        now: Now,
        conn: ConnId,
        bytes: u32,
        out: &mut Outbox<DocSync>,
    ) {
        if self.is_too_big(conn, bytes, out) {
            return;
        }
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.heard = now;
        let doc = session.docs.first().copied().filter(|_| session.docs.len() == 1);
        self.record("unreadable-frame", UNREADABLE, conn, out);
        if !(self.steps.survives_unreadable)() {
            return self.end(conn, FAILED, "the handler has failed", out);
        }
        match (self.steps.reads_anyway)(bytes) {
            Some(commit) => self.take_op(now, Some(conn), commit, out),
            None => out.send(conn, Message::error(UNREADABLE, doc)).whatever(),
        }
    }

    /// A connection has ended, not at the server's wish.
    pub(super) fn gone(&mut self, conn: ConnId, closing: Closing, out: &mut Outbox<DocSync>) {
        if closing.code == 1006 && closing.by != Initiator::Local {
            self.record("connection-lost", closing.code, conn, out);
        }
        if self.requests.get(conn).is_some() {
            return self.forget_request(conn, out);
        }
        if (self.steps.cleans_up)() {
            return self.ended(conn, closing.code, out);
        }
        out.send(conn, Message::error(FAILED, None)).whatever();
    }

    /// The store has failed to do what it was asked for.
    pub(super) fn store_failed(
        &mut self,
        now: Now,
        ticket: Ticket,
        wait: Wait,
        out: &mut Outbox<DocSync>,
    ) {
        out.mark("store-failed");
        if (self.steps.records)() {
            let of = wait.commit().map(|commit| format!(", op={}", commit.op));
            out.report("store-failed", 500, format!("server, store{}", of.unwrap_or_default()));
        }
        self.put_off(now, ticket, wait, out);
    }

    fn record(&self, what: &'static str, code: u16, conn: ConnId, out: &mut Outbox<DocSync>) {
        if (self.steps.records)() {
            let open = self.sessions.get(conn).map(|session| &session.docs[..]);
            let docs = open.unwrap_or_default().iter().map(|doc| format!(", {doc}"));
            out.report(what, code, format!("server, {conn}{}", docs.collect::<String>()));
        }
    }
}
