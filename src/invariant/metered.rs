//! What the metrics of a node must say, counted from what was witnessed.

use std::collections::BTreeMap;

use super::table::Table;
use crate::engine::Seen;
use crate::history::{
    Channel, Connection, Interest, Kind, Meaning, Observation, Position, Side, metrics,
};
use crate::id::{ConnId, OpId};
use crate::time::{Mono, Span};

/// The code of a refusal for a conflict.
const CONFLICT: u16 = 409;

/// The name and the label of a metric.
pub(crate) type Key = (&'static str, String);

#[derive(Debug)]
struct Open {
    since: Mono,
    /// The pings that are not answered, and when they were sent.
    pings: Vec<(u64, Mono)>,
}

/// What the books go by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long the answer to a ping may take.
    pub(crate) patience: Span,
    /// How many durations of connections count.
    pub(crate) durations: usize,
}

/// The books of one node, kept by somebody who looks on.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    open: Table<ConnId, Open>,
    counts: BTreeMap<Key, i64>,
    /// When operations came to the node, of which it has not heard or told yet.
    given: Table<OpId, Mono>,
    /// Its dials that are no sockets.
    requests: Table<ConnId, ()>,
    /// Whether a socket of its has opened before.
    was_open: bool,
    /// What the page shows of its connection.
    shown: Connection,
    latencies: Vec<i64>,
    durations: Vec<i64>,
    cursor: Option<Position>,
    unanswered: i64,
    /// The node was held up at some time: it may have learnt of things later than they happened.
    pub(crate) held_up: bool,
}

impl Ledger {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Interest::GIVEN
        .and(Interest::DIALLED)
        .and(Interest::OPENED)
        .and(Interest::CLOSED)
        .and(Interest::SENT)
        .and(Interest::DELIVERED)
        .and(Interest::STATUS)
        .and(Interest::CONTENT_MAIN);

    fn count(&mut self, name: &'static str, label: String, by: i64) {
        *self.counts.entry((name, label)).or_default() += by;
    }

    /// Takes in what happened at the node. `patience` is how long the answer to a ping may take.
    pub(crate) fn observe(&mut self, seen: &Seen<'_>, patience: Span) {
        let now = seen.now.mono;
        match *seen.what {
            Observation::Given { op, .. } => {
                self.given.insert(op, now);
            }
            Observation::Dialled { conn, channel, .. } => {
                self.count(metrics::ATTEMPTS, String::new(), 1);
                if channel == Channel::Request {
                    self.requests.insert(conn, ());
                }
            }
            Observation::Opened { conn, side } => self.opened(conn, side, now),
            Observation::Closed { conn, side, code, .. } => {
                self.ended(conn, side, code, now, patience);
            }
            Observation::Sent { conn, side, live, ref meaning } => {
                self.sent(conn, side, live, meaning, now);
            }
            Observation::Delivered { conn, side, ref meaning } => {
                self.came(conn, side, meaning, now, patience);
            }
            Observation::ShownStatus(status) if status.connection != self.shown => {
                self.shown = status.connection;
                let label = format!("state={}", self.shown.word());
                self.count(metrics::STATE_CHANGES, label, 1);
            }
            Observation::ShownContent(ref reading) => self.cursor = Some(reading.position),
            _ => {}
        }
    }

    fn opened(&mut self, conn: ConnId, side: Side, now: Mono) {
        self.open.insert(conn, Open { since: now, pings: Vec::new() });
        self.count(metrics::CONNECTIONS, String::new(), 1);
        if side == Side::Dialler && self.requests.remove(&conn).is_none() {
            let again = std::mem::replace(&mut self.was_open, true);
            self.count(metrics::RECONNECTIONS, String::new(), i64::from(again));
        }
    }

    fn ended(&mut self, conn: ConnId, side: Side, code: u16, now: Mono, patience: Span) {
        let Some(open) = self.open.remove(&conn) else { return };
        let late = open.pings.iter().filter(|(_, sent)| now.since(*sent) >= patience);
        self.unanswered += late.count() as i64;
        self.count(metrics::DISCONNECTS, format!("code={code}"), 1);
        self.count(metrics::DURATIONS, String::new(), 1);
        let lasted = now.since(open.since).as_millis() as i64;
        self.count(metrics::DURATION, String::new(), lasted);
        if side == Side::Dialler {
            self.durations.push(lasted);
        }
    }

