//! Cases from bytes, as a fuzzer gives them.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use wavetank::explore::{Case, Drawn, run};
use wavetank::rng::{Draw, Rng};
use wavetank_models::DocSync;
use wavetank_sims::scenarios::Mixed;

fn drawn(bytes: &[u8]) -> Option<Case<DocSync>> {
    let drawn = Drawn::<DocSync, Mixed>::arbitrary(&mut Unstructured::new(bytes));
    drawn.ok().map(|drawn| drawn.case)
}

fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut rng = Rng::new(Draw::seeded(seed));
    (0..count).map(|_| rng.word() as u8).collect()
}

#[test]
fn bytes_become_valid_cases_and_the_same_bytes_the_same_case() {
    let mut cases = BTreeSet::new();
    for seed in 0..40 {
        let bytes = noise(seed, 64);
        let case = drawn(&bytes).expect("enough bytes for a case");
        case.validate().expect("a case that fits together");
        assert_eq!(drawn(&bytes).as_ref(), Some(&case));
        assert_eq!(case.origin.scenario, "mixed");
        assert!(run(&case).verdict.held(), "{}", case.to_json());
        cases.insert(case.to_json());
    }
    assert_eq!(cases.len(), 40, "other bytes are another case");
}

#[test]
fn a_byte_changed_late_changes_little() {
    let bytes = noise(1, 64);
    let one = drawn(&bytes).expect("a case");
    let mut others = 0;
    for late in 40..56 {
        let mut changed = bytes.clone();
        changed[late] ^= 0x55;
        let other = drawn(&changed).expect("a case");
        assert_eq!(one.origin.scenario, other.origin.scenario);
        let same = one.operations.iter().filter(|one| other.operations.contains(one)).count();
        let all = one.operations.len();
        assert!(same * 10 > all * 8, "byte {late}: {same} of {all}");
        others += u32::from(one != other);
    }
    assert!(others > 0, "no byte makes a difference");
}

#[test]
fn any_number_of_bytes_is_a_valid_case_or_none() {
    for count in 0..60 {
        if let Some(case) = drawn(&noise(7, count)) {
            case.validate().expect("a case that fits together");
        }
    }
}
