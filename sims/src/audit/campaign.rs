//! A campaign: every scenario, many seeds, one configuration.

use std::collections::BTreeMap;

use wavetank::digest::{Digest, Digester};
use wavetank::explore::{
    Marks, Outcome, Scenario, Verdict, case_of_seed, check_promises, parallel, recheck_runs, run,
    share,
};
use wavetank_models::{Config, DocSync};

use super::{AuditError, Options, Progress};
use crate::scenarios;

/// What the runs of one scenario came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Which.
    pub scenario: String,
    /// How many.
    pub runs: u64,
    /// Events handed to nodes, in all.
    pub events: u64,
    /// The seeds that broke each invariant.
    pub failing: BTreeMap<String, Vec<u64>>,
    /// How often each mark was reached.
    pub marks: Marks,
}

/// What a configuration did in every scenario.
pub struct Campaign {
    /// By scenario.
    pub tallies: Vec<Tally>,
    /// Over the digests of all runs, in order.
    pub digest: Digest,
    /// How many of the runs were made twice, and came to the same.
    pub rechecked: u64,
}

/// How often a scenario runs in a campaign of so many seeds.
pub(super) fn runs_of(scenario: &dyn Scenario<DocSync>, seeds: u64) -> u64 {
    (seeds / scenario.cost()).max(1)
}

/// The invariants that an outcome broke. A panic counts as one.
pub(crate) fn broken(outcome: &Outcome) -> Vec<String> {
    match &outcome.verdict {
        Verdict::Held => Vec::new(),
        Verdict::Violated(all) => all.iter().map(|one| one.invariant.clone()).collect(),
        Verdict::Panicked(_) => vec!["panic".to_owned()],
    }
}

impl Campaign {
    /// Runs every scenario, and a share of the runs twice.
    ///
    /// # Errors
    /// The first of these that did not come to the same, or a mark that nobody catalogued.
    pub(super) fn run(
        config: &Config,
        options: &Options<'_>,
        round: usize,
    ) -> Result<Self, AuditError> {
        let scenarios = scenarios::all();
        check_promises(&scenarios)?;
        let work: Vec<(usize, u64)> = scenarios
            .iter()
            .enumerate()
            .flat_map(|(i, one)| (0..runs_of(*one, options.seeds)).map(move |seed| (i, seed)))
            .collect();
        (options.progress)(Progress::Campaign(round, work.len() as u64));
        let outcomes = parallel(
            options.pool,
            &work,
            |(i, seed)| run(&case_of_seed(scenarios[*i], config, *seed)),
            || (options.progress)(Progress::Run),
        );
        let twice = share(&scenarios, &work);
        let rechecked = twice.len() as u64;
        (options.progress)(Progress::Rechecking(rechecked));
        let case = |place: usize| case_of_seed(scenarios[work[place].0], config, work[place].1);
        recheck_runs(options.pool, &twice, case, &outcomes, || (options.progress)(Progress::Run))?;
        let tally = |one: &&dyn Scenario<DocSync>| Tally {
            scenario: one.name().to_owned(),
            marks: Marks::new::<DocSync>(),
            ..Tally::default()
        };
        let mut tallies: Vec<Tally> = scenarios.iter().map(tally).collect();
        let mut digester = Digester::default();
        for ((i, seed), outcome) in work.into_iter().zip(outcomes) {
            digester.value(&outcome.digest.0);
            let tally = &mut tallies[i];
            tally.runs += 1;
            tally.events += outcome.counts.events;
            for invariant in broken(&outcome) {
                tally.failing.entry(invariant).or_default().push(seed);
            }
            tally.marks.add(&outcome)?;
        }
        Ok(Self { tallies, digest: digester.finish(), rechecked })
    }

    /// All runs.
    pub fn runs(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.runs).sum()
    }

    /// The invariants that were broken anywhere.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut all: Vec<_> =
            self.tallies.iter().flat_map(|tally| tally.failing.keys().cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The marks that scenarios promise and that were never reached.
    pub(super) fn unreached(&self) -> Vec<(String, String)> {
        let missing = |tally: &Tally| {
            let scenario = scenarios::named(&tally.scenario);
            let missing = scenario.map_or_else(Vec::new, |one| tally.marks.unreached(one));
            let pair = |mark: &str| (tally.scenario.clone(), mark.to_owned());
            missing.into_iter().map(pair).collect::<Vec<_>>()
        };
        self.tallies.iter().flat_map(missing).collect()
    }
}
