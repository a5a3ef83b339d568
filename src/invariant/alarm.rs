//! What the alerts of a server are about, measured from what was witnessed.

use std::collections::{BTreeMap, VecDeque};

use super::table::Table;
use crate::engine::Seen;
use crate::history::{Interest, Kind, Meaning, Observation, Side, metrics};
use crate::id::{ConnId, NodeId};
use crate::objectives::Monitoring;
use crate::time::{Mono, Span};

const MINUTE: Span = Span::secs(60);
/// What is usual is what was so in the time before the window, for so long.
const USUAL: Span = Span::secs(3600);

/// How much there is of something, and how much of it is too much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    pub(crate) value: u64,
    pub(crate) limit: u64,
}

impl Measure {
    /// Whether it is clearly too much.
    pub(crate) const fn is_high(self) -> bool {
        self.value > 0 && self.value * 100 >= self.limit * 120
    }
    /// Whether it clearly is not.
    pub(crate) const fn is_low(self) -> bool {
        self.value * 100 <= self.limit * 80
    }
}

#[derive(Debug)]
struct Line {
    opened: Mono,
    client: Option<NodeId>,
    welcomed: bool,
    /// The pings that are not answered, and when they were sent.
    pings: Vec<(u64, Mono)>,
    /// Messages that have left the server and have not arrived.
    waiting: u64,
}

/// A handshake that has come to something or to nothing.
#[derive(Debug)]
struct Past {
    opened: Mono,
    ended: Mono,
    client: Option<NodeId>,
    code: u16,
    welcomed: bool,
}

/// What befell one server, kept by somebody who looks on.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    lines: Table<ConnId, Line>,
    past: VecDeque<Past>,
    /// When pings were answered, or their connections ended: whether too late, and half of the
    /// way there and back where there was an answer.
    pings: VecDeque<(Mono, bool, Option<Span>)>,
    /// How much waited for one connection, where nothing later was more.
    depths: VecDeque<(Mono, u64)>,
    /// How many connections were open, at each change of the last minute.
    open: VecDeque<(Mono, u64)>,
}

impl Watch {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest =
        Interest::OPENED.and(Interest::CLOSED).and(Interest::SENT).and(Interest::DELIVERED);

    /// Somebody's dial has reached the server.
    pub(crate) fn opened(&mut self, conn: ConnId, client: Option<NodeId>, now: Mono) {
        let line = Line { opened: now, client, welcomed: false, pings: Vec::new(), waiting: 0 };
        self.lines.insert(conn, line);
        self.changed(now);
    }

    fn changed(&mut self, now: Mono) {
        self.open.push_back((now, self.lines.values().count() as u64));
    }

