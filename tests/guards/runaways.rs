//! A loop without end is stopped by the budget of events, and named.

use crate::toy::{Mistake, case};
use wavetank::explore::{Case, run};

/// What the only violation of a case says. It must be of the progress of the run.
fn progress(mistake: Mistake) -> String {
    let case = case(mistake);
    let outcome = run(&case);
    let most = case.limits().events + case.limits().instant;
    assert!(outcome.counts.events < most, "{} of {most} events", outcome.counts.events);
    match outcome.verdict.violations() {
        [only] if only.invariant == "progress" => only.message.clone(),
        _ => panic!("{:?}", outcome.verdict),
    }
}

#[test]
fn a_sound_client_stays_within_the_budget() {
    assert!(run(&case(Mistake::None)).verdict.held());
}

#[test]
fn a_timer_without_delay_is_named() {
    let message = progress(Mistake::Spins);
    assert_eq!(message, "n1 timer Retry, over and over: more than 1,240 events at 3.2s");
}

#[test]
fn a_client_that_dials_again_at_once_is_named() {
    let message = progress(Mistake::DialsAtOnce);
    assert!(message.starts_with("n0 accepted, n1 refused, over and over: more than "), "{message}");
}

#[test]
fn a_client_that_is_never_content_is_named_with_what_it_asks_for() {
    let message = progress(Mistake::NeverContent);
    let loops = "n0 message Ask, n1 message Answer, over and over: more than ";
    assert!(message.starts_with(loops), "{message}");
}

#[test]
fn a_case_may_say_how_many_events_it_may_take() {
    let mut case = case(Mistake::NeverContent);
    case.events_max = Some(60);
    let again = Case::from_json(&case.to_json()).expect("a case");
    assert_eq!(again, case);
    let violations = run(&again).verdict.violations().to_vec();
    assert!(violations[0].message.contains("more than 60 events"), "{violations:?}");
}
