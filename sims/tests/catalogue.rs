//! Every failure mode of the catalogue is found by what happens, and the reference survives.

use wavetank::explore::{Pool, Scenario, case_of_seed, parallel, run};
use wavetank_models::catalogue::{self, Entry};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

/// Runs of each scenario that a failure mode may take to show.
const SEEDS: u64 = 1_000;

/// Whether a configuration breaks an invariant in some scenario.
fn is_found(config: &Config, invariant: &str) -> bool {
    let broken = |scenario: &dyn Scenario<DocSync>, seed| {
        run(&case_of_seed(scenario, config, seed)).verdict.violation_of(invariant).is_some()
    };
    (0..SEEDS).any(|seed| {
        let due = |scenario: &&dyn Scenario<DocSync>| seed.is_multiple_of(scenario.cost());
        scenarios::all().into_iter().filter(due).any(|scenario| broken(scenario, seed))
    })
}

#[test]
fn every_failure_mode_breaks_the_invariant_that_it_names() {
    let missed = parallel(
        &Pool::new(0),
        catalogue::entries(),
        |entry: &Entry| {
            let config = Config::default().patched(&entry.as_patch()).expect("a known patch");
            (!is_found(&config, &entry.invariant)).then(|| entry.id.clone())
        },
        || (),
    );
    let missed: Vec<_> = missed.into_iter().flatten().collect();
    assert!(missed.is_empty(), "not found within {SEEDS} seeds: {missed:?}");
}

#[test]
fn there_are_at_least_25_failure_modes_with_distinct_names_and_patches() {
    let entries = catalogue::entries();
    assert!(entries.len() >= 25);
    for (i, one) in entries.iter().enumerate() {
        for other in &entries[i + 1..] {
            assert_ne!(one.id, other.id);
            assert!(one.knob != other.knob || one.patch != other.patch, "{} {}", one.id, other.id);
        }
    }
}

#[test]
fn taking_a_failure_mode_back_gives_the_reference() {
    for entry in catalogue::entries() {
        let wrong = Config::default().patched(&entry.as_patch()).expect("a known patch");
        let differences = wrong.differences();
        assert_eq!(differences.len(), 1, "{}", entry.id);
        assert_eq!(differences[0].reference, entry.reference, "{}", entry.id);
        let mut back = wavetank_models::policy::Patch::default();
        back.set(&differences[0].path, differences[0].reference.clone());
        assert_eq!(wrong.patched(&back).expect("a known patch"), Config::default(), "{}", entry.id);
    }
}
