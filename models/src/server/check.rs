//! Noticing that what the server holds is not what its store has: the store went back to an older
//! state while the server ran, or told the server less than it had.

use wavetank::history::Position;
use wavetank::id::Topic;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Server, Wait};
use crate::message::Since;
use crate::protocol::DocSync;
use crate::store::{Reply, Request};

impl Server {
    /// Asks the store where a document is, unless that was asked already. What the server holds
    /// in memory may be of a lineage that is no more.
    pub(super) fn check(&mut self, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        if room.head.is_some() && !room.checking {
            room.checking = true;
            let ticket = out.store(Request::Head(doc));
            self.awaiting.remember(ticket, Wait::Check(doc));
        }
    }

    pub(super) fn checked(
        &mut self,
        now: Now,
        doc: Topic,
        reply: Option<Reply>,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        room.checking = false;
        match reply {
            Some(Reply::Head(head)) => {
                self.met(doc, head, out);
                self.compare(now, doc, head, out);
            }
            _ => self.check(doc, out),
        }
    }

    /// The store has told a position: one of a later epoch says that it went back.
    pub(super) fn met(&mut self, doc: Topic, position: Position, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        room.lineage = room.lineage.max(position.epoch.get());
        if room.head.is_some_and(|head| head.epoch < position.epoch) {
            out.mark("store-went-back");
            room.forget();
            self.load(doc, out);
        }
    }

    /// A store that is further on has events that will be told in a moment. Where it still is at
    /// the next check and nothing was told meanwhile, what was loaded was not all there was.
    fn compare(&mut self, now: Now, doc: Topic, stored: Position, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        let lags = |head: &Position| head.epoch == stored.epoch && head.seq < stored.seq;
        let behind = room.head.filter(lags);
        if behind.is_some() && behind == room.behind {
            room.forget();
            self.load(doc, out);
        } else {
            room.behind = behind;
            if behind.is_some() && !self.others.is_empty() {
                self.await_level(now, doc, out);
            }
        }
    }

    /// A document was loaded anew: whoever has it open gets it as it is now.
    pub(super) fn begin_anew(&mut self, now: Now, doc: Topic, out: &mut Outbox<DocSync>) {
        let open = self.sessions.iter().filter(|(_, session)| session.docs.contains(&doc));
        let open: Vec<_> = open.map(|(conn, _)| conn).collect();
        for conn in open {
            self.catch_up(now, conn, doc, Since::Nothing, out);
        }
    }
}
