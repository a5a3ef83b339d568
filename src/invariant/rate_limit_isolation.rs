//! Nobody waits because somebody else asks for too much.

use super::paces::{Clients, Paces, WINDOW, is_rate_nack};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Side};
use crate::objectives::Objectives;
use crate::time::Span;

/// A server counts by its own clock, and puts a client off for a little longer than it must.
const SLACK: Span = Span::secs(10);

/// A client is put off only if more of its operations have come within the last minute, or
/// little more, than the objectives allow.
#[derive(Debug)]
pub struct RateLimitIsolation {
    ops: u32,
    clients: Clients,
    came: Paces,
}

impl RateLimitIsolation {
    /// Judges by `ops_per_minute`.
    pub fn new(objectives: &Objectives) -> Self {
        let ops = objectives.ops_per_minute;
        Self { ops, clients: Clients::default(), came: Paces::default() }
    }
}

impl Invariant for RateLimitIsolation {
    fn name(&self) -> &'static str {
        "rate-limit-isolation"
    }
    fn statement(&self) -> &'static str {
        "A client whose operations keep the limit is never put off for it."
    }
    fn interest(&self) -> Interest {
        if self.ops == 0 {
            return Interest::NONE;
        }
        Clients::INTEREST.and(Interest::DELIVERED_OTHER).and(Interest::SENT_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                if let (Kind::Op, Some(client)) = (meaning.kind, self.clients.of(*conn)) {
                    self.came.add(client, seen.at, WINDOW + SLACK);
                }
            }
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning }
                if is_rate_nack(meaning) =>
            {
                let Some(client) = self.clients.of(*conn) else { return };
                let count = self.came.count(client, seen.at, WINDOW + SLACK);
                if count <= self.ops as usize {
                    let most = self.ops;
                    let message = format!("put off {conn}, of which {count} came; limit {most}");
                    ruling.violated(seen.node, message);
                }
            }
            _ => self.clients.observe(seen),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.clients.retain(|conn| conn >= horizon.conn);
    }
}