    /// Takes in what happened at the server. `patience` is how long the answer to a ping may
    /// take.
    pub(crate) fn observe(&mut self, seen: &Seen<'_>, patience: Span) {
        let now = seen.now.mono;
        match seen.what {
            Observation::Closed { conn, side: Side::Acceptor, code, .. } => {
                let Some(line) = self.lines.remove(conn) else { return };
                for (_, sent) in &line.pings {
                    if now.since(*sent) >= patience {
                        self.pings.push_back((now, true, None));
                    }
                }
                let Line { opened, client, welcomed, .. } = line;
                self.past.push_back(Past { opened, ended: now, client, code: *code, welcomed });
                self.changed(now);
            }
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                let Some(line) = self.lines.get_mut(conn) else { return };
                line.welcomed |= meaning.kind == Kind::Welcome;
                if meaning.kind == Kind::Ping {
                    line.pings.push((meaning.stamp, now));
                }
                line.waiting += 1;
                let waiting = line.waiting;
                while self.depths.back().is_some_and(|(_, before)| *before <= waiting) {
                    self.depths.pop_back();
                }
                self.depths.push_back((now, waiting));
            }
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                self.answered(*conn, meaning, now, patience);
            }
            _ => {}
        }
    }

    fn answered(&mut self, conn: ConnId, meaning: &Meaning, now: Mono, patience: Span) {
        let Some(line) = self.lines.get_mut(&conn).filter(|_| meaning.kind == Kind::Pong) else {
            return;
        };
        let place = line.pings.iter().position(|(stamp, _)| *stamp == meaning.stamp);
        let Some((_, sent)) = place.map(|place| line.pings.remove(place)) else { return };
        let took = now.since(sent);
        self.pings.push_back((now, took >= patience, Some(took.percent(50))));
    }

    /// Something that the server sent has arrived.
    pub(crate) fn arrived(&mut self, conn: ConnId) {
        if let Some(line) = self.lines.get_mut(&conn) {
            line.waiting = line.waiting.saturating_sub(1);
        }
    }

    /// What each alert is about, now.
    pub(crate) fn measures(
        &mut self,
        now: Mono,
        monitoring: &Monitoring,
        patience: Span,
    ) -> [(&'static str, Measure); 7] {
        let window = monitoring.window;
        self.past.retain(|past| now.since(past.ended) < window + USUAL);
        self.pings.retain(|(at, ..)| now.since(*at) < window);
        self.depths.retain(|(at, _)| now.since(*at) < window);
        while self.open.get(1).is_some_and(|(at, _)| now.since(*at) >= MINUTE) {
            self.open.pop_front();
        }
        [
            (metrics::RECONNECT_RATE, self.attempts(now, monitoring)),
            (metrics::HEARTBEAT_FAILURE_RATE, self.unanswered(now, monitoring, patience)),
            (metrics::QUEUE_DEPTH, self.depth(monitoring)),
            (metrics::MESSAGE_LATENCY, self.latency(now, monitoring)),
            (metrics::CONNECTION_ERROR_RATE, self.failed(now, monitoring)),
            (metrics::CLOSE_CODE_SPIKE, self.spike(now, monitoring)),
            (metrics::MASS_DISCONNECT, self.dropped(monitoring)),
        ]
    }

    /// The handshakes of the window: whose they were, whether they led to a welcome, and whether
    /// they may still do so.
    fn handshakes(
        &self,
        now: Mono,
        window: Span,
    ) -> impl Iterator<Item = (Option<NodeId>, bool, bool)> {
        let past = self.past.iter().map(|past| (past.opened, past.client, past.welcomed, false));
        let lines = self.lines.values();
        let open = lines.map(|line| (line.opened, line.client, line.welcomed, !line.welcomed));
        past.chain(open)
            .filter(move |(opened, ..)| now.since(*opened) < window)
            .map(|(_, client, welcomed, undecided)| (client, welcomed, undecided))
    }

    fn attempts(&self, now: Mono, monitoring: &Monitoring) -> Measure {
        let mut by_client: BTreeMap<NodeId, u64> = BTreeMap::new();
        for (client, ..) in self.handshakes(now, monitoring.window) {
            if let Some(client) = client {
                *by_client.entry(client).or_default() += 1;
            }
        }
        let most = by_client.into_values().max().unwrap_or(0);
        Measure {
            value: most * MINUTE.as_millis(),
            limit: u64::from(monitoring.attempts_per_minute) * monitoring.window.as_millis(),
        }
    }

    fn unanswered(&self, now: Mono, monitoring: &Monitoring, patience: Span) -> Measure {
        let waiting = self.lines.values().flat_map(|line| &line.pings);
        let late = waiting.filter(|(_, sent)| now.since(*sent) >= patience).count() as u64;
        let missed = self.pings.iter().filter(|(_, late, _)| *late).count() as u64 + late;
        let due = self.pings.len() as u64 + late;
        Measure { value: missed * 100, limit: u64::from(monitoring.unanswered_percent) * due }
    }

    fn depth(&self, monitoring: &Monitoring) -> Measure {
        let before = self.depths.iter().map(|(_, depth)| *depth);
        let now = self.lines.values().map(|line| line.waiting);
        Measure { value: before.chain(now).max().unwrap_or(0), limit: u64::from(monitoring.queue) }
    }

    fn latency(&self, now: Mono, monitoring: &Monitoring) -> Measure {
        let answered = self.pings.iter().filter_map(|(.., half)| *half);
        let waiting = self.lines.values().flat_map(|line| &line.pings);
        let ages = waiting.map(|(_, sent)| now.since(*sent));
        let all: Vec<u64> = answered.chain(ages).map(Span::as_micros).collect();
        let limit = monitoring.latency.as_micros() * all.len() as u64;
        Measure { value: all.iter().sum(), limit }
    }

    fn failed(&self, now: Mono, monitoring: &Monitoring) -> Measure {
        let known = self.handshakes(now, monitoring.window).filter(|(.., undecided)| !undecided);
        let (mut failed, mut all) = (0, 0);
        for (_, welcomed, _) in known {
            failed += u64::from(!welcomed);
            all += 1;
        }
        Measure { value: failed * 100, limit: u64::from(monitoring.failed_percent) * all }
    }

    fn spike(&self, now: Mono, monitoring: &Monitoring) -> Measure {
        let window = monitoring.window.as_millis();
        let worst = metrics::TROUBLE.into_iter().map(|code| {
            let ends = self.past.iter().filter(|past| past.code == code);
            let (lately, before): (Vec<&Past>, Vec<&Past>) =
                ends.partition(|past| now.since(past.ended) < monitoring.window);
            let usual = (before.len() as u64 * window / USUAL.as_millis()).max(1);
            let limit = usual * u64::from(monitoring.spike_times);
            Measure { value: lately.len() as u64, limit }
        });
        let worse = |one: &Measure, other: &Measure| {
            (one.value * other.limit).cmp(&(other.value * one.limit))
        };
        worst.max_by(worse).unwrap_or(Measure { value: 0, limit: 1 })
    }

    fn dropped(&self, monitoring: &Monitoring) -> Measure {
        let most = self.open.iter().map(|(_, open)| *open).max().unwrap_or(0);
        let is = self.open.back().map_or(0, |(_, open)| *open);
        Measure { value: (most - is) * 100, limit: u64::from(monitoring.drop_percent) * most }
    }
}
