//! What comes in parts comes.

use super::open_topics::OpenTopics;
use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Observation, Position, Side};
use crate::id::{ConnId, NodeId};
use crate::time::{Span, Time};

/// What has come is shown this soon.
const SOON: Span = Span::secs(1);

/// What a client was sent in parts, it shows within a second after the last of them was delivered,
/// as if it had come in one piece. The last part counts as the message itself.
#[derive(Debug, Default)]
pub struct FragmentReassembly {
    presence: Presence,
    topics: OpenTopics,
    /// Connections on which parts have come, and the last of them has not.
    open: Table<ConnId, ()>,
    shown: Table<NodeId, Position>,
    /// What is to be shown, since when, and the connection that it came on.
    due: Table<NodeId, (Position, Time, ConnId)>,
    dues: Dues<NodeId>,
}

impl FragmentReassembly {
    /// The last part of something came.
    fn whole(&mut self, seen: &Seen<'_>, conn: ConnId, to: Position, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        let is_news = self.shown.get(&node).is_none_or(|shown| *shown < to);
        if is_news && self.presence.is_free(node, at) {
            self.due.insert(node, (to, at, conn));
            self.dues.add(at + SOON + TICK, node, ruling);
        }
    }
}

impl Invariant for FragmentReassembly {
    fn name(&self) -> &'static str {
        "fragment-reassembly"
    }
    fn statement(&self) -> &'static str {
        "What is delivered to a client in parts is shown within 1 s after the last of them, as if \
         it had come in one piece."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(OpenTopics::INTEREST)
            .and(Interest::DELIVERED_FRAGMENT)
            .and(Interest::DELIVERED_PLAIN)
            .and(Interest::CLOSED)
            .and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        if self.topics.observe(seen) {
            self.due.remove(&node);
            self.shown.remove(&node);
        }
        match seen.what {
            Observation::ShownContent(reading) => {
                self.shown.insert(node, reading.position);
                if self.due.get(&node).is_some_and(|(due, ..)| *due <= reading.position) {
                    self.due.remove(&node);
                }
            }
            Observation::Delivered { conn, side: Side::Dialler, meaning } => match meaning.kind {
                Kind::Fragment => drop(self.open.insert(*conn, ())),
                Kind::Snapshot | Kind::Delta if self.open.remove(conn).is_some() => {
                    if let Some(to) = meaning.position
                        && self.topics.has(node, meaning.topic)
                    {
                        self.whole(seen, *conn, to, ruling);
                    }
                }
                _ => {}
            },
            Observation::Delivered { .. } => {}
            Observation::Closed { conn, .. } => {
                self.open.remove(conn);
                if self.due.get(&node).is_some_and(|(.., on)| on == conn) {
                    self.due.remove(&node);
                }
            }
            Observation::Node(life) => {
                self.presence.observe(seen);
                if *life == Life::Crashed {
                    self.due.remove(&node);
                    self.shown.remove(&node);
                }
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some((to, since, conn)) = self.due.get(&node).copied() else { continue };
            if at.since(since) <= SOON {
                continue;
            }
            self.due.remove(&node);
            if self.presence.is_free(node, at) && self.presence.awake_at(node) <= since {
                let message = format!("does not show {to}, all parts of which came on {conn}");
                ruling.violated(node, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.open.retain(|conn, ()| *conn >= horizon.conn);
    }
}
