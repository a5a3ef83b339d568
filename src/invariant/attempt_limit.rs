//! After enough attempts the person is told.

use super::retries::Retries;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::Interest;
use crate::objectives::Objectives;
use crate::time::Span;

/// Between two stable successes, online events, retries by hand or mounts a client makes at
/// most the objectives' number of automatic dials before it shows that connecting failed, and
/// after that only probes, the objectives' pause less its jitter apart.
#[derive(Debug)]
pub struct AttemptLimit {
    retries: Retries,
    most: u32,
    apart: Span,
}

impl AttemptLimit {
    /// Judges by `attempts_max`, `probe` and `retry_jitter_percent`.
    pub fn new(objectives: &Objectives) -> Self {
        let jitter = u64::from(objectives.retry_jitter_percent).min(100);
        Self {
            retries: Retries::new(objectives),
            most: objectives.attempts_max,
            apart: objectives.probe.percent(100 - jitter).saturating_sub(Span::millis(2)),
        }
    }
}

impl Invariant for AttemptLimit {
    fn name(&self) -> &'static str {
        "attempt-limit"
    }
    fn statement(&self) -> &'static str {
        "A client makes at most the objectives' number of automatic dials before it shows \
         `failed`, and after that only probes."
    }
    fn interest(&self) -> Interest {
        Retries::INTEREST
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Some(delay) = self.retries.observe(seen) else { return };
        if delay.probe && delay.took < self.apart {
            let message = format!("dialled {} after it showed `failed`", delay.took);
            ruling.violated(seen.node, message);
        } else if !delay.probe && delay.failures >= self.most {
            let attempts = delay.failures + 1;
            let message = format!("began attempt {attempts} and never showed `failed`");
            ruling.violated(seen.node, message);
        }
    }
}
