//! A case has the same digest in another process as in this one.

mod binary;

use binary::{json, wavetank};
use serde_json::Value;
use wavetank::explore::{case_of_seed, run};
use wavetank_models::Config;
use wavetank_sims::scenarios;

/// What a process of its own says of the case of a seed.
fn in_a_child(scenario: &str, seed: u64) -> Value {
    let seed = seed.to_string();
    json(&wavetank(".", &["run", scenario, "--seed", &seed, "--format", "json"]))
}

#[test]
fn a_child_process_comes_to_the_same() {
    for scenario in scenarios::all() {
        let (name, seed) = (scenario.name(), 5);
        let here = run(&case_of_seed(scenario, &Config::default(), seed));
        let there = in_a_child(name, seed);
        assert_eq!(there["digest"], here.digest.to_string(), "{name}");
        assert_eq!(there["counts"]["events"], here.counts.events, "{name}");
        assert_eq!(there, in_a_child(name, seed), "{name}");
    }
}
