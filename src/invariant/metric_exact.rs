//! Metrics say what happened.

use std::collections::BTreeMap;

use super::metered::{Key, Ledger, Limits};
use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation, metrics};
use crate::id::NodeId;
use crate::objectives::{Monitoring, Objectives};
use crate::time::{Span, Time};

/// Where the objectives ask for metrics, each running node gives samples of all published metrics
/// that are not zero once per scrape interval, and each equals what somebody who looks on has
/// counted; a percentile may lie one bucket off. A node that is held up is not judged until it has
/// caught up, and from then on not by what depends on when it learnt of something.
#[derive(Debug)]
pub struct MetricExact {
    monitoring: Option<Monitoring>,
    limits: Limits,
    presence: Presence,
    nodes: Table<NodeId, Watched>,
    dues: Dues<(NodeId, bool)>,
}

#[derive(Debug, Default)]
struct Watched {
    ledger: Ledger,
    /// When samples were last given, and what of them has not come yet.
    scrape: Option<(Time, BTreeMap<Key, i64>)>,
}

impl MetricExact {
    /// Judges by `monitoring` and `heartbeat_timeout`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            monitoring: objectives.monitoring.clone(),
            limits: Limits {
                patience: objectives.heartbeat_timeout,
                durations: objectives.table_max.get("durations").map_or(0, |most| *most as usize),
            },
            presence: Presence::default(),
            nodes: Table::new(),
            dues: Dues::default(),
        }
    }

    fn sample(&mut self, seen: &Seen<'_>, key: (&str, &str), value: i64, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        if !self.presence.is_free(node, at) {
            return;
        }
        let watched = self.nodes.of(node);
        let Some((name, ..)) = metrics::METRICS.iter().find(|(name, ..)| *name == key.0) else {
            return;
        };
        if watched.scrape.as_ref().is_none_or(|(last, _)| *last != at) {
            let expected = watched.ledger.expected(seen.now.mono, &self.limits);
            watched.scrape = Some((at, expected));
            self.dues.add(at + TICK, (node, false), ruling);
        }
        if !watched.ledger.is_sure(name) {
            return;
        }
        let Some((_, expected)) = &mut watched.scrape else { return };
        let expected = expected.remove(&(*name, key.1.to_owned())).unwrap_or(0);
        let near = *name == metrics::LATENCY
            && metrics::bucket(value).abs_diff(metrics::bucket(expected)) <= 1;
        if value != expected && !near {
            let (name, label) = key;
            let message = format!("{name}{{{label}}} is given as {value}; it is {expected}");
            ruling.violated(node, message);
        }
    }

    /// Something that was counted is not among the samples.
    fn missing(&self, node: NodeId, at: Time, ruling: &mut Ruling) {
        let Some(Some((given, rest))) = self.nodes.get(&node).map(|one| &one.scrape) else {
            return;
        };
        if let Some(((name, label), value)) = rest.iter().next().filter(|_| *given + TICK == at) {
            ruling.violated(node, format!("no sample of {name}{{{label}}}, which is {value}"));
        }
    }

    /// No samples were given for too long.
    fn silent(&mut self, node: NodeId, at: Time, ruling: &mut Ruling) {
        let Some(monitoring) = &self.monitoring else { return };
        let most = monitoring.scrape * 2;
        let last = self.nodes.get(&node).and_then(|one| one.scrape.as_ref()).map(|(at, _)| *at);
        let since = last.unwrap_or(Time::ZERO).max(self.presence.awake_at(node));
        if self.presence.is_down(node) {
            return;
        }
        if self.presence.is_free(node, at) && at.since(since) > most {
            ruling.violated(node, format!("no metrics for {}", at.since(since)));
        } else {
            self.dues.add(at + monitoring.scrape, (node, true), ruling);
        }
    }
}

impl Invariant for MetricExact {
    fn name(&self) -> &'static str {
        "metric-exact"
    }
    fn statement(&self) -> &'static str {
        "Where metrics are asked for, at every scrape each published metric is given and equals \
         what was witnessed."
    }
    fn interest(&self) -> Interest {
        if self.monitoring.is_none() {
            return Interest::NONE;
        }
        Presence::INTEREST.and(Ledger::INTEREST).and(Interest::METRIC)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Metric { name, labels, value } => {
                self.sample(seen, (name, labels), *value, ruling);
            }
            Observation::Node(life) => {
                self.presence.observe(seen);
                match life {
                    Life::Started | Life::Restarted => {
                        self.nodes.insert(node, Watched::default());
                        self.dues.add(seen.at + Span::secs(1), (node, true), ruling);
                    }
                    Life::Crashed => {
                        self.nodes.remove(&node);
                    }
                    _ => self.nodes.of(node).ledger.held_up = true,
                }
            }
            Observation::Busy { .. } => {
                self.presence.observe(seen);
                self.nodes.of(node).ledger.held_up = true;
            }
            Observation::Clock { .. } => self.presence.observe(seen),
            _ => self.nodes.of(node).ledger.observe(seen, self.limits.patience),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some((node, silent)) = self.dues.take(at, ruling) {
            if silent {
                self.silent(node, at, ruling);
            } else {
                self.missing(node, at, ruling);
            }
        }
    }
}
