//! The same nodes on the discrete engine and on turmoil.
#![cfg(feature = "stack")]

mod board;

use std::collections::BTreeMap;

use board::{Board, Config, Op};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wavetank::engine::{Chaos, Latency};
use wavetank::explore::{Case, Operation, case_of_seed, run_recorded};
use wavetank::fault::generate::{self, Menu};
use wavetank::fault::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, Plan,
    StoreFault,
};
use wavetank::history::{
    Channel, History, Initiator, Life, Observation, OpState, Path, Phase, Refusal, StoreOutcome,
    Value,
};
use wavetank::id::{Field, NodeId, OpId, StoreId, Topic};
use wavetank::invariant::Judged;
use wavetank::stack::{Options, Partition, StackError, StackOutcome, can_express, run_on_turmoil};
use wavetank::time::{Span, Time};

const SERVER: NodeId = NodeId(0);
const ALICE: NodeId = NodeId(1);
const BOB: NodeId = NodeId(2);

fn at(millis: u64) -> Time {
    Time::ZERO + Span::millis(millis)
}

/// A server and two clients that each set a field of the board every now and then.
fn case(faults: Vec<Fault>) -> Case<Board> {
    let mut case = board::two_clients(&Config::default());
    case.seed = 7;
    case.horizon = at(30_000);
    case.settle = Span::secs(20);
    case.plan = Plan::new(faults);
    for number in 0..20u32 {
        let node = if number % 2 == 0 { ALICE } else { BOB };
        let op = Op::Set(Field(number % 5));
        let at = at(1_000 + u64::from(number) * 1_300);
        case.operations.push(Operation { id: OpId(number), at, node, op });
    }
    case
}

fn link(fault: LinkFault) -> FaultKind {
    FaultKind::Link(fault)
}

fn run<P: Judged>(case: &Case<P>) -> StackOutcome {
    run_on_turmoil(case, Options::default()).expect("the case runs to its end")
}

/// What each page shows in the end.
fn contents(history: &History) -> BTreeMap<NodeId, BTreeMap<Field, Value>> {
    let mut pages: BTreeMap<NodeId, BTreeMap<Field, Value>> = BTreeMap::new();
    for record in history {
        let Observation::ShownContent(reading) = &record.what else { continue };
        let page = pages.entry(record.node).or_default();
        if reading.whole {
            page.clear();
        }
        for change in &reading.changes {
            match change.value {
                Some(value) => page.insert(change.field, value),
                None => page.remove(&change.field),
            };
        }
    }
    pages
}

/// Both engines hold every invariant, and everybody ends with the same content in both.
fn agree<P: Judged>(case: &Case<P>) -> StackOutcome {
    let (discrete, recording) = run_recorded(case);
    assert!(discrete.verdict.held(), "{:?}", discrete.verdict);
    let stack = run(case);
    assert_eq!(stack.violations, []);
    let pages = contents(&stack.history);
    assert!(!pages.is_empty() && pages.values().all(|page| !page.is_empty()), "{pages:?}");
    assert_eq!(pages, contents(&recording.history), "left: turmoil, right: the discrete engine");
    stack
}

fn count(history: &History, is: impl Fn(NodeId, &Observation) -> bool) -> usize {
    history.iter().filter(|record| is(record.node, &record.what)).count()
}

#[test]
fn a_hold_partition_and_a_resync_give_the_same_final_contents_as_the_discrete_engine() {
    let cut = link(LinkFault::Partition(vec![ALICE], vec![SERVER]));
    let case = case(vec![Fault::lasting(at(5_000), Span::secs(12), cut)]);
    let outcome = agree(&case);
    let gave_up = |node, what: &Observation| {
        node == ALICE && matches!(what, Observation::Closed { by: Initiator::Local, .. })
    };
    assert!(count(&outcome.history, gave_up) >= 1, "Alice noticed and dialled anew");
    assert!(outcome.marks.contains_key("resync"), "{:?}", outcome.marks);
}

