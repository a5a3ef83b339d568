//! What rooms are told comes in the form that was agreed with each page.

use wavetank::explore::{case_of_seed, run_recorded};
use wavetank::history::{Kind, Observation};
use wavetank_models::Config;
use wavetank_models::versions::{Spoken, Versions};
use wavetank_sims::scenarios::{self, SERVER};

#[test]
fn an_event_that_waits_behind_parts_comes_in_the_form_that_its_page_speaks() {
    let scenario = scenarios::named("small-pages").expect("a known scenario");
    let second = Spoken { oldest: 1, newest: 2 };
    let versions = Some(Versions { client: second, server: second });
    let config = Config { versions, ..Config::default() };
    let mut events = 0;
    for seed in 0..10 {
        let (_, recording) = run_recorded(&case_of_seed(scenario, &config, seed));
        for record in recording.history.iter().filter(|record| record.node != SERVER) {
            if let Observation::Delivered { meaning, .. } = &record.what
                && meaning.kind == Kind::Event
            {
                assert_eq!(meaning.schema, 2, "seed {seed}: {record:?}");
                events += 1;
            }
        }
    }
    assert!(events > 0, "nobody was told of anything");
}
