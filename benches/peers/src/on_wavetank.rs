//! Workload W on wavetank, at a fidelity.

use std::ops::Range;

use wavetank::differential::{Came, Level, run_at_level};
use wavetank::explore::{Case, Fidelity, case_of_seed, run_at};
use wavetank_sims::w::{Setup, W, Workload};

use crate::ran::Ran;

/// Runs W on the discrete engine, once for each of these seeds.
pub fn run_all(setup: &Setup, fidelity: Fidelity, seeds: Range<u64>) -> Result<Ran, String> {
    let mut total = Ran::default();
    for seed in seeds {
        let case: Case<W> = case_of_seed(&Workload, setup, seed);
        let outcome = run_at(fidelity, &case);
        if !outcome.verdict.held() {
            return Err(format!("{:?}", outcome.verdict));
        }
        let joins = outcome.marks.get("joined").copied().unwrap_or(0);
        total.add(outcome.counts.events, joins, outcome.digest);
    }
    Ok(total)
}

/// Runs W on turmoil through the driver of the stack.
pub fn on_stack(setup: &Setup, seeds: Range<u64>) -> Result<Ran, String> {
    let mut total = Ran::default();
    for seed in seeds {
        let case: Case<W> = case_of_seed(&Workload, setup, seed);
        let run = match run_at_level(Level::Stack, &case) {
            Came::To(run) if run.outcome.verdict.held() => run,
            came => return Err(format!("{came:?}")),
        };
        let joins = run.outcome.marks.get("joined").copied().unwrap_or(0);
        total.add(run.outcome.counts.events, joins, run.outcome.digest);
    }
    Ok(total)
}
