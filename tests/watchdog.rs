//! A run that hangs in a handler is named while it hangs.

mod toy;

use std::sync::mpsc::channel;
use std::time::Duration;

use toy::{Mistake, case};
use wavetank::explore::{Watchdog, run};

#[test]
fn a_run_that_takes_too_long_is_named_once() {
    let (says, said) = channel();
    let watchdog = Watchdog::new(Duration::from_millis(40), move |late| {
        says.send(late.clone()).expect("somebody listens");
    });
    let seeded = |mistake, seed| {
        let mut case = case(mistake);
        case.origin.scenario = "naps".to_owned();
        case.origin.seed = Some(seed);
        run(&case).verdict
    };
    assert!(seeded(Mistake::Sleeps(400), 7).held());
    for seed in 8..40 {
        assert!(seeded(Mistake::None, seed).held());
    }
    drop(watchdog);
    let late: Vec<_> = said.iter().collect();
    assert_eq!(late.len(), 1, "{late:?}");
    assert!(late[0].running >= Duration::from_millis(40), "{late:?}");
    assert_eq!(late[0].to_string(), "seed 7 of scenario naps has been running for 0 s");
}
