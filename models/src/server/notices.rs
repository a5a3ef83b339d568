//! Words to the author of an insert: that it has come, and that it is done. Nobody acks them, so
//! the last ones are said again to a client that comes back, which knows them by their ids.

use std::collections::{BTreeMap, VecDeque};

use wavetank::id::ConnId;
use wavetank::protocol::Outbox;

use super::Server;
use crate::message::{Message, Notice, Word};
use crate::protocol::DocSync;
use crate::store::{Commit, Edit, Event};

/// How many words are said again.
const AGAIN: usize = 4;

/// The last words to each client instance.
#[derive(Debug, Default)]
pub(super) struct Notices(BTreeMap<u64, VecDeque<Notice>>);

impl Notices {
    /// A client instance is not remembered any more.
    pub(super) fn forget(&mut self, instance: u64) {
        self.0.remove(&instance);
    }
}

impl Server {
    /// Says a word of an insert to its author.
    pub(super) fn notify(
        &mut self,
        conn: Option<ConnId>,
        commit: &Commit,
        word: Word,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(conn) = conn.filter(|_| commit.edit == Edit::Insert) else { return };
        // The same words of the same operation are the same, whoever says them.
        let id = u64::from(commit.op.0) << 1 | u64::from(word == Word::Done);
        let id = (self.steps.notice_id)(id, word);
        let notice = Notice { id, reply_to: commit.op, word };
        let session = self.sessions.get(conn);
        // Of an instance that was never here nobody would come back for it.
        let is_here = session.is_some_and(|session| session.instance == Some(commit.instance));
        if is_here || self.notices.0.contains_key(&commit.instance) {
            let last = self.notices.0.entry(commit.instance).or_default();
            if last.len() == AGAIN {
                last.pop_front();
            }
            last.push_back(notice);
        }
        if session.is_some() {
            out.send(conn, Message::Notice(notice)).whatever();
        }
    }

    /// Whether an operation is known to be done.
    pub(super) fn is_done(&self, commit: &Commit) -> bool {
        let room = self.rooms.get(&commit.doc);
        room.is_some_and(|room| room.has_done(commit.instance, commit.client_seq))
    }

    /// Whether nobody was told of an event yet.
    pub(super) fn is_news(&self, event: &Event) -> bool {
        self.rooms.get(&event.doc).is_some_and(|room| room.head < Some(event.position))
    }

    /// Says the last words again to a client that came back.
    pub(super) fn notify_again(&self, conn: ConnId, instance: u64, out: &mut Outbox<DocSync>) {
        for notice in self.notices.0.get(&instance).into_iter().flatten() {
            out.send(conn, Message::Notice(*notice)).whatever();
        }
    }
}
