//! The reference on the same seeds: what it breaks, which must be nothing, and what its runs
//! come to, so that a run of a flaw can be told from it.

use std::collections::BTreeMap;
use std::ops::Range;

use wavetank::digest::Digest;
use wavetank::explore::{parallel, run};
use wavetank_models::Config;

use super::turns::{Turn, turns};
use super::{Options, Progress};
use crate::audit::broken;

/// What came of the reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// How many runs.
    pub runs: u64,
    /// Those that broke something: scenario, seed, and what.
    pub violations: Vec<(&'static str, u64, String)>,
    digests: BTreeMap<(&'static str, u64), Digest>,
}

impl Reference {
    /// Runs every scenario with these seeds.
    pub(super) fn run(seeds: Range<u64>, options: &Options<'_>) -> Self {
        let work: Vec<Turn> = turns(seeds, &[]).collect();
        (options.progress)(Progress::Reference(work.len() as u64));
        let config = Config::default();
        let outcomes = parallel(
            options.pool,
            &work,
            |turn| run(&turn.case(&config)),
            || (options.progress)(Progress::Step),
        );
        let mut found = Self { runs: work.len() as u64, ..Self::default() };
        for (turn, outcome) in work.iter().zip(outcomes) {
            let (scenario, seed) = turn.key();
            let broken = broken(&outcome).into_iter();
            found.violations.extend(broken.map(|invariant| (scenario, seed, invariant)));
            found.digests.insert((scenario, seed), outcome.digest);
        }
        found
    }

    /// Whether a run of the same case came to something else.
    pub(super) fn differs(&self, turn: &Turn, digest: Digest) -> bool {
        self.digests.get(&turn.key()) != Some(&digest)
    }
}