#[test]
fn the_same_case_gives_the_same_history_twice() {
    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
    let slow = link(LinkFault::Latency(
        vec![BOB],
        vec![],
        Latency::Uniform(Span::millis(50), Span::millis(400)),
    ));
    let case = case(vec![
        Fault::lasting(at(4_000), Span::secs(9), slow),
        Fault::lasting(at(8_000), Span::secs(3), crash),
    ]);
    let (one, other) = (run(&case), run(&case));
    assert_eq!(one, other);
    assert_eq!(one.violations, []);
    assert!(one.history.is_sorted_by_key(|record| record.at));
}

#[test]
fn facts_are_witnessed_where_the_discrete_engine_witnesses_them() {
    let case = case(Vec::new());
    let outcome = agree(&case);
    let history = &outcome.history;
    let (_, recording) = run_recorded(&case);
    let kinds: [fn(&Observation) -> bool; 10] = [
        |what| matches!(what, Observation::Given { .. }),
        |what| matches!(what, Observation::Phase(Phase::Chaos | Phase::Healed | Phase::Quiet)),
        |what| matches!(what, Observation::Node(Life::Started)),
        |what| matches!(what, Observation::Dialled { channel: Channel::Socket, .. }),
        |what| matches!(what, Observation::Opened { .. }),
        |what| matches!(what, Observation::Closed { .. }),
        |what| matches!(what, Observation::Sent { live: true, meaning, .. } if meaning.op.is_some()),
        |what| matches!(what, Observation::Delivered { meaning, .. } if meaning.op.is_some()),
        |what| matches!(what, Observation::Stored { write: Some(_), .. }),
        |what| matches!(what, Observation::ShownOp { .. }),
    ];
    for (number, kind) in kinds.iter().enumerate() {
        let (here, there) = (history, &recording.history);
        let counts = (count(here, |_, what| kind(what)), count(there, |_, what| kind(what)));
        assert_eq!(counts.0, counts.1, "kind {number}");
    }
    assert_eq!(outcome.counts.sent_on_ended, 0);
    assert!(count(history, |_, what| matches!(what, Observation::TimerFired { .. })) > 10);
}

#[test]
fn a_crash_is_told_to_peers_and_dials_meanwhile_are_refused() {
    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
    let outcome = agree(&case(vec![Fault::lasting(at(6_000), Span::secs(5), crash)]));
    let broke = |_, what: &Observation| {
        matches!(what, Observation::Closed { code: 1006, by: Initiator::Network, .. })
    };
    let refused = |_, what: &Observation| {
        matches!(what, Observation::Refused { refusal: Refusal::Unreachable, .. })
    };
    assert_eq!(count(&outcome.history, broke), 2);
    assert!(count(&outcome.history, refused) >= 2);
}

#[test]
fn a_power_loss_is_told_to_nobody() {
    let dark = FaultKind::Node(NodeFault::PowerLoss(SERVER));
    let outcome = agree(&case(vec![Fault::lasting(at(6_000), Span::secs(8), dark)]));
    let early = outcome.history.iter().filter(|record| record.at < at(14_000));
    let told = early.filter(|record| {
        matches!(record.what, Observation::Closed { by, .. } if by != Initiator::Local)
            || matches!(record.what, Observation::Refused { .. })
    });
    assert_eq!(told.count(), 0);
}

/// What a fault of a case of its own, at five seconds and for seven, must leave in the history.
type Trace = (FaultKind, fn(NodeId, &Observation) -> bool);

