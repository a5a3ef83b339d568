//! What runs came to, added up so that neither order nor grouping matters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Digester};
use crate::explore::{MarkError, Outcome, Verdict};

/// What a panic is counted as, beside the invariants.
const PANIC: &str = "panic";

/// The runs that broke one invariant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// How many.
    pub runs: u64,
    /// The lowest seed of these.
    pub seed: u64,
    /// What the invariant said about that seed.
    pub message: String,
}

/// What the runs of one scenario came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepTally {
    /// Which scenario.
    pub scenario: String,
    /// How many runs.
    pub runs: u64,
    /// How many of these were made twice, and came to the same.
    pub rechecked: u64,
    /// Events handed to nodes, in all.
    pub events: u64,
    /// The wrapping sum over all runs of a digest of scenario, seed and the run's own digest.
    pub digest: Digest,
    /// How often each mark of the protocol's catalogue was reached.
    pub marks: BTreeMap<String, u64>,
    /// The invariants that were broken. A panic counts as one, called `panic`.
    pub broken: BTreeMap<String, Broken>,
}

impl SweepTally {
    pub(super) fn new(scenario: &str, marks: impl Iterator<Item = &'static str>) -> Self {
        let marks = marks.map(|mark| (mark.to_owned(), 0)).collect();
        Self { scenario: scenario.to_owned(), marks, ..Self::default() }
    }

    /// Whether a node or a checker panicked in one of the runs.
    pub fn panicked(&self) -> bool {
        self.broken.contains_key(PANIC)
    }

    /// Adds one run.
    ///
    /// # Errors
    /// A mark that is not in the catalogue.
    pub(super) fn add(&mut self, seed: u64, outcome: &Outcome) -> Result<(), MarkError> {
        for (mark, times) in &outcome.marks {
            let sum = self.marks.get_mut(*mark).ok_or(MarkError::Made(mark))?;
            *sum = sum.saturating_add(*times);
        }
        self.runs += 1;
        self.events = self.events.saturating_add(outcome.counts.events);
        let mut digester = Digester::default();
        digester.value(&(&self.scenario, seed, outcome.digest.0));
        self.digest.0 = self.digest.0.wrapping_add(digester.finish().0);
        match &outcome.verdict {
            Verdict::Held => {}
            Verdict::Panicked(message) => self.breaks(PANIC, seed, message),
            Verdict::Violated(all) => {
                for one in all {
                    self.breaks(&one.invariant, seed, &one.message);
                }
            }
        }
        Ok(())
    }

    fn breaks(&mut self, invariant: &str, seed: u64, message: &str) {
        let one = Broken { runs: 1, seed, message: message.to_owned() };
        self.combine(invariant, one);
    }

    fn combine(&mut self, invariant: &str, other: Broken) {
        let Some(there) = self.broken.get_mut(invariant) else {
            self.broken.insert(invariant.to_owned(), other);
            return;
        };
        let runs = there.runs.saturating_add(other.runs);
        if other.seed < there.seed {
            *there = other;
        }
        there.runs = runs;
    }

    /// Adds what other runs of the same scenario came to.
    pub(super) fn merge(&mut self, other: Self) {
        self.runs = self.runs.saturating_add(other.runs);
        self.rechecked = self.rechecked.saturating_add(other.rechecked);
        self.events = self.events.saturating_add(other.events);
        self.digest.0 = self.digest.0.wrapping_add(other.digest.0);
        for (mark, times) in other.marks {
            let sum = self.marks.entry(mark).or_default();
            *sum = sum.saturating_add(times);
        }
        for (invariant, broken) in other.broken {
            self.combine(&invariant, broken);
        }
    }
}
