//! How much is done for one client in a minute. What comes too soon is put off: its sender is told
//! when to ask again.

use std::collections::{BTreeMap, VecDeque};

use wavetank::id::{ConnId, Topic};
use wavetank::objectives::Objectives;
use wavetank::protocol::Outbox;
use wavetank::time::{Mono, Now, Span};

use super::{Server, Session};
use crate::message::Message;
use crate::policy::{self, Excess, RateKey, Weight};
use crate::probed::Probed;
use crate::protocol::DocSync;
use crate::store::Commit;

const WINDOW: Span = Span::secs(60);
/// Who was put off is put off again until nothing has come for so long: what is on its way when
/// the first is put off would else overtake it.
const QUIET: Span = Span::secs(2);

/// Times of the last minute, and until when all is put off.
#[derive(Debug, Default)]
struct Count {
    times: VecDeque<Mono>,
    held: Mono,
}

impl Count {
    /// How long to wait until there may be one more, if there may not be now.
    fn wait(&mut self, now: Mono, most: usize) -> Option<Span> {
        while self.times.front().is_some_and(|first| now.since(*first) >= WINDOW) {
            self.times.pop_front();
        }
        let free = match self.times.front() {
            Some(first) if self.times.len() >= most => *first + WINDOW,
            _ => now,
        };
        if free <= now && self.held <= now {
            return None;
        }
        self.held = self.held.max(free).max(now + QUIET);
        Some(self.held.since(now))
    }
}

/// What was done in the last minute, and for whom.
#[derive(Debug)]
pub(super) struct Rates {
    ops: Probed<usize>,
    wholes: Probed<usize>,
    keys: Probed<Vec<RateKey>>,
    /// Whether who is put off is told so.
    tells: Probed<bool>,
    counts: BTreeMap<(RateKey, u64), Count>,
    sent: BTreeMap<u64, Count>,
}

impl Rates {
    pub(super) fn new(section: &Probed<policy::Rate>, demanded: &Objectives) -> Self {
        let both = |knob: u32, most: u32| if knob == 0 { 0 } else { knob.min(most) as usize };
        Self {
            ops: section.map(|policy| {
                let most = both(policy.limit_per_minute, demanded.ops_per_minute);
                if policy.weighs.contains(&Weight::Count) { most } else { 0 }
            }),
            wholes: section.map(|policy| {
                let most = both(policy.wholes_per_minute, demanded.wholes_per_minute);
                if policy.weighs.contains(&Weight::Cost) { most } else { 0 }
            }),
            keys: section.map(|policy| policy.key.clone()),
            tells: section.map(|policy| policy.excess == Excess::NackRetryAfter),
            counts: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }
}

/// The client behind a connection; one that does not say which it is counts by itself.
fn client_of(conn: ConnId, session: &Session) -> u64 {
    match session.from.client {
        0 => nameless(conn),
        client => client,
    }
}

/// What stands for the client of a connection that does not say which it is.
fn nameless(conn: ConnId) -> u64 {
    u64::MAX - u64::from(conn.serial())
}

impl Server {
    /// Whether all that comes on a connection is dropped for now, since it said too much.
    pub(super) fn ignores(&self, now: Now, conn: ConnId) -> bool {
        let of = (RateKey::Connection, u64::from(conn.serial()));
        let held = |count: &Count| count.held > now.mono;
        !*self.rates.tells && self.rates.counts.get(&of).is_some_and(held)
    }

    /// Whether an operation may be taken now; if not, its sender is told when.
    pub(super) fn has_turn(
        &mut self,
        now: Now,
        conn: ConnId,
        commit: &Commit,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        let most = *self.rates.ops;
        let Some(session) = self.sessions.get(conn).filter(|_| most > 0) else { return true };
        let client = client_of(conn, session);
        let of = |key: &RateKey| match key {
            RateKey::Connection => (*key, u64::from(conn.serial())),
            RateKey::Client => (*key, client),
            RateKey::Server => (*key, 0),
        };
        let Rates { keys, counts, .. } = &mut self.rates;
        let mut wait = None;
        for key in keys.iter() {
            wait = wait.max(counts.entry(of(key)).or_default().wait(now.mono, most));
        }
        if wait.is_none() {
            keys.iter()
                .for_each(|key| counts.entry(of(key)).or_default().times.push_back(now.mono));
        }
        if let Some(retry_after) = wait.filter(|_| *self.rates.tells) {
            out.mark("put-off");
            let later = Message::Later { doc: commit.doc, op: Some(commit.op), retry_after };
            out.send(conn, later).whatever();
        }
        wait.is_none()
    }

    /// Whether a whole document may be sent now; if not, the client is told when.
    pub(super) fn has_whole(
        &mut self,
        now: Now,
        conn: ConnId,
        doc: Topic,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        let most = *self.rates.wholes;
        let Some(session) = self.sessions.get(conn).filter(|_| most > 0) else { return true };
        let count = self.rates.sent.entry(client_of(conn, session)).or_default();
        let wait = count.wait(now.mono, most);
        if wait.is_none() {
            count.times.push_back(now.mono);
        }
        if let Some(retry_after) = wait.filter(|_| *self.rates.tells) {
            out.mark("put-off");
            out.send(conn, Message::Later { doc, op: None, retry_after }).whatever();
        }
        wait.is_none()
    }

    /// A connection is over, and with it what was counted by it.
    pub(super) fn forget_rate(&mut self, conn: ConnId) {
        self.rates.counts.remove(&(RateKey::Connection, u64::from(conn.serial())));
        self.rates.counts.remove(&(RateKey::Client, nameless(conn)));
        self.rates.sent.remove(&nameless(conn));
    }
}
