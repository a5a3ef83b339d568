//! Alerts are on when they should be.

use std::collections::BTreeSet;

use super::alarm::{Measure, Watch};
use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::{Monitoring, Objectives};
use crate::time::{Span, Time};

/// Where the objectives ask for monitoring, each published alert of a server is, after each of its
/// scrapes, on if what it is about lies a fifth or more above its threshold, and off if that lies a
/// fifth or more below, over the window that ends there. What a server was held up from learning is
/// not asked of it.
#[derive(Debug)]
pub struct AlertCorrect {
    monitoring: Option<Monitoring>,
    /// How long the answer to a ping may take.
    patience: Span,
    presence: Presence,
    dialled: Table<ConnId, (NodeId, NodeId)>,
    servers: Table<NodeId, Server>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Server {
    watch: Watch,
    held_up: bool,
    on: BTreeSet<String>,
    scrape: Option<(Time, [(&'static str, Measure); 7])>,
}

impl AlertCorrect {
    /// Judges by `monitoring` and `heartbeat_timeout`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            monitoring: objectives.monitoring.clone(),
            patience: objectives.heartbeat_timeout,
            presence: Presence::default(),
            dialled: Table::new(),
            servers: Table::new(),
            dues: Dues::default(),
        }
    }

    /// Samples were given: now is when the alerts must be right.
    fn scraped(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        let Some(monitoring) = &self.monitoring else { return };
        let Some(server) = self.servers.get_mut(&node).filter(|server| !server.held_up) else {
            return;
        };
        if server.scrape.as_ref().is_none_or(|(last, _)| *last != at) {
            let measures = server.watch.measures(seen.now.mono, monitoring, self.patience);
            server.scrape = Some((at, measures));
            self.dues.add(at + TICK, node, ruling);
        }
    }
}

impl Invariant for AlertCorrect {
    fn name(&self) -> &'static str {
        "alert-correct"
    }
    fn statement(&self) -> &'static str {
        "Where monitoring is asked for, each alert of a server is on if what it is about is \
         clearly above its threshold, and off if it is clearly below."
    }
    fn interest(&self) -> Interest {
        if self.monitoring.is_none() {
            return Interest::NONE;
        }
        let claims = Interest::METRIC.and(Interest::ALERT);
        Presence::INTEREST.and(Watch::INTEREST).and(Interest::DIALLED).and(claims)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Dialled { conn, to, .. } => {
                self.dialled.insert(*conn, (node, *to));
            }
            Observation::Opened { conn, side: Side::Acceptor } => {
                let client = self.dialled.get(conn).map(|(client, _)| *client);
                self.servers.of(node).watch.opened(*conn, client, seen.now.mono);
            }
            Observation::Delivered { conn, side: Side::Dialler, .. } => {
                if let Some((_, to)) = self.dialled.get(conn)
                    && let Some(server) = self.servers.get_mut(to)
                {
                    server.watch.arrived(*conn);
                }
            }
            Observation::Metric { .. } => self.scraped(seen, ruling),
            Observation::Alert { name, on } => {
                let server = self.servers.of(node);
                if *on {
                    server.on.insert(name.to_string());
                } else {
                    server.on.remove(name.as_ref());
                }
            }
            Observation::Node(life) => {
                self.presence.observe(seen);
                if life.starts_or_ends() {
                    self.servers.remove(&node);
                } else if let Some(server) = self.servers.get_mut(&node) {
                    server.held_up |= *life != Life::Resumed;
                }
            }
            Observation::Busy { .. } | Observation::Clock { .. } => self.presence.observe(seen),
            _ => {
                if let Some(server) = self.servers.get_mut(&node) {
                    server.watch.observe(seen, self.patience);
                }
            }
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some(server) = self.servers.get(&node) else { continue };
            let Some((_, measures)) = server.scrape.filter(|(given, _)| *given + TICK == at) else {
                continue;
            };
            for (name, measure) in measures {
                let on = server.on.contains(name);
                let word = match on {
                    false if measure.is_high() => "off",
                    true if measure.is_low() => "on",
                    _ => continue,
                };
                let Measure { value, limit } = measure;
                let message = format!("{name} is {word} at {value}; its threshold is {limit}");
                ruling.violated(node, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.dialled.retain(|conn, _| *conn >= horizon.conn);
    }
}
