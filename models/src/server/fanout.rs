//! Telling a room.

use std::sync::Arc;

use wavetank::id::{ConnId, OpId};
use wavetank::protocol::Outbox;

use super::Server;
use crate::message::Message;
use crate::protocol::{DOC, DocSync, Timer};
use crate::store::Event;

/// The code for a connection that does not take what is sent.
const TOO_SLOW: u16 = 1013;

impl Server {
    /// Sends an event to all who are subscribed to its document.
    pub(super) fn tell(&mut self, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if !(self.steps.covers)(event) {
            return;
        }
        let (mut members, mut slow) = (Vec::new(), Vec::new());
        for (conn, session) in self.sessions.iter_mut() {
            if session.doc != Some(event.doc) {
                continue;
            }
            if out.queued(conn) >= self.buffer_limit {
                slow.push(conn);
            } else {
                self.written.extend(session.instance.map(|instance| (instance, event.position)));
                members.push(conn);
            }
        }
        out.send_all(members, Message::Event(Arc::clone(event)));
        for conn in slow {
            out.mark("slow-consumer-closed");
            out.close(conn, TOO_SLOW, "too slow");
            self.forget(conn, out);
        }
    }

    /// Tells a room of progress. Who is slow does without: what matters must not wait for it.
    pub(super) fn progress(&self, op: OpId, stage: u32, out: &mut Outbox<DocSync>) {
        let mut members = Vec::new();
        for (conn, _) in self.sessions.iter().filter(|(_, session)| session.doc == Some(DOC)) {
            if out.queued(conn) < self.buffer_limit / 2 {
                members.push(conn);
            } else {
                out.mark("progress-shed");
            }
        }
        out.send_all(members, Message::Progress { doc: DOC, op, stage });
    }

    /// The connection is over, or treated as if it were.
    pub(super) fn forget(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        if self.sessions.remove(conn).is_some() {
            out.cancel(Timer::Ping(conn));
            out.cancel(Timer::Deadline(conn));
        }
    }
}
