//! Whatever bytes the scenario `mixed` is drawn from, the reference holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wavetank::explore::{Drawn, run};
use wavetank_models::DocSync;
use wavetank_sims::scenarios::Mixed;

fuzz_target!(|drawn: Drawn<DocSync, Mixed>| {
    let verdict = run(&drawn.case).verdict;
    assert!(verdict.held(), "{verdict:?}\n{}", drawn.case.to_json());
});
