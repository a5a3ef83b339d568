//! A campaign runs a share of its cases twice, and names the first event that differs.

use crate::toy::{Mistake, case};
use wavetank::explore::{Difference, is_rechecked, recheck, run};

fn difference(mistake: Mistake) -> Option<Box<Difference>> {
    let mut case = case(mistake);
    case.origin.scenario = "questions".to_owned();
    case.origin.seed = Some(3);
    recheck(&case, &run(&case)).err()
}

/// The two events at which runs part. They are of the server, which answers one question.
fn parting(mistake: Mistake) -> [String; 2] {
    let difference = difference(mistake).expect("two runs that differ");
    assert_ne!(difference.digests[0], difference.digests[1]);
    let text = difference.to_string();
    let parting = difference.parting.expect("a first event");
    let events = parting.events.map(|event| event.expect("an event in both runs"));
    assert_ne!(events[0], events[1]);
    for part in ["seed 3 of questions", "2 nodes, 1 operations", &events[0], &events[1]] {
        assert!(text.contains(part), "{part} in {text}");
    }
    events
}

#[test]
fn a_sound_case_comes_to_the_same_twice() {
    assert_eq!(difference(Mistake::None), None);
}

#[test]
fn a_number_shared_by_all_runs_is_caught_at_the_answer_that_has_it() {
    for event in parting(Mistake::SharesACounter) {
        assert!(event.contains(" n0 ") && event.contains("Answer("), "{event}");
    }
}

#[test]
fn the_order_of_a_hash_map_is_caught_at_the_answer_that_has_it() {
    for event in parting(Mistake::WalksAHashMap) {
        assert!(event.contains(" n0 ") && event.contains("Answer("), "{event}");
    }
}

#[test]
fn about_one_in_16_seeds_of_a_scenario_is_run_twice_and_not_the_same_of_each() {
    let of = |scenario| (0..16_000).filter(|seed| is_rechecked(scenario, *seed)).count();
    assert!((900..1100).contains(&of("one")), "{}", of("one"));
    assert!((900..1100).contains(&of("other")), "{}", of("other"));
    let both = |seed: &u64| is_rechecked("one", *seed) && is_rechecked("other", *seed);
    assert!((0..16_000).filter(both).count() < 200);
}
