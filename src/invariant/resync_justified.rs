//! What came is not asked for again.

use super::covered::Arrivals;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Meaning, Observation, Position, Side};
use crate::id::{ConnId, NodeId, Topic};
use crate::objectives::Objectives;

/// A client asks for what is missing on a live connection only if something is missing: an event
/// up to the last one that it was told of was not delivered on that connection, or its buffer for
/// events ahead of their turn was full.
#[derive(Debug)]
pub struct ResyncJustified {
    full: u32,
    clients: Table<NodeId, Client>,
}

#[derive(Debug, Default)]
struct Client {
    conn: Option<ConnId>,
    arrivals: Arrivals,
    /// The last event of each topic that the client was told of.
    told: Table<Topic, Position>,
    /// Something may have been dropped.
    overflowed: bool,
}

impl ResyncJustified {
    /// Judges by `queue_max`.
    pub const fn new(objectives: &Objectives) -> Self {
        Self { full: objectives.queue_max, clients: Table::new() }
    }
}

impl Client {
    fn sent(&mut self, conn: ConnId, meaning: &Meaning) -> Option<String> {
        let topic = meaning.topic?;
        match meaning.kind {
            Kind::Hello | Kind::Subscribe => {
                if self.conn != Some(conn) {
                    let overflowed = self.overflowed;
                    *self = Self { conn: Some(conn), overflowed, ..Self::default() };
                }
                if let Some(cursor) = meaning.cursor {
                    // What was there before the connection was, is there.
                    let before = Meaning::of(Kind::Snapshot).topic(topic).position(cursor);
                    self.arrivals.came(Some(conn), &before);
                }
            }
            Kind::SyncRequest if self.conn == Some(conn) && !self.overflowed => {
                // Who asks for everything does not say that something is missing.
                meaning.cursor?;
                let told = *self.told.get(&topic)?;
                if self.arrivals.have(topic, told) {
                    return Some(format!(
                        "asked for what is missing of {topic} on {conn}, where all up to {told} had come"
                    ));
                }
            }
            _ => {}
        }
        self.arrivals.sent(conn, meaning);
        None
    }

    fn came(&mut self, conn: ConnId, meaning: &Meaning) {
        if self.conn != Some(conn) {
            return;
        }
        self.arrivals.came(Some(conn), meaning);
        if let (Some(topic), Some(position)) = (meaning.topic, meaning.position) {
            let told = self.told.get_or_insert(topic, position);
            *told = position.max(*told);
        } else if let (Kind::Ping, Some(position)) = (meaning.kind, meaning.position) {
            // A ping tells of the one topic that there is.
            for told in self.told.values_mut() {
                *told = position.max(*told);
            }
        }
    }
}

impl Invariant for ResyncJustified {
    fn name(&self) -> &'static str {
        "resync-justified"
    }
    fn statement(&self) -> &'static str {
        "A client asks for what is missing on a live connection only if an event that it was told of \
         has not been delivered on that connection."
    }
    fn interest(&self) -> Interest {
        Interest::DELIVERED_EVENT
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::SENT_OTHER)
            .and(Interest::HOLDS)
            .and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, meaning } => {
                self.clients.of(seen.node).came(*conn, meaning);
            }
            Observation::Sent { conn, side: Side::Dialler, meaning, .. } => {
                if let Some(mistake) = self.clients.of(seen.node).sent(*conn, meaning) {
                    ruling.violated(seen.node, mistake);
                }
            }
            Observation::Holds { size, .. } if size.len >= self.full => {
                self.clients.of(seen.node).overflowed = true;
            }
            Observation::Node(Life::Crashed) => {
                self.clients.remove(&seen.node);
            }
            _ => {}
        }
    }
}
