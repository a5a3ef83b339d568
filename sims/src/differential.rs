//! Cases to compare fidelities with: those of every failure mode that fail, and those of the
//! reference, which hold.

use wavetank::explore::{Case, Pool, case_of_seed, parallel, run};
use wavetank_models::catalogue::{self, Entry};
use wavetank_models::{Config, DocSync};

use crate::catalogue::turns;
use crate::scenarios;

/// Runs among which the failing cases of a failure mode are looked for.
const SEEDS: u64 = 1_000;

/// A case, and what it is expected to break.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The failure mode, or nothing for the reference.
    pub flaw: Option<&'static str>,
    /// The case. It judges only what it is expected to break.
    pub case: Case<DocSync>,
}

impl Sample {
    /// Whether it can be run over TCP in reasonable time: a thousand hosts take minutes.
    pub fn is_small(&self) -> bool {
        self.case.topology.nodes.len() <= 100
    }
}

/// The first `each` failing cases of every failure mode, and of the reference the first
/// `calm` cases of every scenario.
pub fn samples(each: usize, calm: u64) -> Vec<Sample> {
    let failing = |entry: &&'static Entry| failing_of(entry, each);
    let entries: Vec<&'static Entry> = catalogue::entries().iter().collect();
    let mut samples: Vec<Sample> =
        parallel(&Pool::new(0), &entries, failing, || ()).into_iter().flatten().collect();
    for scenario in scenarios::all() {
        let count = if scenario.cost() > 1 { 1 } else { calm };
        samples.extend((0..count).map(|seed| Sample {
            flaw: None,
            case: case_of_seed(scenario, &Config::default(), seed),
        }));
    }
    samples
}

fn failing_of(entry: &'static Entry, count: usize) -> Vec<Sample> {
    let config = Config::default().patched(&entry.as_patch()).expect("a known patch");
    let cases = turns(0..SEEDS, &entry.scenarios)
        .take(SEEDS as usize)
        .map(|turn| Case { invariants: Some(vec![entry.invariant.clone()]), ..turn.case(&config) });
    let failing = cases.filter(|case| !run(case).verdict.held());
    failing.take(count).map(|case| Sample { flaw: Some(&entry.id), case }).collect()
}
