//! Somebody else's trouble is nobody's delay.

use std::collections::{BTreeMap, BTreeSet};

use super::presence::Hindrance;
use super::rooms::Rooms;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Meaning, Observation, Path, Position, Side};
use crate::id::{ConnId, NodeId, Topic};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// Once a server has told anybody of an event, be it by an ack, it tells every healthy connection of the room
/// soon: one that was open, over a path that was as it should be all the while.
#[derive(Debug)]
pub struct LatencyBound {
    bound: Span,
    rooms: Rooms,
    /// Who dialled whom.
    ends: Table<ConnId, (NodeId, NodeId)>,
    /// What keeps each node from its work.
    held_up: Table<NodeId, Hindrance>,
    /// Nodes, and paths from one to another, that are not as they should be.
    ill: BTreeSet<(NodeId, Option<NodeId>)>,
    /// The newest event that a server told anybody of, by topic.
    told: Table<(NodeId, Topic), Position>,
    /// The newest event that was sent on a connection.
    sent: Table<ConnId, Table<Topic, Position>>,
    due: BTreeMap<(Time, ConnId, Topic), Position>,
}

impl LatencyBound {
    /// Judges by `event_latency`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            bound: objectives.event_latency,
            rooms: Rooms::default(),
            ends: Table::new(),
            held_up: Table::new(),
            ill: BTreeSet::new(),
            told: Table::new(),
            sent: Table::new(),
            due: BTreeMap::new(),
        }
    }

    /// A node, or the path to another, is ill or well: what is due there is excused.
    fn befell(&mut self, node: NodeId, other: Option<NodeId>, ill: bool) {
        if ill {
            self.ill.insert((node, other));
        } else {
            self.ill.remove(&(node, other));
        }
        let ends = &self.ends;
        self.due.retain(|(_, conn, _), _| {
            // All that is due is due on a connection that was dialled.
            let Some(&(client, server)) = ends.get(conn) else { return true };
            let at = [client, server].contains(&node);
            !(at && other.is_none_or(|other| [client, server].contains(&other)))
        });
    }

    fn sent_on(&self, conn: ConnId, topic: Topic) -> Option<Position> {
        self.sent.get(&conn)?.get(&topic).copied()
    }

    fn is_healthy(&self, client: NodeId, server: NodeId) -> bool {
        let ill = |node, other| self.ill.contains(&(node, other));
        !ill(client, None)
            && !ill(server, None)
            && !ill(client, Some(server))
            && !ill(server, Some(client))
    }

    /// A server told an author that her operation is the next event: it is due to everybody.
    fn acked(&mut self, seen: &Seen<'_>, conn: ConnId, meaning: &Meaning, ruling: &mut Ruling) {
        let Some(position) = meaning.position else { return };
        let Some(topic) = meaning.topic.or_else(|| self.rooms.only(conn)) else { return };
        let told = self.told.get(&(seen.node, topic));
        if told.is_some_and(|told| told.next() == position) {
            self.announced(seen, topic, position, ruling);
        }
    }

    /// A server sent state on a connection. The first event of its number is due to everybody.
    fn sent(&mut self, seen: &Seen<'_>, conn: ConnId, meaning: &Meaning, ruling: &mut Ruling) {
        if meaning.kind == Kind::Ack {
            return self.acked(seen, conn, meaning, ruling);
        }
        let (Some(topic), Some(position)) = (meaning.topic, meaning.position) else { return };
        if !matches!(meaning.kind, Kind::Event | Kind::Snapshot | Kind::Delta) {
            return;
        }
        let last = self.sent.of(conn).get_or_insert(topic, position);
        *last = position.max(*last);
        let told = self.told.get(&(seen.node, topic));
        if meaning.kind == Kind::Event && told.is_none_or(|told| *told < position) {
            self.announced(seen, topic, position, ruling);
        }
    }

    /// Somebody knows of an event now.
    fn announced(
        &mut self,
        seen: &Seen<'_>,
        topic: Topic,
        position: Position,
        ruling: &mut Ruling,
    ) {
        self.told.insert((seen.node, topic), position);
        let at = seen.at + self.bound;
        for conn in self.rooms.of(topic) {
            let Some((client, server)) = self.ends.get(&conn).copied() else { continue };
            let known = self.sent_on(conn, topic).is_some();
            if known && server == seen.node && self.is_healthy(client, server) {
                self.due.insert((at, conn, topic), position);
                ruling.wake_at(at + Span::micros(1));
            }
        }
    }
}

impl Invariant for LatencyBound {
    fn name(&self) -> &'static str {
        "latency-bound"
    }
    fn statement(&self) -> &'static str {
        "Once a server has told anybody of an event, it tells every healthy connection of the room \
         within the objectives' latency, whatever ails others."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_EVENT
            .and(Interest::SENT_OTHER)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::CLOSED)
            .and(Interest::DIALLED)
            .and(Interest::NODE)
            .and(Interest::LINK)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Sent { conn, side: Side::Acceptor, meaning, .. } => {
                self.sent(seen, *conn, meaning, ruling);
            }
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                self.rooms.came(*conn, meaning);
            }
            Observation::Dialled { conn, to, .. } => {
                self.ends.insert(*conn, (seen.node, *to));
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.rooms.closed(*conn);
                self.sent.remove(conn);
                self.due.retain(|(_, of, _), _| of != conn);
            }
            Observation::Node(life) => {
                let held_up = self.held_up.of(seen.node);
                held_up.observe(*life);
                let ill = held_up.is_there();
                self.befell(seen.node, None, ill);
                if *life == Life::Crashed {
                    let gone = |ends: &Table<ConnId, (NodeId, NodeId)>, conn: &ConnId| {
                        ends.get(conn).is_some_and(|(_, server)| *server == seen.node)
                    };
                    let ends = &self.ends;
                    self.sent.retain(|conn, _| !gone(ends, conn));
                    self.rooms.retain(|conn| !gone(ends, &conn));
                    self.told.retain(|(server, _), _| *server != seen.node);
                }
            }
            Observation::Link { to, path } => {
                self.befell(seen.node, Some(*to), *path != Path::Up);
            }
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(entry) = self.due.first_entry() {
            let (due, conn, topic) = *entry.key();
            if due >= at {
                ruling.wake_at(due + Span::micros(1));
                return;
            }
            let position = entry.remove();
            if self.sent_on(conn, topic).is_none_or(|sent| sent < position) {
                let Some(&(client, server)) = self.ends.get(&conn) else { continue };
                let since = due - self.bound;
                let message = format!(
                    "others were told of {position} of {topic} at {since}; {client} was not, on {conn}"
                );
                ruling.violated(server, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.ends.retain(|conn, _| *conn >= horizon.conn);
        self.sent.retain(|conn, _| *conn >= horizon.conn);
        self.rooms.retain(|conn| conn >= horizon.conn);
    }
}
