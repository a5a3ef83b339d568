//! How much is done for one client in a minute. What comes too soon is put off: its sender is told
//! when to ask again.

use std::collections::{BTreeMap, VecDeque};

use wavetank::history::Caller;
use wavetank::id::{ConnId, Topic};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Conns, Outbox};
use wavetank::time::{Mono, Now, Span};

use super::Server;
use crate::message::Message;
use crate::policy::{self, Excess, RateKey, Weight};
use crate::probed::Probed;
use crate::protocol::DocSync;
use crate::store::Commit;

const WINDOW: Span = Span::secs(60);
/// How long an operation is put off that comes behind one that was.
const BEHIND: Span = Span::secs(1);

/// Times of the last minute, and until when all is put off.
#[derive(Debug, Default)]
struct Count {
    times: VecDeque<Mono>,
    held: Mono,
}

/// Where a connection is in the order in which its client made its operations.
#[derive(Debug, Default)]
struct Turn {
    /// The last operation that came.
    last: u32,
    /// Whether one was put off that did not come again.
    waits: bool,
}

impl Turn {
    /// Whether an operation comes behind one that was put off: on its way when that was, it must
    /// not overtake it. A client that goes back has begun anew with the first that it still has.
    fn is_behind(&mut self, client_seq: u32) -> bool {
        let goes_on = client_seq > self.last;
        self.last = client_seq;
        self.waits &= goes_on;
        self.waits
    }
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
        if free <= now {
            return None;
        }
        self.held = free;
        Some(free.since(now))
    }

    /// Whether nothing of it matters any more.
    fn is_over(&self, now: Mono) -> bool {
        self.times.back().is_none_or(|last| now.since(*last) >= WINDOW) && self.held <= now
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
    turns: Conns<Turn>,
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
            turns: Conns::default(),
            sent: BTreeMap::new(),
        }
    }
}

/// The client behind a connection; one that does not say which it is counts by itself.
fn client_of(conn: ConnId, from: &Caller) -> u64 {
    match from.client {
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
        let client = client_of(conn, &session.from);
        let of = |key: &RateKey| match key {
            RateKey::Connection => (*key, u64::from(conn.serial())),
            RateKey::Client => (*key, client),
            RateKey::Server => (*key, 0),
        };
        let Rates { keys, counts, turns, .. } = &mut self.rates;
        if turns.get(conn).is_none() {
            turns.insert(conn, Turn::default());
            counts.retain(|_, count| !count.is_over(now.mono));
        }
        let turn = turns.get_mut(conn);
        let is_behind = turn.is_some_and(|turn| turn.is_behind(commit.client_seq));
        let mut wait = is_behind.then_some(BEHIND);
        for key in keys.iter() {
            wait = wait.max(counts.entry(of(key)).or_default().wait(now.mono, most));
        }
        if let Some(turn) = turns.get_mut(conn) {
            turn.waits = wait.is_some();
        }
        if wait.is_none() {
            keys.iter()
                .for_each(|key| counts.entry(of(key)).or_default().times.push_back(now.mono));
        }
        if let Some(retry_after) = wait.filter(|_| *self.rates.tells) {
            out.mark("put-off");
            let (doc, op) = (commit.doc, Some(commit.op));
            let later = Message::Later { doc, op, retry_after, head: None };
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
        if most == 0 {
            return true;
        }
        let client = match (self.sessions.get(conn), self.requests.get(conn)) {
            (Some(session), _) => client_of(conn, &session.from),
            (None, Some(asker)) => client_of(conn, &asker.from),
            (None, None) => return true,
        };
        if !self.rates.sent.contains_key(&client) {
            self.rates.sent.retain(|_, count| !count.is_over(now.mono));
        }
        let count = self.rates.sent.entry(client).or_default();
        let wait = count.wait(now.mono, most);
        if wait.is_none() {
            count.times.push_back(now.mono);
        }
        if let Some(retry_after) = wait.filter(|_| *self.rates.tells) {
            out.mark("put-off");
            // Where a store went back nothing else tells that there is more to have.
            let head = self.rooms.get(&doc).and_then(|room| room.head);
            out.send(conn, Message::Later { doc, op: None, retry_after, head }).whatever();
        }
        wait.is_none()
    }

    /// A connection is over, and with it what was counted by it.
    pub(super) fn forget_rate(&mut self, conn: ConnId) {
        self.rates.turns.remove(conn);
        self.rates.counts.remove(&(RateKey::Connection, u64::from(conn.serial())));
        self.rates.counts.remove(&(RateKey::Client, nameless(conn)));
        self.rates.sent.remove(&nameless(conn));
    }
}
