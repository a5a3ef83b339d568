//! Which cases a campaign runs, and in which order.

use std::ops::Range;

use wavetank::explore::{Case, Scenario, case_of_seed};
use wavetank_models::{Config, DocSync};

use crate::scenarios;

/// A scenario and a seed of it.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    /// Which.
    pub scenario: &'static dyn Scenario<DocSync>,
    /// Of which seed.
    pub seed: u64,
}

impl Turn {
    /// The case that it stands for, with nodes built from `config`.
    pub(super) fn case(&self, config: &Config) -> Case<DocSync> {
        case_of_seed(self.scenario, config, self.seed)
    }

    /// What tells it from others.
    pub(super) fn key(&self) -> (&'static str, u64) {
        (self.scenario.name(), self.seed)
    }
}

/// With every seed, each scenario has a turn, those named first before the others. A dear one
/// has a turn with the first seed, and then with one in as many as it costs.
pub(super) fn turns(seeds: Range<u64>, first: &[String]) -> impl Iterator<Item = Turn> {
    let mut all = scenarios::all();
    all.sort_by_key(|one| !first.iter().any(|name| name == one.name()));
    let start = seeds.start;
    seeds.flat_map(move |seed| {
        let due =
            move |one: &&'static dyn Scenario<DocSync>| (seed - start).is_multiple_of(one.cost());
        let due: Vec<_> = all.iter().copied().filter(due).collect();
        due.into_iter().map(move |scenario| Turn { scenario, seed })
    })
}