    fn sent(&mut self, conn: ConnId, side: Side, live: bool, meaning: &Meaning, now: Mono) {
        if !live {
            return self.count(metrics::SEND_ERRORS, String::new(), 1);
        }
        self.count(metrics::SENT, kind(meaning), 1);
        match (side, meaning.kind) {
            (Side::Acceptor, Kind::Ping) => {
                if let Some(open) = self.open.get_mut(&conn) {
                    open.pings.push((meaning.stamp, now));
                }
            }
            (Side::Acceptor, Kind::Event) => {
                let came = meaning.op.and_then(|op| self.given.remove(&op));
                if let Some(came) = came {
                    self.count(metrics::BROADCASTS, String::new(), 1);
                    let took = now.since(came).as_millis() as i64;
                    self.count(metrics::BROADCAST, String::new(), took);
                }
            }
            (Side::Dialler, Kind::SyncRequest) => self.count(metrics::RESYNCS, String::new(), 1),
            _ => {}
        }
    }

    fn came(&mut self, conn: ConnId, side: Side, meaning: &Meaning, now: Mono, patience: Span) {
        self.count(metrics::RECEIVED, kind(meaning), 1);
        match (side, meaning.kind) {
            (Side::Acceptor, Kind::Pong) => {
                let Some(open) = self.open.get_mut(&conn) else { return };
                let is_it = |(stamp, _): &(u64, Mono)| *stamp == meaning.stamp;
                if let Some(place) = open.pings.iter().position(is_it) {
                    let (_, sent) = open.pings.remove(place);
                    self.unanswered += i64::from(now.since(sent) >= patience);
                }
            }
            (Side::Acceptor, Kind::Op) => {
                meaning.op.iter().for_each(|op| _ = self.given.get_or_insert(*op, now));
            }
            (Side::Dialler, Kind::Ack) => {
                let given = meaning.op.and_then(|op| self.given.remove(&op));
                if let Some(given) = given {
                    self.latencies.push(now.since(given).as_millis() as i64);
                }
            }
            (Side::Dialler, Kind::Nack) if meaning.code == CONFLICT => {
                self.count(metrics::CONFLICTS, String::new(), 1);
            }
            (Side::Dialler, Kind::Event) => self.event(meaning.position),
            _ => {}
        }
    }

    fn event(&mut self, position: Option<Position>) {
        let Some(position) = position else { return };
        if self.cursor.is_some_and(|cursor| position <= cursor) {
            self.count(metrics::DUPLICATES, String::new(), 1);
        } else if self.cursor.is_none_or(|cursor| position != cursor.next()) {
            self.count(metrics::OUT_OF_ORDER, String::new(), 1);
        }
    }

    /// What each metric is to say now. What is nothing need not be said.
    pub(crate) fn expected(&self, now: Mono, limits: &Limits) -> BTreeMap<Key, i64> {
        let mut all = self.counts.clone();
        let mut put = |name, label: String, value: i64| {
            all.insert((name, label), value);
        };
        let open = self.open.values().count() as i64;
        put(metrics::CONNECTIONS_ACTIVE, String::new(), open);
        let pings = self.open.values().flat_map(|open| &open.pings);
        let late = pings.filter(|(_, sent)| now.since(*sent) >= limits.patience).count() as i64;
        put(metrics::HEARTBEAT_FAILURES, String::new(), self.unanswered + late);
        for percent in metrics::QUANTILES {
            if let Some(millis) = quantile(&self.latencies, percent) {
                let bound = metrics::BUCKETS[metrics::bucket(millis)];
                put(metrics::LATENCY, format!("quantile={percent}"), bound);
            }
        }
        let first = self.durations.len().saturating_sub(limits.durations);
        if let Some(millis) = quantile(&self.durations[first..], 95) {
            put(metrics::UPTIME, "quantile=95".to_owned(), millis);
        }
        all.retain(|(name, _), value| *value != 0 && self.is_sure(name));
        all
    }

    /// Whether the node can be held to a metric: what was told to it late it counted late.
    pub(crate) fn is_sure(&self, name: &str) -> bool {
        const TIMED: [&str; 7] = [
            metrics::DURATION,
            metrics::UPTIME,
            metrics::HEARTBEAT_FAILURES,
            metrics::LATENCY,
            metrics::BROADCAST,
            metrics::RECEIVED,
            metrics::OUT_OF_ORDER,
        ];
        !(self.held_up && TIMED.contains(&name))
    }
}

/// The smallest value that so many percent of all do not exceed.
fn quantile(values: &[i64], percent: u32) -> Option<i64> {
    let mut values = values.to_vec();
    values.sort_unstable();
    let place = (values.len() * percent as usize).div_ceil(100);
    place.checked_sub(1).and_then(|place| values.get(place).copied())
}

fn kind(meaning: &Meaning) -> String {
    format!("kind={}", meaning.kind.word())
}
