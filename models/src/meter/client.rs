//! What only a client counts: how long its person waits for acks, what had to be repaired, how long
//! its connections last, and how often it tries to connect.

use std::collections::VecDeque;

use wavetank::history::{Channel, Kind, Meaning, Name, Position, Size, metrics};
use wavetank::id::{ConnId, OpId};
use wavetank::objectives::Objectives;
use wavetank::protocol::Outbox;
use wavetank::time::{Mono, Now, Span};

use super::Steps;
use crate::message::CONFLICT;
use crate::protocol::DocSync;

/// The last values of something, in milliseconds.
struct Last {
    table: &'static str,
    limit: usize,
    values: VecDeque<i64>,
    values_max: usize,
}

impl Last {
    /// A memory of this name for so many values, or for fewer if the objectives say so.
    fn new(table: &'static str, most: u32, objectives: &Objectives) -> Self {
        let limit = objectives.table_max.get(table).map_or(most, |demanded| most.min(*demanded));
        Self { table, limit: limit as usize, values: VecDeque::new(), values_max: 0 }
    }

    fn keep(&mut self, value: Span, steps: &Steps, out: &mut Outbox<DocSync>) {
        self.values.push_back(value.as_millis() as i64);
        let most = (steps.kept)(self.limit);
        while self.values.len() > most {
            self.values.pop_front();
        }
        if self.values.len() > self.values_max {
            self.values_max = self.values.len();
            let len = self.values_max as u32;
            out.holds(self.table, Size { len, ..Size::default() });
        }
    }
}

/// The books of a client.
pub(super) struct Own {
    steps: Steps,
    /// Operations without an ack, and when they were given, oldest first.
    given: VecDeque<(OpId, Now)>,
    given_limit: usize,
    /// How many acks took how long.
    buckets: [u32; metrics::BUCKETS.len()],
    resyncs: i64,
    conflicts: i64,
    duplicates: i64,
    out_of_order: i64,
    /// How long the last connections lasted.
    durations: Last,
    /// How long after the attempt before each of the last attempts to connect again was made.
    attempts: Last,
    attempted: Option<Mono>,
    /// The last dial that is no socket.
    request: Option<ConnId>,
    was_open: bool,
}

impl Own {
    pub(super) fn new(objectives: &Objectives, steps: Steps) -> Self {
        Self {
            steps,
            given: VecDeque::new(),
            given_limit: objectives.queue_max as usize,
            buckets: [0; metrics::BUCKETS.len()],
            resyncs: 0,
            conflicts: 0,
            duplicates: 0,
            out_of_order: 0,
            durations: Last::new("durations", 50, objectives),
            attempts: Last::new("attempts", 100, objectives),
            attempted: None,
            request: None,
            was_open: false,
        }
    }

    /// The person makes an operation.
    pub(super) fn given(&mut self, op: OpId, now: Now) {
        if self.given.len() >= self.given_limit {
            self.given.pop_front();
        }
        self.given.push_back((op, now));
    }

    /// A message comes to a client that has applied events up to `cursor`.
    pub(super) fn came(&mut self, now: Now, meaning: &Meaning, cursor: Option<Position>) {
        match meaning.kind {
            Kind::Ack => {
                let place = self.given.iter().position(|(op, _)| Some(*op) == meaning.op);
                if let Some((_, given)) = place.and_then(|place| self.given.remove(place)) {
                    let millis = (self.steps.latency)(given, now).as_millis() as i64;
                    self.buckets[metrics::bucket(millis)] += 1;
                }
            }
            Kind::Nack if meaning.code == CONFLICT => self.conflicts += 1,
            Kind::Event => match (meaning.position, cursor) {
                (Some(position), Some(cursor)) if position <= cursor => self.duplicates += 1,
                (Some(position), Some(cursor)) if position == cursor.next() => {}
                (Some(_), _) => self.out_of_order += 1,
                (None, _) => {}
            },
            _ => {}
        }
    }

    pub(super) fn sent(&mut self, meaning: &Meaning) {
        self.resyncs += i64::from(meaning.kind == Kind::SyncRequest);
    }

    /// The client dials.
    pub(super) fn dialled(
        &mut self,
        now: Now,
        conn: ConnId,
        channel: Channel,
        out: &mut Outbox<DocSync>,
    ) {
        if channel == Channel::Request {
            self.request = Some(conn);
        } else if let Some(before) = self.attempted.replace(now.mono) {
            self.attempts.keep(now.mono.since(before), &self.steps, out);
        }
    }

    /// A connection opens. Gives back whether it is a socket, and not the first.
    pub(super) fn comes_back(&mut self, conn: ConnId) -> bool {
        self.request != Some(conn) && std::mem::replace(&mut self.was_open, true)
    }

    /// A connection has lasted for so long.
    pub(super) fn lasted(&mut self, span: Span, out: &mut Outbox<DocSync>) {
        self.durations.keep(span, &self.steps, out);
    }

    pub(super) fn scrape(&self, out: &mut Outbox<DocSync>) {
        for percent in metrics::QUANTILES {
            let all: u32 = self.buckets.iter().sum();
            let wanted = (all * percent).div_ceil(100);
            let mut seen = 0;
            let reached = |count: &u32| {
                seen += count;
                all > 0 && seen >= wanted
            };
            if let Some(place) = self.buckets.iter().position(reached) {
                let label = Name::Owned(format!("quantile={percent}"));
                out.metric(metrics::LATENCY, label, metrics::BUCKETS[place]);
            }
        }
        let mut durations: Vec<i64> = self.durations.values.iter().copied().collect();
        durations.sort_unstable();
        let place = (durations.len() * 95).div_ceil(100);
        if let Some(millis) = place.checked_sub(1).and_then(|place| durations.get(place)) {
            out.metric(metrics::UPTIME, "quantile=95", *millis);
        }
        if (self.steps.counts_anomalies)() {
            for (name, value) in [
                (metrics::RESYNCS, self.resyncs),
                (metrics::CONFLICTS, self.conflicts),
                (metrics::DUPLICATES, self.duplicates),
                (metrics::OUT_OF_ORDER, self.out_of_order),
            ] {
                out.metric(name, "", value);
            }
        }
    }
}
