//! The same case gives the same digest: twice in a process, on any number of threads, in debug
//! and in release. The pinned digests change only with a stated reason.

mod renewing;

use std::path::Path;

use wavetank::digest::Digest;
#[cfg(feature = "wire")]
use wavetank::explore::{Fidelity, run_at};
use wavetank::explore::{Pool, case_of_seed, parallel, run, run_recorded};
use wavetank::rng::{Draw, mix};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

/// Holds lines of a scenario's name, a seed, and the digest of the reference's run against those
/// of a file. `WAVETANK_RENEW=1` writes the file, which wants a line in CHANGELOG.md that says why.
fn pinned(file: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
    if renewing::is_renewing() {
        std::fs::write(&path, now).expect("a file that can be written");
    }
    let pinned = std::fs::read_to_string(&path).expect("the pinned digests");
    assert_eq!(now, pinned, "a digest changed; if that was meant, say why in CHANGELOG.md");
}

fn digest(scenario: &str, seed: u64) -> Digest {
    let scenario = scenarios::named(scenario).expect("a known scenario");
    run(&case_of_seed(scenario, &Config::default(), seed)).digest
}

#[test]
fn draws_are_what_they_were_when_they_were_defined() {
    let draw = Draw::seeded(7).key(1).key(2);
    let purpose = Draw::seeded(7).purpose("link");
    let words = [draw.word(0), draw.word(1), purpose.word(0)];
    let golden = [422_365_309_485_867_552, 4_992_379_498_210_589_334, 7_791_063_980_316_664_604];
    assert_eq!(words, golden);
    assert_eq!((draw.below(0, 10), draw.below(1, 10)), (0, 2));
    // SplitMix64's own test vector for the seed 1234567.
    assert_eq!(mix(1_234_567 + 0x9e37_79b9_7f4a_7c15), 6_457_827_717_110_365_317);
}

#[test]
fn every_scenario_has_its_pinned_digest_in_debug_and_in_release() {
    let mut now = String::new();
    for scenario in scenarios::all() {
        for seed in if scenario.cost() > 1 { 0..1 } else { 0..3 } {
            let name = scenario.name();
            now.push_str(&format!("{name} {seed} {}\n", digest(name, seed)));
        }
    }
    pinned("digests.txt", &now);
}

/// The same for connections in bytes: the lengths of frames and what they said.
#[cfg(feature = "wire")]
#[test]
fn every_scenario_has_its_pinned_digest_in_bytes() {
    let mut now = String::new();
    for scenario in scenarios::all() {
        let name = scenario.name();
        let case = case_of_seed(scenario, &Config::default(), 0);
        let digest = run_at(Fidelity::Wire, &case).digest;
        now.push_str(&format!("{name} 0 {digest}\n"));
    }
    pinned("digests-in-bytes.txt", &now);
}

#[test]
fn a_digest_is_the_same_twice_and_does_not_depend_on_recording_or_on_who_judges() {
    for scenario in scenarios::all().into_iter().filter(|scenario| scenario.cost() == 1) {
        let mut case = case_of_seed::<DocSync>(scenario, &Config::default(), 11);
        let first = run(&case);
        assert_eq!(run(&case), first, "{}", scenario.name());
        assert_eq!(run_recorded(&case).0.digest, first.digest, "{}", scenario.name());
        case.invariants = Some(Vec::new());
        assert_eq!(run(&case).digest, first.digest, "{}", scenario.name());
    }
}

#[test]
fn outcomes_do_not_depend_on_the_number_of_threads() {
    let seeds: Vec<u64> = (0..64).collect();
    let on = |threads| {
        let work = |seed: &u64| digest("chaotic-links", *seed);
        parallel(&Pool::new(threads), &seeds, work, || ())
    };
    assert_eq!(on(1), on(4));
}
