//! What a campaign must reach is catalogued, promised by scenarios, and reached.

use proptest::prelude::*;
use wavetank::explore::{
    Case, MarkError, Marks, Outcome, Pool, Scenario, case_of_seed, check_promises, parallel, run,
};
use wavetank::protocol::Protocol;
use wavetank_models::policy::{PolicyFile, bundled};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

/// What a scenario reaches with this many seeds.
fn reached(scenario: &dyn Scenario<DocSync>, config: &Config, seeds: u64) -> Marks {
    let mut marks = Marks::new::<DocSync>();
    for seed in 0..(seeds / scenario.cost()).max(1) {
        let outcome = run(&case_of_seed(scenario, config, seed));
        marks.add(&outcome).expect("only catalogued marks are made");
    }
    marks
}

#[test]
fn the_catalogue_of_marks_has_not_changed_unnoticed() {
    check_promises(&scenarios::all()).expect("scenarios promise catalogued marks");
    let mut table = String::new();
    for mark in DocSync::MARKS {
        let promises = |one: &&dyn Scenario<DocSync>| one.must_reach().contains(&mark.name);
        let by: Vec<_> =
            scenarios::all().into_iter().filter(promises).map(|one| one.name()).collect();
        let by = if by.is_empty() { "nobody".to_owned() } else { by.join(", ") };
        table.push_str(&format!("{}: {} Promised by {by}.\n", mark.name, mark.about));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_scenario_promises_something() {
    for scenario in scenarios::all() {
        assert!(!scenario.must_reach().is_empty(), "{}", scenario.name());
    }
}

#[test]
fn promises_are_kept_whatever_the_configuration() {
    let names: Vec<&str> = bundled().collect();
    let broken = parallel(
        &Pool::new(0),
        &names,
        |name| {
            let config = PolicyFile::find(name).expect("a bundled one").config();
            let broken = |scenario: &dyn Scenario<DocSync>| {
                let missing = reached(scenario, &config, 60).unreached(scenario);
                (!missing.is_empty()).then(|| (*name, scenario.name(), missing))
            };
            scenarios::all().into_iter().filter_map(broken).collect::<Vec<_>>()
        },
        || (),
    );
    assert_eq!(broken.concat(), []);
}

#[test]
fn the_reference_reaches_every_mark_somewhere() {
    let all = scenarios::all();
    let reached = parallel(
        &Pool::new(0),
        &all,
        |scenario| reached(*scenario, &Config::default(), 200),
        || (),
    );
    let times = |mark: &str| reached.iter().map(|marks| marks.times(mark)).sum::<u64>();
    let never = DocSync::MARKS.iter().map(|mark| mark.name).filter(|mark| times(mark) == 0);
    assert_eq!(never.collect::<Vec<_>>(), [""; 0]);
}

/// A scenario in which nothing happens, and what it promises all the same.
struct Idle(&'static [&'static str]);

impl Scenario<DocSync> for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }
    fn about(&self) -> &'static str {
        "Nothing happens."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        self.0
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let mut case = case_of_seed(scenarios::all()[0], config, 0);
        case.operations.clear();
        case.plan = wavetank::fault::Plan::default();
        Just(case).boxed()
    }
}

#[test]
fn a_promise_that_is_not_kept_shows_and_all_marks_are_counted() {
    let idle = Idle(&["store-failed", "snapshot-sent"]);
    let marks = reached(&idle, &Config::default(), 3);
    assert_eq!(marks.unreached(&idle), ["store-failed"]);
    assert_eq!(marks.iter().count(), DocSync::MARKS.len());
    assert!(marks.times("snapshot-sent") >= 3);
}

#[test]
fn a_mark_that_nobody_catalogued_is_an_error() {
    let idle = Idle(&["sunday"]);
    assert_eq!(check_promises(&[&idle as _]), Err(MarkError::Promised("idle", "sunday")));
    let case = case_of_seed(&idle, &Config::default(), 0);
    let outcome = Outcome { marks: [("sunday", 1)].into(), ..run(&case) };
    assert_eq!(Marks::new::<DocSync>().add(&outcome), Err(MarkError::Made("sunday")));
}
