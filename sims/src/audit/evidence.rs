//! Independent failing cases of one invariant, for the search for causes.

use wavetank::explore::{Case, EVIDENCE, case_of_seed, parallel, run};
use wavetank_models::{Config, DocSync};

use super::Options;
use super::campaign::{Campaign, Tally, broken, runs_of};
use crate::scenarios;

/// Cases that are looked at.
const SAMPLE: usize = 32;
/// Too few failing cases are topped up by this many times the campaign's seeds,
const MORE: u64 = 20;
/// of which so many run before it is asked again whether there are enough.
const AT_ONCE: u64 = 32;

/// A scenario and the seeds that fail in it.
type Seeds<'a> = (&'a str, Vec<u64>);

/// Failing cases of an invariant, taken in turn from the scenarios that have them, and how many
/// further runs were looked at. Where cases are too few, those scenarios are run with further
/// seeds. Dear scenarios are looked at only where the cheap ones have too little: the search
/// runs its cases again and again.
pub(super) fn evidence(
    config: &Config,
    campaign: &Campaign,
    invariant: &str,
    options: &Options<'_>,
) -> (Vec<Case<DocSync>>, u64) {
    let failing = |tally: &Tally| tally.failing.get(invariant).cloned().unwrap_or_default();
    let mut all: Vec<Seeds<'_>> = campaign
        .tallies
        .iter()
        .map(|tally| (tally.scenario.as_str(), failing(tally)))
        .filter(|(_, seeds)| !seeds.is_empty())
        .collect();
    all.sort_by_key(|(name, _)| cost(name));
    let mut searched = 0;
    for place in 0..all.len() {
        searched += top_up(config, invariant, options, &mut all, place);
    }
    let dear = all.partition_point(|(name, _)| cost(name) <= 1);
    if count(&all[..dear]) >= EVIDENCE {
        all.truncate(dear);
    }
    let longest = all.iter().map(|(_, seeds)| seeds.len()).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|nth| {
        all.iter().filter_map(move |(name, seeds)| Some((*name, *seeds.get(nth)?)))
    });
    let case = |(name, seed)| Some(case_of_seed(scenarios::named(name)?, config, seed));
    (in_turn.take(SAMPLE).filter_map(case).collect(), searched)
}

fn cost(name: &str) -> u64 {
    scenarios::named(name).map_or(0, |scenario| scenario.cost())
}

fn count(all: &[Seeds<'_>]) -> usize {
    all.iter().map(|(_, seeds)| seeds.len()).sum()
}

/// Runs one of the scenarios with further seeds until there are enough cases in all, or it has
/// had its share. Gives back the runs.
fn top_up(
    config: &Config,
    invariant: &str,
    options: &Options<'_>,
    all: &mut [Seeds<'_>],
    place: usize,
) -> u64 {
    let Some(scenario) = scenarios::named(all[place].0) else { return 0 };
    let first = runs_of(scenario, options.seeds);
    let mut next = first;
    while next < first * MORE && count(all) < EVIDENCE {
        let seeds: Vec<u64> = (next..first * MORE).take(AT_ONCE as usize).collect();
        let fails = |seed: &u64| {
            let mut case = case_of_seed(scenario, config, *seed);
            case.invariants = Some(vec![invariant.to_owned()]);
            broken(&run(&case)).iter().any(|one| one == invariant)
        };
        let failed = parallel(options.pool, &seeds, fails, || ());
        let found = seeds.iter().zip(failed).filter(|(_, failed)| *failed);
        all[place].1.extend(found.map(|(seed, _)| *seed));
        next += seeds.len() as u64;
    }
    next - first
}
