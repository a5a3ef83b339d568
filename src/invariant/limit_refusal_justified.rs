//! Nobody is turned away for connections that are her own ghosts.

use super::admitted::{Admitted, Dimension, limited};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Observation, Side};
use crate::objectives::Objectives;

/// The code for one connection too many.
const TOO_MANY: u16 = 4003;

/// A server ends a connection with 4003 only if the limit of its client, person or address is
/// taken by other instances than the one that is turned away.
#[derive(Debug)]
pub struct LimitRefusalJustified {
    dimensions: Vec<Dimension>,
    admitted: Admitted,
}

impl LimitRefusalJustified {
    /// Judges by `per_client`, `per_user` and `per_address`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { dimensions: limited(objectives), admitted: Admitted::default() }
    }
}

impl Invariant for LimitRefusalJustified {
    fn name(&self) -> &'static str {
        "limit-refusal-justified"
    }
    fn statement(&self) -> &'static str {
        "A server closes with 4003 only when a limit is taken by connected instances other than \
         the one refused."
    }
    fn interest(&self) -> Interest {
        if self.dimensions.is_empty() {
            Interest::NONE
        } else {
            Admitted::INTEREST.and(Interest::DELIVERED_OTHER)
        }
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        if let Observation::Closed { conn, side: Side::Acceptor, code: TOO_MANY, by } = *seen.what
            && by == Initiator::Local
        {
            let others = |by: &Dimension| self.admitted.others(seen.node, conn, *by, true);
            let known = self.dimensions.iter().any(|by| others(by).is_some());
            let full = |by: &Dimension| others(by).is_some_and(|n| n >= by.most as usize);
            if known && !self.dimensions.iter().any(full) {
                let message = format!("turned {conn} away, and no limit is taken by others");
                ruling.violated(seen.node, message);
            }
        }
        self.admitted.observe(seen);
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.admitted.retain(|conn| conn >= horizon.conn);
    }
}
