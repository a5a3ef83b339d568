//! Faults of stores.

use wavetank::engine::Latency;
use wavetank::fault::{Fault, FaultKind, StoreFault};
use wavetank::history::{Observation, StoreOutcome};
use wavetank::time::Span;

use super::puppet::{ALICE, Do, Role, SERVER, STORE, Told, case, from, millis, told};

const ALWAYS: u32 = 1_000_000;

fn store(fault: StoreFault) -> FaultKind {
    FaultKind::Store(fault)
}

fn outcomes(told: &Told, outcome: StoreOutcome) -> bool {
    told.saw(|_, what| matches!(what, Observation::Stored { outcome: is, .. } if *is == outcome))
}

#[test]
fn a_request_is_executed_at_one_instant_between_request_and_reply() {
    let work = [(100, SERVER, Do::Put(1)), (102, ALICE, Do::Put(2))];
    let mut case = case(&work, vec![]);
    case.topology.nodes[1].role = Role::Server;
    case.topology.nodes[1].store = Some(STORE);
    case.network.store_latency = Latency::Constant(Span::millis(5));
    let told = told(&case);
    assert_eq!(told.all(SERVER, "stored"), [(110, vec![1])], "executed at 105");
    assert_eq!(told.all(ALICE, "stored"), [(112, vec![1, 2])], "executed at 107");
}

#[test]
fn a_slow_store_takes_longer_each_way() {
    let slow = store(StoreFault::Slow(STORE, Span::millis(300)));
    let told = told(&case(&[(500, SERVER, Do::Put(1))], vec![from(300, 2000, slow)]));
    assert_eq!(told.times(SERVER, "stored"), [1104]);
}

#[test]
fn a_failing_store_does_not_do_what_it_reports_failed() {
    let work = [(500, SERVER, Do::Put(1)), (3000, SERVER, Do::Get)];
    let fault = store(StoreFault::Failing(STORE, ALWAYS));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.times(SERVER, "failed"), [504]);
    assert_eq!(told.all(SERVER, "stored"), [(3004, vec![])]);
    assert!(outcomes(&told, StoreOutcome::Failed));
}

#[test]
fn an_ambiguous_store_does_what_it_reports_failed() {
    let work = [(500, SERVER, Do::Put(1)), (3000, SERVER, Do::Get)];
    let fault = store(StoreFault::Ambiguous(STORE, ALWAYS));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.times(SERVER, "failed"), [504]);
    assert_eq!(told.all(SERVER, "stored"), [(3004, vec![1])]);
}

#[test]
fn a_lying_store_reports_done_what_it_does_not_do() {
    let work = [(500, SERVER, Do::Put(1)), (3000, SERVER, Do::Get)];
    let fault = store(StoreFault::Lying(STORE, ALWAYS));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.all(SERVER, "stored"), [(504, vec![1]), (3004, vec![])]);
    assert!(outcomes(&told, StoreOutcome::Failed), "the truth");
}

#[test]
fn a_stale_store_reads_from_the_past_and_writes_in_the_present() {
    let work = [
        (100, SERVER, Do::Put(1)),
        (500, SERVER, Do::Put(2)),
        (600, SERVER, Do::Get),
        (3000, SERVER, Do::Get),
    ];
    let told = told(&case(&work, vec![from(300, 2000, store(StoreFault::Stale(STORE)))]));
    let expected = [(104, vec![1]), (504, vec![1, 2]), (604, vec![1]), (3004, vec![1, 2])];
    assert_eq!(told.all(SERVER, "stored"), expected);
}

#[test]
fn a_crash_of_the_store_loses_a_suffix_of_what_was_not_flushed() {
    let mut kept = Vec::new();
    for seed in 0..20 {
        let work = [
            (100, SERVER, Do::Put(1)),
            (110, SERVER, Do::Flush),
            (200, SERVER, Do::Put(2)),
            (300, SERVER, Do::Put(3)),
            (1000, SERVER, Do::Get),
            (2000, SERVER, Do::Get),
        ];
        let fault = Fault::at(millis(500), store(StoreFault::SuffixLost(STORE)));
        let mut case = case(&work, vec![fault]);
        case.seed = seed;
        let told = told(&case);
        assert_eq!(told.times(SERVER, "failed"), [1004], "the session that it had is gone");
        let (at, list) = told.all(SERVER, "stored").pop().expect("an answer");
        assert_eq!(at, 2004);
        assert_eq!(list, [1, 2, 3][..list.len()], "a prefix");
        kept.push(list.len());
    }
    kept.sort_unstable();
    kept.dedup();
    assert_eq!(kept, [1, 2, 3], "what was flushed stays");
}

#[test]
fn a_restored_store_is_as_it_was_when_the_fault_began() {
    let work = [
        (100, SERVER, Do::Put(1)),
        (500, SERVER, Do::Put(2)),
        (3000, SERVER, Do::Get),
        (4000, SERVER, Do::Get),
    ];
    let told = told(&case(&work, vec![from(300, 2000, store(StoreFault::Restored(STORE)))]));
    assert_eq!(told.all(SERVER, "stored").pop(), Some((4004, vec![1])));
    assert!(outcomes(&told, StoreOutcome::Remembered) && outcomes(&told, StoreOutcome::Restored));
}

#[test]
fn an_emptied_store_has_nothing_left() {
    let work = [(100, SERVER, Do::Put(1)), (3000, SERVER, Do::Get), (4000, SERVER, Do::Get)];
    let fault = Fault::at(millis(500), store(StoreFault::Emptied(STORE)));
    let told = told(&case(&work, vec![fault]));
    assert_eq!(told.all(SERVER, "stored").pop(), Some((4004, vec![])));
    assert!(outcomes(&told, StoreOutcome::Emptied));
}
