//! Delays are spread as far as their jitter says.

use super::retries::Retries;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::Interest;
use crate::id::NodeId;
use crate::objectives::Objectives;
use crate::time::Time;

/// It takes this many delays to judge their spread.
const ENOUGH: u64 = 200;

/// If a run holds 200 automatic delays that no strict cap holds down, at least one lies in the
/// last quarter of the jitter above its nominal value, and one below: with a jitter of 20
/// percent, above 1.15 and below 0.85. Honest jitter misses this once in 10^11 runs. Judged at
/// the end: of those who lost a server together, the short delays are seen first.
#[derive(Debug)]
pub struct DelaySpread {
    retries: Retries,
    /// How far off its nominal value a delay must lie, in thousandths.
    reach: u64,
    strict_cap: bool,
    seen: u64,
    is_spread: (bool, bool),
    last: Option<NodeId>,
}

impl DelaySpread {
    /// Judges by `retry_jitter_percent`, and by what nominal delays are made of.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            retries: Retries::new(objectives),
            reach: u64::from(objectives.retry_jitter_percent).min(100) * 10 * 3 / 4,
            strict_cap: objectives.strict_cap,
            seen: 0,
            is_spread: (false, false),
            last: None,
        }
    }
}

impl Invariant for DelaySpread {
    fn name(&self) -> &'static str {
        "delay-spread"
    }
    fn statement(&self) -> &'static str {
        "If a run holds 200 automatic delays, at least one lies near the top and one near the \
         bottom of the objectives' jitter."
    }
    fn interest(&self) -> Interest {
        Retries::INTEREST
    }
    fn observe(&mut self, seen: &Seen<'_>, _ruling: &mut Ruling) {
        let Some(delay) = self.retries.observe(seen) else { return };
        let (nominal, exact) = (delay.nominal.0, delay.nominal.0 == delay.nominal.1);
        if !exact || delay.extra.is_none() || self.strict_cap && !delay.probe {
            return;
        }
        let (took, nominal) = (delay.took.as_micros() * 1000, nominal.as_micros());
        self.seen += 1;
        self.is_spread.0 |= took < nominal * (1000 - self.reach);
        self.is_spread.1 |= took > nominal * (1000 + self.reach);
        self.last = Some(seen.node);
    }
    fn finish(&mut self, _at: Time, ruling: &mut Ruling) {
        let Some(last) = self.last.filter(|_| self.seen >= ENOUGH) else { return };
        let (all, reach) = (self.seen, self.reach);
        let side = match self.is_spread {
            (true, true) => return,
            (true, false) => "above",
            (false, _) => "below",
        };
        let message = format!(
            "none of {all} delays lies {reach} thousandths or more {side} its nominal value"
        );
        ruling.violated(last, message);
    }
}
