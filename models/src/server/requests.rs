//! Requests beside sockets: a document as it is, once.

use wavetank::history::Caller;
use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::Server;
use crate::message::{Hello, Message};
use crate::protocol::{DocSync, Timer};

/// The status for a request of a page that speaks no version which the server does.
const UPGRADE: u16 = 426;

/// What is to be asked on a connection is asked within this time.
const DEADLINE: Span = Span::secs(10);

/// Who makes a request.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) instance: u64,
    pub(super) from: Caller,
}

impl Server {
    /// Somebody asks over a connection of its own. Where people have to sign in, a request is let
    /// in as a socket is, and answered once it is.
    pub(super) fn accept_request(
        &mut self,
        now: Now,
        conn: ConnId,
        hello: &Hello,
        out: &mut Outbox<DocSync>,
    ) {
        if self.version(hello).is_none() {
            return out.refuse(conn, UPGRADE);
        }
        self.requests.insert(conn, Asker { instance: hello.instance, from: hello.caller });
        out.timer(Timer::Age(conn), now.mono + DEADLINE);
        self.knocked(now, conn, hello, out);
    }

    /// A request is over, answered or not.
    pub(super) fn forget_request(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        if self.requests.remove(conn).is_some() {
            out.cancel(Timer::Age(conn));
            self.forget_door(conn, out);
            for room in self.rooms.values_mut() {
                room.waiting.retain(|(of, _)| *of != conn);
            }
        }
    }

    /// Answers with what there is, or as soon as the document is loaded.
    pub(super) fn answer(
        &mut self,
        now: Now,
        conn: ConnId,
        message: &Message,
        out: &mut Outbox<DocSync>,
    ) {
        if self.is_too_big(conn, message.size(), out) {
            return;
        }
        let Message::SyncRequest { doc, since } = message else {
            self.admits(now, conn, message, out);
            return;
        };
        out.cancel(Timer::Age(conn));
        if self.admits(now, conn, message, out) {
            self.admit(now, conn, *doc, *since, out);
        }
    }
}