fn expressible() -> Vec<Trace> {
    let board = StoreId(0);
    vec![
        (link(LinkFault::Hold(vec![ALICE], vec![])), |node, what| {
            node == BOB && matches!(what, Observation::Link { to: ALICE, path: Path::Down })
        }),
        (FaultKind::Connection(ConnectionFault::Reset(ALICE, SERVER)), |node, what| {
            node == SERVER && matches!(what, Observation::Closed { by: Initiator::Network, .. })
        }),
        (FaultKind::Connection(ConnectionFault::Close(SERVER, BOB, 1012)), |node, what| {
            let by = Initiator::Remote;
            node == BOB
                && matches!(what, Observation::Closed { code: 1012, by: of, .. } if *of == by)
        }),
        (FaultKind::Connection(ConnectionFault::HalfOpen(SERVER, BOB)), |node, what| {
            node == BOB && matches!(what, Observation::Closed { code: 4000, .. })
        }),
        (
            FaultKind::Node(NodeFault::Pause(SERVER)),
            |_, what| matches!(what, Observation::Waiting { queue, .. } if queue == "inbox"),
        ),
        (FaultKind::Store(StoreFault::Slow(board, Span::millis(700))), |node, what| {
            node == ALICE && matches!(what, Observation::ShownOp { state: OpState::Saved, .. })
        }),
        (FaultKind::Store(StoreFault::Failing(board, 500_000)), |_, what| {
            matches!(what, Observation::Stored { outcome: StoreOutcome::Failed, .. })
        }),
        (
            FaultKind::Store(StoreFault::Ambiguous(board, 500_000)),
            |_, what| matches!(what, Observation::Stored { write: Some(write), .. } if write.changes.is_empty()),
        ),
        (FaultKind::Clock(ClockFault::Ahead(ALICE, Span::secs(60))), |_, what| {
            matches!(what, Observation::Clock { wall_step_us: 60_000_000, .. })
        }),
        (FaultKind::Clock(ClockFault::Drift(BOB, -200_000)), |_, what| {
            matches!(what, Observation::Clock { drift_ppm: -200_000, .. })
        }),
        (FaultKind::Device(DeviceFault::Offline(BOB)), |node, what| {
            node == BOB && matches!(what, Observation::Closed { code: 4000, .. })
        }),
        (FaultKind::Device(DeviceFault::SaysOffline(ALICE)), |_, what| {
            matches!(what, Observation::Device { online: false })
        }),
    ]
}

#[test]
fn every_fault_that_can_be_expressed_leaves_its_trace_and_is_survived() {
    for (fault, trace) in expressible() {
        let name = fault.name();
        let outcome = run(&case(vec![Fault::lasting(at(5_000), Span::secs(7), fault)]));
        assert_eq!(outcome.violations, [], "{name}");
        let during = outcome.history.iter().filter(|record| record.at >= at(5_000));
        let mut during = during.filter(|record| trace(record.node, &record.what));
        assert!(during.next().is_some_and(|record| record.at < at(15_000)), "{name}");
    }
}

#[test]
fn a_close_and_a_refusal_carry_their_codes() {
    let mut case = case(Vec::new());
    case.config.limit = 1;
    let outcome = run(&case);
    let refused = |_, what: &Observation| {
        matches!(what, Observation::Refused { refusal: Refusal::Status(503), .. })
    };
    assert!(count(&outcome.history, refused) >= 1);
    case.config.limit = 10;
    case.operations.push(Operation { id: OpId(100), at: at(28_000), node: ALICE, op: Op::Leave });
    let outcome = run(&case);
    let left = |node, what: &Observation| {
        let Observation::Closed { code: 4001, by, .. } = what else { return false };
        (node == ALICE && *by == Initiator::Local) || (node == SERVER && *by == Initiator::Remote)
    };
    assert_eq!(count(&outcome.history, left), 2);
}

