//! No client, person or address takes more connections than it may have.

use super::admitted::{Admitted, Dimension, limited};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::Interest;
use crate::objectives::Objectives;

/// For each client, person and network address, the instances that are connected to a server at
/// a time are no more than the objectives allow. An instance that has two connections counts
/// once: the older one is a ghost.
#[derive(Debug)]
pub struct ConnLimit {
    dimensions: Vec<Dimension>,
    admitted: Admitted,
}

impl ConnLimit {
    /// Judges by `per_client`, `per_user` and `per_address`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { dimensions: limited(objectives), admitted: Admitted::default() }
    }
}

impl Invariant for ConnLimit {
    fn name(&self) -> &'static str {
        "conn-limit"
    }
    fn statement(&self) -> &'static str {
        "The connected instances of one client, of one person and at one address never exceed the \
         objectives' limits."
    }
    fn interest(&self) -> Interest {
        if self.dimensions.is_empty() { Interest::NONE } else { Admitted::INTEREST }
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Some(conn) = self.admitted.observe(seen) else { return };
        for by in &self.dimensions {
            let others = self.admitted.others(seen.node, conn, *by, false);
            if let Some(others) = others.filter(|others| *others >= by.most as usize) {
                let (all, Dimension { name, most, .. }) = (others + 1, by);
                let message =
                    format!("welcomed {conn}: {all} instances of one {name}, limit {most}");
                ruling.violated(seen.node, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.admitted.retain(|conn| conn >= horizon.conn);
    }
}
