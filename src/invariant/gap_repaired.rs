//! A gap does not stay open.

use std::num::NonZeroU32;

use super::covered::Arrivals;
use super::presence::Hindrance;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Observation, Position, Side};
use crate::id::{ConnId, NodeId, Topic};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// Some time after the first event beyond the next one came to a client, what is between has come
/// as well, or the client has asked for it and waits, or the connection has ended.
#[derive(Debug)]
pub struct GapRepaired {
    bound: Span,
    clients: Table<NodeId, Client>,
}

#[derive(Debug, Default)]
struct Client {
    arrivals: Arrivals,
    /// The last lineage of each topic of which it was sent the whole: that leaves nothing to be
    /// missed of an earlier one.
    lineages: Table<Topic, NonZeroU32>,
    /// On which connection, what came too early, and when.
    gap: Option<(ConnId, Topic, Position, Time)>,
    /// The connection on which it has asked and waits.
    asked: Option<ConnId>,
    held_up: Hindrance,
}

impl Client {
    /// Whether nothing is missing before a position.
    fn has(&self, topic: Topic, position: Position) -> bool {
        let is_over = self.lineages.get(&topic).is_some_and(|of| *of > position.epoch);
        is_over || self.arrivals.have(topic, position)
    }
}

impl GapRepaired {
    /// Judges by `gap_repair`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { bound: objectives.gap_repair, clients: Table::new() }
    }

    fn came(&mut self, seen: &Seen<'_>, conn: ConnId, ruling: &mut Ruling) {
        let Observation::Delivered { meaning, .. } = seen.what else { return };
        let client = self.clients.of(seen.node);
        client.arrivals.came(Some(conn), meaning);
        if matches!(meaning.kind, Kind::Snapshot | Kind::Delta) {
            client.asked = client.asked.filter(|asked| *asked != conn);
        }
        if let (Kind::Snapshot, Some(topic), Some(position)) =
            (meaning.kind, meaning.topic, meaning.position)
        {
            let known = client.lineages.get(&topic).copied();
            client
                .lineages
                .insert(topic, known.map_or(position.epoch, |it| it.max(position.epoch)));
        }
        if let Some((_, topic, position, _)) = client.gap
            && client.has(topic, position)
        {
            client.gap = None;
        }
        if let (Kind::Event, Some(topic), Some(position)) =
            (meaning.kind, meaning.topic, meaning.position)
            && client.gap.is_none()
            && client.asked.is_none()
            && !client.has(topic, position)
        {
            client.gap = Some((conn, topic, position, seen.at));
            ruling.wake_at(seen.at + self.bound + Span::micros(1));
        }
    }
}

impl Invariant for GapRepaired {
    fn name(&self) -> &'static str {
        "gap-repaired"
    }
    fn statement(&self) -> &'static str {
        "Soon after the first event beyond the next one was delivered to a client, the events \
         between have been delivered, or the client has asked for them, or the connection has ended."
    }
    fn interest(&self) -> Interest {
        Interest::DELIVERED
            .and(Interest::SENT_OTHER)
            .and(Interest::CAST)
            .and(Interest::CLOSED)
            .and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, .. } => {
                self.came(seen, *conn, ruling);
            }
            Observation::CastDelivered { meaning, .. } => {
                self.clients.of(seen.node).arrivals.came(None, meaning);
            }
            Observation::Sent { conn, side: Side::Dialler, meaning, .. } => {
                let client = self.clients.of(seen.node);
                client.arrivals.sent(*conn, meaning);
                if matches!(meaning.kind, Kind::SyncRequest | Kind::Hello | Kind::Subscribe) {
                    (client.gap, client.asked) = (None, Some(*conn));
                }
            }
            Observation::Closed { conn, side: Side::Dialler, .. } => {
                let client = self.clients.of(seen.node);
                client.arrivals.closed(*conn);
                client.gap = client.gap.filter(|(on, ..)| on != conn);
                client.asked = client.asked.filter(|asked| asked != conn);
            }
            Observation::Node(life) => match life {
                life if life.starts_or_ends() => drop(self.clients.remove(&seen.node)),
                Life::Paused | Life::Burdened => {
                    let client = self.clients.of(seen.node);
                    client.held_up.observe(*life);
                    client.gap = None;
                }
                _ => {
                    let client = self.clients.of(seen.node);
                    client.held_up.observe(*life);
                    // What came meanwhile it sees now.
                    if let Some((.., since)) = &mut client.gap {
                        *since = seen.at;
                        ruling.wake_at(seen.at + self.bound + Span::micros(1));
                    }
                }
            },
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        let bound = self.bound;
        for (node, client) in self.clients.iter() {
            let Some((conn, topic, position, since)) = client.gap else { continue };
            if client.held_up.is_there() || client.has(topic, position) {
                continue;
            }
            if at.since(since) > bound {
                let message = format!(
                    "{position} of {topic} came on {conn} at {since}; what is before it has not \
                     come, and nobody asked for it"
                );
                ruling.violated(*node, message);
            } else {
                ruling.wake_at(since + bound + Span::micros(1));
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        for client in self.clients.values_mut() {
            client.arrivals.forget(horizon);
        }
    }
}
