//! Pages that are loaded anew while edits wait: kept on the device these go from the next page,
//! once; kept in memory they are gone, as was shown.

use std::collections::BTreeMap;

use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{Case, Work, operations, run_recorded};
use wavetank::fault::{DeviceFault, Fault, FaultKind, NodeFault, Plan, StoreFault};
use wavetank::history::{History, Observation, OpState, StoreOutcome};
use wavetank::id::{NodeId, OpId, StoreId};
use wavetank::time::{Span, Time};
use wavetank_models::document::Attribute;
use wavetank_models::policy::Storage;
use wavetank_models::{Config, DocSync, Op, Role};

const SERVER: NodeId = NodeId(0);
const PAGE: NodeId = NodeId(1);
const DEVICE: StoreId = StoreId(2);

fn at(millis: u64) -> Time {
    Time::ZERO + Span::millis(millis)
}

/// A person edits from the fifth second on, without a network from the fourth to the twelfth, and
/// loads the page anew in the eighth; she goes on then.
fn case(storage: Storage, faults: Vec<Fault>) -> Case<DocSync> {
    let server = NodeSpec::new(SERVER, Role::Server).with_store(StoreId(1));
    let page = NodeSpec::new(PAGE, Role::Browser).with_store(DEVICE);
    let stores = vec![StoreId(1), DEVICE];
    let mut config = Config::default();
    config.policy.client.outbox.storage = storage;
    let mut case = Case::new(Topology { nodes: vec![server, page], stores }, config);
    case.horizon = at(20_000);
    let all = [
        (3_000, Op::Set(0, Attribute::Label)),
        (5_000, Op::Insert),
        (5_500, Op::Set(1, Attribute::Label)),
        (6_000, Op::Set(1, Attribute::Label)),
        (6_500, Op::Delete(2)),
        (9_500, Op::Insert),
    ];
    let work: Work<Op> = all.into_iter().map(|(millis, op)| (at(millis), PAGE, op)).collect();
    case.operations = operations(work);
    let offline = FaultKind::Device(DeviceFault::Offline(PAGE));
    let crash = FaultKind::Node(NodeFault::Crash(PAGE));
    let mut plan = vec![
        Fault::lasting(at(4_000), Span::secs(8), offline),
        Fault::lasting(at(8_000), Span::millis(500), crash),
    ];
    plan.extend(faults);
    case.plan = Plan::new(plan);
    case
}

/// What becomes of a run: what its person was shown last of each edit before the page was loaded
/// anew and in the end, and how often the server's store did it.
fn outcome(case: &Case<DocSync>) -> BTreeMap<OpId, (Option<OpState>, Option<OpState>, u32)> {
    let (outcome, recording) = run_recorded(case);
    assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
    let mut found = BTreeMap::new();
    let history: &History = &recording.history;
    for record in history {
        match &record.what {
            Observation::ShownOp { op, state } => {
                let (before, last, _) = found.entry(*op).or_insert((None, None, 0));
                if record.at < at(8_000) {
                    *before = Some(*state);
                }
                *last = Some(*state);
            }
            Observation::Stored { outcome: StoreOutcome::Executed, write: Some(write), .. }
                if !write.changes.is_empty() =>
            {
                let op = write.op.expect("an operation of somebody");
                found.entry(op).or_insert((None, None, 0)).2 += 1;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn edits_on_the_device_outlive_the_page_and_are_done_once() {
    let found = outcome(&case(Storage::Device, Vec::new()));
    assert_eq!(found.len(), 6);
    for (op, (before, last, times)) in &found {
        assert_eq!((*last, *times), (Some(OpState::Saved), 1), "{op}");
        let waited = matches!(before, Some(OpState::QueuedSafe));
        assert_eq!(waited, (OpId(2)..OpId(6)).contains(op), "{op}: {before:?}");
    }
}

#[test]
fn edits_in_memory_are_gone_with_the_page_and_were_shown_as_such() {
    let found = outcome(&case(Storage::MemoryWithWarning, Vec::new()));
    for (op, (before, last, times)) in &found {
        let waited = (OpId(2)..OpId(6)).contains(op);
        assert_eq!(*times, u32::from(!waited), "{op}");
        if waited {
            assert_eq!(*before, Some(OpState::QueuedVolatile), "{op}");
            assert_eq!(before, last, "{op}");
        }
    }
}

#[test]
fn what_a_device_fails_to_keep_is_shown_as_not_saved_there() {
    let fails = FaultKind::Store(StoreFault::Failing(DEVICE, 1_000_000));
    let found =
        outcome(&case(Storage::Device, vec![Fault::lasting(at(4_500), Span::secs(2), fails)]));
    for op in (2..5).map(OpId) {
        assert_eq!(found[&op], (Some(OpState::QueuedVolatile), Some(OpState::QueuedVolatile), 0));
    }
}
