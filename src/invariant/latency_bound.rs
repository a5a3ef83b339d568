//! Somebody else's trouble is nobody's delay.

use std::collections::{BTreeMap, BTreeSet};

use super::rooms::Rooms;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Connection, Interest, Kind, Life, Meaning, Observation, Path, Position, Side,
};
use crate::id::{ConnId, NodeId, Topic};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// Once a server has told anybody of an event, every healthy client of the room shows it soon:
/// one that was live, on a path and a connection that were as they should be all the while.
#[derive(Debug)]
pub struct LatencyBound {
    bound: Span,
    rooms: Rooms,
    /// Who dialled whom.
    ends: BTreeMap<ConnId, (NodeId, NodeId)>,
    /// Since when each node, and each client's way to the server, is as it should be.
    well: BTreeMap<NodeId, Time>,
    ill: BTreeSet<(NodeId, Option<NodeId>)>,
    live: BTreeSet<NodeId>,
    shown: BTreeMap<(NodeId, Topic), Position>,
    told: BTreeMap<Topic, Position>,
    due: BTreeMap<(Time, NodeId, Topic), (Position, NodeId)>,
}

impl LatencyBound {
    /// Judges by `event_latency`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            bound: objectives.event_latency,
            rooms: Rooms::default(),
            ends: BTreeMap::new(),
            well: BTreeMap::new(),
            ill: BTreeSet::new(),
            live: BTreeSet::new(),
            shown: BTreeMap::new(),
            told: BTreeMap::new(),
            due: BTreeMap::new(),
        }
    }

    /// Something befell a node, or its path to another: what is due to or from it is excused.
    fn unwell(&mut self, node: NodeId, at: Time) {
        self.well.insert(node, at);
        self.due.retain(|(_, client, _), (_, server)| *client != node && *server != node);
    }

    fn befell(&mut self, node: NodeId, other: Option<NodeId>, ill: bool, at: Time) {
        if ill {
            self.ill.insert((node, other));
        } else {
            self.ill.remove(&(node, other));
        }
        self.unwell(node, at);
        if let Some(other) = other {
            // A path is the client's: the server is well for everybody else.
            if self.ends.values().any(|(client, _)| *client == other) {
                self.unwell(other, at);
            }
        }
    }

    fn is_healthy(&self, client: NodeId, server: NodeId) -> bool {
        let ill = |node, other| self.ill.contains(&(node, other));
        self.live.contains(&client)
            && !ill(client, None)
            && !ill(server, None)
            && !ill(client, Some(server))
            && !ill(server, Some(client))
    }

    /// A server told somebody of an event for the first time: everybody is to see it.
    fn sent(&mut self, seen: &Seen<'_>, meaning: &Meaning, ruling: &mut Ruling) {
        let (Kind::Event, Some(topic), Some(position)) =
            (meaning.kind, meaning.topic, meaning.position)
        else {
            return;
        };
        if self.told.get(&topic).is_some_and(|told| *told >= position) {
            return;
        }
        self.told.insert(topic, position);
        let at = seen.at + self.bound;
        for conn in self.rooms.of(topic) {
            let Some((client, server)) = self.ends.get(&conn).copied() else { continue };
            if server == seen.node && self.is_healthy(client, server) {
                self.due.insert((at, client, topic), (position, server));
                ruling.wake_at(at + Span::micros(1));
            }
        }
    }

    fn status(&mut self, node: NodeId, connection: Connection, at: Time) {
        if connection == Connection::Live {
            self.live.insert(node);
        } else {
            self.live.remove(&node);
            self.unwell(node, at);
        }
    }
}

impl Invariant for LatencyBound {
    fn name(&self) -> &'static str {
        "latency-bound"
    }
    fn statement(&self) -> &'static str {
        "A healthy, subscribed client shows every event in less than the objectives' latency after \
         the server first told anybody of it, whatever ails others."
    }
    fn interest(&self) -> Interest {
        Interest::SENT
            .and(Interest::DELIVERED)
            .and(Interest::CLOSED)
            .and(Interest::DIALLED)
            .and(Interest::NODE)
            .and(Interest::LINK)
            .and(Interest::STATUS)
            .and(Interest::CONTENT)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Sent { side: Side::Acceptor, meaning, .. } => {
                self.sent(seen, meaning, ruling);
            }
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                self.rooms.came(*conn, meaning);
            }
            Observation::ShownContent(reading) if reading.part == 0 => {
                self.shown.insert((seen.node, reading.topic), reading.position);
            }
            Observation::ShownStatus(status) => self.status(seen.node, status.connection, seen.at),
            Observation::Dialled { conn, to, .. } => {
                self.ends.insert(*conn, (seen.node, *to));
            }
            Observation::Closed { conn, side, .. } => {
                if *side == Side::Acceptor {
                    self.rooms.closed(*conn);
                }
                if let Some((client, _)) = self.ends.get(conn).copied() {
                    self.unwell(client, seen.at);
                }
            }
            Observation::Node(life) => {
                let ill = matches!(life, Life::Crashed | Life::Paused | Life::Burdened);
                self.befell(seen.node, None, ill, seen.at);
                if life.starts_or_ends() {
                    self.live.remove(&seen.node);
                    self.shown.retain(|(node, _), _| *node != seen.node);
                }
            }
            Observation::Link { to, path } => {
                self.befell(seen.node, Some(*to), *path != Path::Up, seen.at);
            }
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(entry) = self.due.first_entry() {
            let (due, client, topic) = *entry.key();
            if due >= at {
                ruling.wake_at(due + Span::micros(1));
                return;
            }
            let (position, _) = entry.remove();
            let shown = self.shown.get(&(client, topic));
            if shown.is_none_or(|shown| *shown < position) {
                let since = at - self.bound;
                let message = format!(
                    "does not show {position} of {topic}, which was told to others at {since}"
                );
                ruling.violated(client, message);
            }
        }
    }
}
