//! No queue grows without bound.

use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation};
use crate::objectives::Objectives;
use crate::time::Span;

/// What has come and waits to be taken in is called this.
const WORK: &str = "work-queue";
/// How long it may.
const PATIENCE: Span = Span::secs(5);

/// No queue of a node exceeds the objectives' limit, be it one that the node says it holds or
/// one that the engine keeps for it (inbox, send buffer). Tables that the objectives name have
/// limits of their own. What waits to be taken in waits for no more than five seconds.
#[derive(Debug)]
pub struct BoundedQueue {
    limit: u32,
    tables: Vec<String>,
}

impl BoundedQueue {
    /// Judges by `queue_max`.
    pub fn new(objectives: &Objectives) -> Self {
        let tables = objectives.table_max.keys().cloned().collect();
        Self { limit: objectives.queue_max, tables }
    }
}

impl Invariant for BoundedQueue {
    fn name(&self) -> &'static str {
        "bounded-queue"
    }
    fn statement(&self) -> &'static str {
        "No queue of a node exceeds the objectives' limit, and nothing waits to be taken in for \
         more than 5 s."
    }
    fn interest(&self) -> Interest {
        Interest::WAITING.and(Interest::HOLDS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (queue, size) = match seen.what {
            Observation::Waiting { queue, size } => (queue, size),
            Observation::Holds { what, size } => (what, size),
            _ => return,
        };
        if size.len > self.limit && !self.tables.iter().any(|table| table == queue) {
            let (len, limit) = (size.len, self.limit);
            ruling.violated(seen.node, format!("{queue} holds {len} entries; limit {limit}"));
        } else if queue == WORK && size.oldest > PATIENCE {
            let oldest = size.oldest;
            ruling.violated(seen.node, format!("{queue} holds what has waited for {oldest}"));
        }
    }
}
