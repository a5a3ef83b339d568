//! What only a client counts: how long its person waits for acks, what had to be repaired, and
//! how long its connections last.

use std::collections::VecDeque;

use wavetank::history::{Kind, Meaning, Name, Position, Size, metrics};
use wavetank::id::OpId;
use wavetank::objectives::Objectives;
use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::Steps;
use crate::message::CONFLICT;
use crate::protocol::DocSync;

/// The most durations that are kept. The objectives' limit holds as well.
const MOST: u32 = 50;
/// What the memory of durations is called.
const TABLE: &str = "durations";

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
    /// How long the last connections lasted, in milliseconds.
    durations: VecDeque<i64>,
    durations_limit: usize,
    durations_max: usize,
}

impl Own {
    pub(super) fn new(objectives: &Objectives, steps: Steps) -> Self {
        let demanded = objectives.table_max.get(TABLE);
        let limit = demanded.map_or(MOST, |most| MOST.min(*most)) as usize;
        Self {
            steps,
            given: VecDeque::new(),
            given_limit: objectives.queue_max as usize,
            buckets: [0; metrics::BUCKETS.len()],
            resyncs: 0,
            conflicts: 0,
            duplicates: 0,
            out_of_order: 0,
            durations: VecDeque::new(),
            durations_limit: limit,
            durations_max: 0,
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

    /// A connection has lasted for so long.
    pub(super) fn lasted(&mut self, span: Span, out: &mut Outbox<DocSync>) {
        self.durations.push_back(span.as_millis() as i64);
        let most = (self.steps.kept)(self.durations_limit);
        while self.durations.len() > most {
            self.durations.pop_front();
        }
        if self.durations.len() > self.durations_max {
            self.durations_max = self.durations.len();
            let len = self.durations_max as u32;
            out.holds(TABLE, Size { len, ..Size::default() });
        }
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
        let mut durations: Vec<i64> = self.durations.iter().copied().collect();
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
