//! Exploration that goes where it has not been: cases that touch something new are kept and
//! changed further.
//!
//! A sweep draws every case afresh, so that it can be cut, merged and resumed. This is the other
//! way: one process, a corpus that grows, and findings that are kept as cases, since no seed
//! leads back to them.

mod change;
mod coverage;

use std::collections::{BTreeMap, BTreeSet};

#[cfg(feature = "arbitrary")]
pub(super) use change::{Choices, changed};
pub use coverage::{Happened, State, Touched, touched};

use super::case::Case;
use super::run::{Verdict, run_recorded};
use super::scenario::{Scenario, case_of_seed};
use crate::invariant::{Judged, Violation};
use crate::rng::{Draw, Rng};

/// One in this many cases is drawn afresh, whatever the corpus holds.
const AFRESH: u64 = 4;

/// An exploration in progress.
pub struct Guided<'a, P: Judged> {
    scenario: &'a dyn Scenario<P>,
    config: &'a P::Config,
    rng: Rng,
    seed: u64,
    touched: BTreeSet<Touched<P::Role>>,
    corpus: Vec<Case<P>>,
    found: BTreeMap<String, u64>,
    runs: u64,
}

/// What one more case came to.
#[derive(Clone, Debug)]
pub enum Tried<P: Judged> {
    /// It touched nothing new.
    Known,
    /// It touched so many things for the first time, and joined the corpus.
    Novel(usize, Box<Case<P>>),
    /// It broke an invariant that no case before it broke.
    Broke(Violation, Box<Case<P>>),
    /// A node or an invariant panicked, for the first time.
    Panicked(String, Box<Case<P>>),
}

impl<'a, P: Judged> Guided<'a, P> {
    /// An exploration that has been nowhere yet.
    pub fn new(scenario: &'a dyn Scenario<P>, config: &'a P::Config, seed: u64) -> Self {
        let rng = Rng::new(Draw::seeded(seed).purpose("guided").purpose(scenario.name()));
        Self {
            scenario,
            config,
            rng,
            seed,
            touched: BTreeSet::new(),
            corpus: Vec::new(),
            found: BTreeMap::new(),
            runs: 0,
        }
    }

    /// Runs a case of an earlier exploration, so that nobody goes there again.
    pub fn recall(&mut self, case: Case<P>) -> Tried<P> {
        self.run(case)
    }

    /// Runs one more case: one drawn afresh, or a change of one that touched something new.
    pub fn step(&mut self) -> Tried<P> {
        let fresh = case_of_seed(self.scenario, self.config, self.seed.wrapping_add(self.runs));
        if self.corpus.is_empty() || self.rng.below(AFRESH) == 0 {
            return self.run(fresh);
        }
        // Cases that came late are changed more often: what is new is at the edge.
        let (one, other) = (self.place(), self.place());
        let place = one.max(other);
        let changed = change::changed(&self.corpus[place], &fresh, &mut self.rng);
        let valid = changed.validate().is_ok();
        self.run(if valid { changed } else { fresh })
    }

    fn place(&mut self) -> usize {
        self.rng.below(self.corpus.len() as u64) as usize
    }

    fn run(&mut self, mut case: Case<P>) -> Tried<P> {
        self.runs += 1;
        let (outcome, recording) = run_recorded(&case);
        case.origin.digest = Some(outcome.digest);
        let before = self.touched.len();
        self.touched.extend(touched::<P>(&case.topology, &recording.history));
        let new = self.touched.len() - before;
        if new > 0 {
            self.corpus.push(case.clone());
        }
        match outcome.verdict {
            Verdict::Panicked(message) if self.is_first("panic") => {
                return Tried::Panicked(message, Box::new(case));
            }
            Verdict::Violated(all) => {
                // One at a time: what else it broke is for another case to show.
                let new = |one: &&Violation| !self.found.contains_key(&one.invariant);
                let first = all.iter().find(new).or(all.first()).cloned();
                if let Some(violation) = first.filter(|one| self.is_first(&one.invariant)) {
                    return Tried::Broke(violation, Box::new(case));
                }
            }
            _ => {}
        }
        if new > 0 { Tried::Novel(new, Box::new(case)) } else { Tried::Known }
    }

    fn is_first(&mut self, invariant: &str) -> bool {
        let times = self.found.entry(invariant.to_owned()).or_default();
        *times += 1;
        *times == 1
    }

    /// How many cases were run.
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// How many different things were touched.
    pub fn breadth(&self) -> usize {
        self.touched.len()
    }

    /// How many cases the corpus holds.
    pub fn corpus(&self) -> usize {
        self.corpus.len()
    }

    /// How often each invariant was broken.
    pub const fn found(&self) -> &BTreeMap<String, u64> {
        &self.found
    }
}
