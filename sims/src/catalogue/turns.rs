//! Which cases a campaign runs, and in which order.

use std::ops::Range;

use wavetank::explore::{Case, Scenario, case_of_seed};
use wavetank_models::{Config, DocSync};

use crate::scenarios;

/// A scenario and a seed of it.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    /// Which.
    pub scenario: &'static dyn Scenario<DocSync>,
    /// Of which seed.
    pub seed: u64,
}

impl Turn {
    /// The case that it stands for, with nodes built from `config`.
    pub(crate) fn case(&self, config: &Config) -> Case<DocSync> {
        case_of_seed(self.scenario, config, self.seed)
    }

    /// What tells it from others.
    pub(super) fn key(&self) -> (&'static str, u64) {
        (self.scenario.name(), self.seed)
    }
}

/// Every other turn is one of the scenarios named first, with one seed after the other; the turns
/// between are those of all others, each with the same seed before any has the next. A dear
/// scenario has a turn with the first seed, and then with one in as many as it costs.
pub(crate) fn turns(seeds: Range<u64>, first: &[String]) -> impl Iterator<Item = Turn> {
    let is_first = |one: &&dyn Scenario<DocSync>| first.iter().any(|name| name == one.name());
    let (named, others) = scenarios::all().into_iter().partition(is_first);
    let (mut named, mut others) = (in_turn(seeds.clone(), named), in_turn(seeds, others));
    let mut odd = false;
    std::iter::from_fn(move || {
        odd = !odd;
        if odd {
            named.next().or_else(|| others.next())
        } else {
            others.next().or_else(|| named.next())
        }
    })
}

fn in_turn(
    seeds: Range<u64>,
    all: Vec<&'static dyn Scenario<DocSync>>,
) -> impl Iterator<Item = Turn> {
    let start = seeds.start;
    seeds.flat_map(move |seed| {
        let due =
            move |one: &&'static dyn Scenario<DocSync>| (seed - start).is_multiple_of(one.cost());
        let due: Vec<_> = all.iter().copied().filter(due).collect();
        due.into_iter().map(move |scenario| Turn { scenario, seed })
    })
}