#[test]
fn casts_keep_their_order_between_the_tabs_of_one_device() {
    let mut case = case(Vec::new());
    case.topology.nodes[1].device = Some(1);
    case.topology.nodes[2].device = Some(1);
    case.operations = (0..30)
        .map(|number| {
            let at = at(2_000 + u64::from(number) * 2);
            Operation { id: OpId(number), at, node: ALICE, op: Op::Whisper }
        })
        .collect();
    let outcome = run(&case);
    let heard: Vec<u64> = outcome
        .history
        .iter()
        .filter_map(|record| match &record.what {
            Observation::CastDelivered { from: ALICE, meaning } => Some(meaning.stamp),
            _ => None,
        })
        .collect();
    assert_eq!(heard, (0..30).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_expressed_is_named_before_the_run() {
    let oneway = link(LinkFault::PartitionOneway(vec![ALICE], vec![SERVER]));
    let chaos = link(LinkFault::Chaos(vec![ALICE], vec![], Chaos::default()));
    let hold = link(LinkFault::Hold(vec![ALICE], vec![]));
    let faults = [hold, oneway, chaos].map(|kind| Fault::lasting(at(1_000), Span::secs(1), kind));
    let error = run_on_turmoil(&case(faults.to_vec()), Options::default()).unwrap_err();
    let expected = "turmoil's network cannot express partition-oneway (fault 1), chaos (fault 2)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_dropped_partition_leaves_a_half_open_connection() {
    let cut = link(LinkFault::Partition(vec![ALICE], vec![SERVER]));
    let case = case(vec![Fault::lasting(at(5_000), Span::secs(10), cut)]);
    let options = Options { partition: Partition::Dropped };
    let outcome = run_on_turmoil(&case, options).expect("the case runs to its end");
    assert_eq!(outcome.violations, []);
    let silent = |node, what: &Observation| {
        node == SERVER && matches!(what, Observation::Closed { by: Initiator::Local, .. })
    };
    assert!(count(&outcome.history, silent) >= 1, "the server gave up on a silent client");
}

#[test]
fn a_panic_and_an_endless_loop_stop_the_run() {
    let stopped = |op| {
        let mut case = case(Vec::new());
        case.events_max = Some(50_000);
        case.operations.push(Operation { id: OpId(100), at: at(9_000), node: BOB, op });
        match run_on_turmoil(&case, Options::default()).unwrap_err() {
            StackError::Stopped { at, message } => (at, message),
            other => panic!("{other}"),
        }
    };
    let (when, message) = stopped(Op::Trip);
    assert!(message.contains("Bob tripped"), "{message}");
    assert!(when >= at(9_000) && when < at(9_010), "{when}");
    let (_, message) = stopped(Op::Spin);
    assert_eq!(message, "the budget of events is used up");
}

#[test]
fn an_invariant_that_is_broken_is_found_on_both_engines() {
    let mut case = case(vec![]);
    case.config.deaf = true;
    let discrete = wavetank::explore::run(&case);
    let stack = run(&case);
    assert!(discrete.verdict.violation_of("convergence").is_some(), "{:?}", discrete.verdict);
    assert!(stack.violations.iter().any(|violation| violation.invariant == "convergence"));
}

#[test]
fn the_reference_protocol_holds_every_invariant_on_turmoil_as_well() {
    let config = wavetank_models::Config::default();
    let names = ["disconnect-during-edit", "offline-editing", "store-trouble"];
    let mut scenarios = wavetank_sims::scenarios::all();
    scenarios.retain(|scenario| names.contains(&scenario.name()));
    assert_eq!(scenarios.len(), names.len());
    for scenario in scenarios {
        let case = case_of_seed(scenario, &config, 1);
        assert_eq!(run(&case).violations, [], "{}", scenario.name());
    }
}

#[test]
fn the_book_says_which_faults_turmoil_can_express() {
    let page = include_str!("../book/src/faults.md");
    let row = |name: &str| page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
    for name in FaultKind::NAMES {
        let fidelities = row(name).and_then(|row| row.split('|').nth(3)).expect("a row");
        let said = fidelities.split_whitespace().any(|fidelity| fidelity == "s");
        assert_eq!(said, can_express(&drawn(name)), "{name}");
    }
}

/// Some fault of a kind.
fn drawn(name: &'static str) -> FaultKind {
    let menu = Menu {
        clients: vec![ALICE],
        servers: vec![SERVER],
        stores: vec![StoreId(1)],
        topics: vec![Topic(1)],
        dormant: vec![BOB],
        kinds: vec![name],
        most: 3,
        ..Menu::default()
    };
    let (strategy, mut runner) = (generate::plan(menu), TestRunner::deterministic());
    let plans = (0..100).map(|_| strategy.new_tree(&mut runner).expect("a plan").current());
    plans.flat_map(|plan| plan.0).next().expect("a fault").kind
}
