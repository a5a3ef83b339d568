//! The framework under plain `proptest!`, as a user of proptest would write it.

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use wavetank::explore::{Case, Scenario, Verdict, run};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

/// The cases of a scenario on the reference; every value that proptest draws is in the case.
fn cases(scenario: &str) -> impl Strategy<Value = Case<DocSync>> + use<> {
    let scenario: &dyn Scenario<DocSync> = scenarios::named(scenario).expect("a known scenario");
    (scenario.cases(&Config::default()), any::<u64>())
        .prop_map(|(case, seed)| Case { seed, ..case })
}

fn broken(case: &Case<DocSync>, invariant: &str) -> Option<String> {
    let outcome = run(case);
    assert!(!matches!(outcome.verdict, Verdict::Panicked(_)), "{:?}", outcome.verdict);
    outcome.verdict.violation_of(invariant).map(|violation| violation.message.clone())
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 100,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_a_person_sees_never_goes_back(case in cases("several-tabs")) {
        prop_assert_eq!(broken(&case, "no-state-regression"), None);
    }

    #[test]
    fn an_edit_is_never_lost_silently(case in cases("disconnect-during-edit")) {
        prop_assert_eq!(broken(&case, "no-lost-edit"), None);
    }

    #[test]
    fn no_queue_outgrows_its_limit(case in cases("offline-editing")) {
        prop_assert_eq!(broken(&case, "bounded-queue"), None);
    }
}
