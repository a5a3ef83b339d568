//! A server leaves nothing out for one of those who listen.

use super::presence::Hindrance;
use super::rooms::Rooms;
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Meaning, Observation, Path, Position, Side};
use crate::id::{ConnId, NodeId, Topic};
use crate::time::{Span, Time};

/// How long after one listener another may be told.
const APART: Span = Span::secs(1);
/// How long servers may take to be level again after trouble with one of them or between two.
const RECOVERY: Span = Span::secs(35);

/// What a connection was told of a topic.
#[derive(Clone, Copy, Debug)]
struct Told {
    by: NodeId,
    upto: Position,
    /// When it was last brought level.
    synced: Time,
}

/// An event that somebody was told of, and by whom.
#[derive(Clone, Copy, Debug)]
struct Newest {
    event: Position,
    by: NodeId,
}

/// What is going around about a topic.
#[derive(Clone, Copy, Debug)]
struct Round {
    newest: Newest,
    /// What everybody is to have been told of at a time.
    due: Option<(Time, Newest)>,
}

/// The events that a server sends on a connection follow the snapshot or delta that it sent there
/// first, and each other, with no number left out. What is sent to one subscriber is sent within
/// a second to every other, also by other servers, unless there was trouble with those lately.
#[derive(Debug, Default)]
pub struct DeliveryToAllSubscribers {
    rooms: Rooms,
    /// Up to where a connection was told of a topic.
    told: Table<(ConnId, Topic), Told>,
    rounds: Table<Topic, Round>,
    servers: Set<NodeId>,
    /// What keeps each node from its work.
    held_up: Table<NodeId, Hindrance>,
    /// Paths between servers that are not as usual, and servers, as paths to themselves.
    unusual: Set<(NodeId, NodeId)>,
    /// When there last was trouble with a server, or between two.
    trouble: Option<Time>,
}

impl DeliveryToAllSubscribers {
    fn sent(&mut self, seen: &Seen<'_>, conn: ConnId, meaning: &Meaning, ruling: &mut Ruling) {
        let (Some(topic), Some(position)) = (meaning.topic, meaning.position) else { return };
        let by = seen.node;
        match meaning.kind {
            Kind::Snapshot | Kind::Delta => {
                self.told.insert((conn, topic), Told { by, upto: position, synced: seen.at });
            }
            Kind::Event => {
                let Some(told) = self.told.get_mut(&(conn, topic)) else { return };
                let upto = told.upto;
                if upto.epoch == position.epoch && position.seq > upto.seq + 1 {
                    let message = format!(
                        "sent {position} of {topic} on {conn} after {upto}, and nothing between"
                    );
                    ruling.violated(by, message);
                }
                told.upto = position.max(upto);
                self.went_round(seen.at, topic, Newest { event: position, by }, ruling);
            }
            _ => {}
        }
    }

    /// Somebody was told of an event.
    fn went_round(&mut self, at: Time, topic: Topic, event: Newest, ruling: &mut Ruling) {
        let known = self.rounds.get(&topic).copied();
        if known.is_some_and(|known| known.newest.event >= event.event) {
            return;
        }
        let due = known.and_then(|known| known.due).unwrap_or((at + APART, event));
        self.rounds.insert(topic, Round { newest: event, due: Some(due) });
        ruling.wake_at(due.0);
    }

    /// Who was not told of an event that everybody is to know by now.
    fn left_out(&self, at: Time, topic: Topic, due: Newest) -> Option<(ConnId, Told)> {
        let level = |told: &Told| at.since(told.synced) < APART;
        let calm = self.unusual.keys().next().is_none()
            && self.trouble.is_none_or(|trouble| at.since(trouble) >= RECOVERY);
        self.rooms.of(topic).find_map(|conn| {
            let told = *self.told.get(&(conn, topic))?;
            let behind = told.upto.epoch == due.event.epoch && told.upto < due.event;
            let judged = !level(&told) && (calm || told.by == due.by);
            (behind && judged).then_some((conn, told))
        })
    }

    fn unusual(&mut self, at: Time, place: (NodeId, NodeId), is: bool) {
        self.trouble = Some(at);
        if is {
            self.unusual.insert(place, ());
        } else {
            self.unusual.remove(&place);
        }
    }

    fn lives(&mut self, at: Time, node: NodeId, life: Life) {
        if !self.servers.contains_key(&node) {
            return;
        }
        if life.starts_or_ends() {
            self.told.retain(|_, told| told.by != node);
        }
        let held_up = self.held_up.of(node);
        held_up.observe(life);
        let is = held_up.is_there();
        self.unusual(at, (node, node), is);
    }
}

impl Invariant for DeliveryToAllSubscribers {
    fn name(&self) -> &'static str {
        "delivery-to-all-subscribers"
    }
    fn statement(&self) -> &'static str {
        "Every event after the sync point of a subscribed connection is sent on it, with none left \
         out, within 1 s of the first on which it is sent, on every server instance, as long as \
         the connection lives."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_EVENT
            .and(Interest::SENT_OTHER)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::OPENED)
            .and(Interest::CLOSED)
            .and(Interest::NODE)
            .and(Interest::LINK)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Sent { conn, side: Side::Acceptor, live: true, ref meaning } => {
                self.sent(seen, conn, meaning, ruling);
            }
            Observation::Delivered { conn, side: Side::Acceptor, ref meaning } => {
                self.rooms.came(conn, meaning);
                if let (Kind::Unsubscribe, Some(topic)) = (meaning.kind, meaning.topic) {
                    self.told.remove(&(conn, topic));
                }
            }
            Observation::Opened { side: Side::Acceptor, .. } => {
                self.servers.insert(seen.node, ());
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.rooms.closed(conn);
                self.told.retain(|(of, _), _| *of != conn);
            }
            Observation::Node(life) => self.lives(seen.at, seen.node, life),
            Observation::Link { to, path }
                if self.servers.contains_key(&seen.node) && self.servers.contains_key(&to) =>
            {
                self.unusual(seen.at, (seen.node, to), path != Path::Up);
            }
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        let over: Vec<(Topic, Newest)> = self
            .rounds
            .iter()
            .filter_map(|(topic, round)| {
                round.due.filter(|(by, _)| *by <= at).map(|due| (*topic, due.1))
            })
            .collect();
        for (topic, due) in over {
            if let Some((conn, told)) = self.left_out(at, topic, due) {
                let message = format!(
                    "has not sent {} of {topic} on {conn}, which was told up to {}",
                    due.event, told.upto
                );
                ruling.violated(told.by, message);
            }
            let round = self.rounds.get_or_insert(topic, Round { newest: due, due: None });
            round.due = (round.newest.event > due.event).then_some((at + APART, round.newest));
        }
        if let Some(next) =
            self.rounds.values().filter_map(|round| round.due).map(|due| due.0).min()
        {
            ruling.wake_at(next);
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.told.retain(|(conn, _), _| *conn >= horizon.conn);
        self.rooms.retain(|conn| conn >= horizon.conn);
    }
}
