//! What is shown as complete is complete.

use super::covered::Arrivals;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Position};
use crate::id::{NodeId, Topic};

/// A position up to which a client shows content as complete, or that it states in what it
/// sends, never covers an event that has not come to it: alone, from a tab, or in a delta or
/// snapshot.
#[derive(Debug, Default)]
pub struct ContiguousApply {
    arrivals: Table<NodeId, Arrivals>,
    shown: Table<(NodeId, Topic), Position>,
}

impl ContiguousApply {
    fn check(&self, node: NodeId, topic: Topic, position: Position, ruling: &mut Ruling) {
        let arrivals = self.arrivals.get(&node);
        if position.seq > 0 && !arrivals.is_some_and(|have| have.have(topic, position)) {
            let message = format!("is at {position} of {topic} without an event before it");
            ruling.violated(node, message);
        }
    }
}

impl Invariant for ContiguousApply {
    fn name(&self) -> &'static str {
        "contiguous-apply"
    }
    fn statement(&self) -> &'static str {
        "A position that a client shows or states never covers an event that has not been \
         delivered to it, alone or in a delta or snapshot."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_OTHER
            .and(Interest::DELIVERED_EVENT)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::CAST)
            .and(Interest::CONTENT_MAIN)
            .and(Interest::CLOSED)
            .and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Delivered { conn, meaning, .. } => {
                self.arrivals.of(node).came(Some(*conn), meaning);
            }
            Observation::CastDelivered { meaning, .. } => {
                self.arrivals.of(node).came(None, meaning);
            }
            Observation::Sent { conn, meaning, .. } => {
                if let (Some(topic), Some(cursor)) = (meaning.topic, meaning.cursor) {
                    self.check(node, topic, cursor, ruling);
                }
                self.arrivals.of(node).sent(*conn, meaning);
            }
            Observation::Closed { conn, .. } => {
                if let Some(arrivals) = self.arrivals.get_mut(&node) {
                    arrivals.closed(*conn);
                }
            }
            Observation::ShownContent(reading) if reading.part == 0 => {
                let key = (node, reading.topic);
                if self.shown.insert(key, reading.position) != Some(reading.position) {
                    self.check(node, reading.topic, reading.position, ruling);
                }
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.arrivals.remove(&node);
                self.shown.retain(|(of, _), _| *of != node);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        for arrivals in self.arrivals.values_mut() {
            arrivals.forget(horizon);
        }
    }
}
