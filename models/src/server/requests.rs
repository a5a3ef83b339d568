//! Requests beside sockets: a document as it is, once.

use wavetank::id::ConnId;
use wavetank::objectives::Access;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Server;
use crate::message::{Hello, Message};
use crate::protocol::DocSync;

/// The status for a request without a credential where people have to sign in.
const SIGN_IN: u16 = 401;

impl Server {
    /// Somebody asks over a connection of its own. Where people have to sign in, a request shows
    /// no credential and is not answered.
    pub(super) fn accept_request(
        &mut self,
        conn: ConnId,
        hello: &Hello,
        out: &mut Outbox<DocSync>,
    ) {
        if self.doors.access() == Access::SignedIn {
            return out.refuse(conn, SIGN_IN);
        }
        self.requests.insert(conn, hello.instance);
    }

    /// Answers with what there is, or as soon as the document is loaded.
    pub(super) fn answer(
        &mut self,
        now: Now,
        conn: ConnId,
        message: &Message,
        out: &mut Outbox<DocSync>,
    ) {
        if let Message::SyncRequest { doc, since } = message {
            self.admit(now, conn, *doc, *since, out);
        }
    }
}
