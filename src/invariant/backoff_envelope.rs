//! Attempts to connect keep their distance.

use super::retries::Retries;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::Interest;
use crate::objectives::Objectives;
use crate::time::Span;

/// What a clock's rounding may take away or add.
const SLACK: Span = Span::millis(2);

/// Each automatic dial follows the loss or the failed attempt before it by the nominal delay
/// and the objectives' jitter: the base, doubled with each failed attempt since the last stable
/// success, online event, retry by hand or mount, up to the cap; twice that after 1011 and
/// 1013. After the person was told that connecting failed, it is the pause between probes.
/// Judged on the client's own clock; a dial after a pause may be late, and what is tried while the
/// issuer says nothing nobody sees.
#[derive(Debug)]
pub struct BackoffEnvelope {
    retries: Retries,
    jitter: u64,
    /// No delay but a probe's may exceed this, jitter included.
    strict_cap: Option<Span>,
}

impl BackoffEnvelope {
    /// Judges by `retry_base`, `retry_cap`, `retry_jitter_percent`, `strict_cap`, `stable` and
    /// `probe`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            retries: Retries::new(objectives),
            jitter: u64::from(objectives.retry_jitter_percent).min(100),
            strict_cap: objectives.strict_cap.then_some(objectives.retry_cap),
        }
    }
}

impl Invariant for BackoffEnvelope {
    fn name(&self) -> &'static str {
        "backoff-envelope"
    }
    fn statement(&self) -> &'static str {
        "Each automatic dial follows the loss or failed attempt before it by the exponential \
         delay of the objectives, within its jitter."
    }
    fn interest(&self) -> Interest {
        Retries::INTEREST
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Some(delay) = self.retries.observe(seen) else { return };
        let least = delay.nominal.0.percent(100 - self.jitter);
        let mut most = delay.nominal.1.percent(100 + self.jitter);
        if let Some(cap) = self.strict_cap.filter(|_| !delay.probe) {
            most = most.min(cap);
        }
        let is_late = delay.extra.is_some_and(|extra| delay.took > most + extra + SLACK);
        if delay.took + SLACK < least || is_late {
            let took = delay.took;
            let message = format!("dialled again after {took}, not between {least} and {most}");
            ruling.violated(seen.node, message);
        }
    }
}
