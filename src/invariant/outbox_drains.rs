//! What waits does not wait for ever.

use super::presence::Hindrance;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Observation, OpState, Request};
use crate::id::{NodeId, OpId};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// In the end every edit that was taken is shown as saved or as not taken, by every client that
/// has been live for long enough.
#[derive(Debug)]
pub struct OutboxDrains {
    bound: Span,
    clients: Table<NodeId, Client>,
    waiting: Table<OpId, (NodeId, OpState)>,
}

#[derive(Debug, Default)]
struct Client {
    /// Since when it has shown `live`.
    live: Option<Time>,
    held_up: Hindrance,
}

impl OutboxDrains {
    /// Judges by `outbox_drain`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { bound: objectives.outbox_drain, clients: Table::new(), waiting: Table::new() }
    }
}

impl Invariant for OutboxDrains {
    fn name(&self) -> &'static str {
        "outbox-drains"
    }
    fn statement(&self) -> &'static str {
        "Once faults have healed, every accepted edit is saved, or shown as not taken, soon after \
         its client is live."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN_WORK.and(Interest::OP).and(Interest::STATUS).and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, _ruling: &mut Ruling) {
        match seen.what {
            Observation::Given { op, request: Request::Edit, .. } => {
                self.waiting.insert(*op, (seen.node, OpState::Pending));
            }
            Observation::ShownOp { op, state } => {
                if *state == OpState::Saved || state.is_told_off() {
                    self.waiting.remove(op);
                } else if let Some((_, shown)) = self.waiting.get_mut(op) {
                    *shown = *state;
                }
            }
            Observation::ShownStatus(status) => {
                let client = self.clients.of(seen.node);
                let live = status.connection == Connection::Live;
                client.live = live.then(|| client.live.unwrap_or(seen.at));
            }
            Observation::Node(life) => {
                let client = self.clients.of(seen.node);
                client.held_up.observe(*life);
                if life.starts_or_ends() {
                    client.live = None;
                    self.waiting.retain(|_, (node, _)| *node != seen.node);
                }
            }
            _ => {}
        }
    }
    fn finish(&mut self, at: Time, ruling: &mut Ruling) {
        for (op, (node, shown)) in self.waiting.iter() {
            let Some(client) = self.clients.get(node).filter(|client| !client.held_up.is_there())
            else {
                continue;
            };
            if let Some(since) = client.live
                && at.since(since) > self.bound
            {
                let message = format!("{op} is still `{shown:?}`; live since {since}");
                ruling.violated(*node, message);
                return;
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.waiting.retain(|op, _| *op >= horizon.op);
    }
}
