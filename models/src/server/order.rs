//! The operations of one client instance, and those of the pipeline, take effect one after the
//! other, in the order in which they came: one that failed is asked for again before the next has
//! its turn.

use std::collections::{BTreeMap, VecDeque};

use wavetank::history::Size;
use wavetank::id::{ConnId, Topic};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Server;
use super::again::Errand;
use crate::message::Word;
use crate::protocol::DocSync;
use crate::store::Commit;

/// Operations that wait for their turn, by client instance; the first of each is at the store.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_instance: BTreeMap<u64, VecDeque<(Option<ConnId>, Commit)>>,
    /// The longest of them so far.
    len_max: usize,
}

impl Lines {
    /// What an instance has asked for and is not done with, in its order.
    pub(super) fn of(&self, instance: u64) -> impl Iterator<Item = &Commit> {
        self.by_instance.get(&instance).into_iter().flatten().map(|(_, commit)| commit)
    }

    /// What documents operations wait for.
    pub(super) fn documents(&self) -> impl Iterator<Item = Topic> {
        self.by_instance.values().flatten().map(|(_, commit)| commit.doc)
    }
}

impl Server {
    /// Takes an operation into the line of its instance.
    pub(super) fn line_up(
        &mut self,
        now: Now,
        conn: Option<ConnId>,
        commit: Commit,
        out: &mut Outbox<DocSync>,
    ) {
        let line = self.lines.by_instance.entry(commit.instance).or_default();
        if let Some((of, _)) = line.iter_mut().find(|(_, waits)| waits.op == commit.op) {
            // Sent again while it waits: whoever asked last is answered.
            *of = conn;
            return;
        }
        line.push_back((conn, commit.clone()));
        let (len, is_first) = (line.len(), line.len() == 1);
        if len > self.lines.len_max {
            self.lines.len_max = len;
            out.holds("commit-line", Size { len: len as u32, ..Size::default() });
        }
        if !self.is_done(&commit) {
            self.notify(conn, &commit, Word::Taken, out);
        }
        if is_first {
            self.commit(now, conn, commit, out);
        }
    }

    /// Who is to be told of an operation: whoever asked for it last.
    pub(super) fn asker(&self, conn: Option<ConnId>, commit: &Commit) -> Option<ConnId> {
        let line = self.lines.by_instance.get(&commit.instance);
        let first = line.and_then(VecDeque::front).filter(|(_, first)| first.op == commit.op);
        first.and_then(|(conn, _)| *conn).or(conn)
    }

    /// The first of a line is done with: the next has its turn.
    pub(super) fn step_up(&mut self, now: Now, done: &Commit, out: &mut Outbox<DocSync>) {
        let Some(line) = self.lines.by_instance.get_mut(&done.instance) else { return };
        if line.front().is_none_or(|(_, first)| first.op != done.op) {
            return;
        }
        line.pop_front();
        match line.front().cloned() {
            Some((conn, commit)) => self.commit(now, conn, commit, out),
            None => drop(self.lines.by_instance.remove(&done.instance)),
        }
    }

    /// Asks the store for an operation, after those that it has failed to do.
    pub(super) fn commit(
        &mut self,
        now: Now,
        conn: Option<ConnId>,
        commit: Commit,
        out: &mut Outbox<DocSync>,
    ) {
        let errand = Errand::Commit(conn, commit);
        if self.again.waits() {
            self.again.follow(errand);
        } else {
            self.ask(now, errand, out);
        }
    }
}
