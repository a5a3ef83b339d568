//! The same nodes on the discrete engine and on turmoil.
#![cfg(feature = "stack")]

#[path = "../board/mod.rs"]
mod board;
mod faults;
mod processes;
mod sockets;

use std::collections::BTreeMap;

use board::{Board, Config, Op};
use wavetank::engine::Latency;
use wavetank::explore::{Case, Operation, case_of_seed, run_recorded};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::history::{Channel, History, Initiator, Life, Observation, Phase, Refusal, Value};
use wavetank::id::{Field, NodeId, OpId};
use wavetank::invariant::Judged;
use wavetank::stack::{Options, Partition, StackError, StackOutcome, run_on_turmoil};
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
fn a_partition_that_is_shorter_than_the_heartbeat_ends_no_stream() {
    let cut = link(LinkFault::Partition(vec![ALICE], vec![SERVER]));
    let outcome = agree(&case(vec![Fault::lasting(at(5_000), Span::secs(2), cut)]));
    let ends = |_, what: &Observation| matches!(what, Observation::Closed { .. });
    assert_eq!(count(&outcome.history, ends), 0);
    assert_eq!(outcome.counts.dials, 2);
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
    let told = |_, what: &Observation| {
        matches!(what, Observation::Closed { by: Initiator::Network | Initiator::Remote, .. })
    };
    let during = outcome.history.iter().take_while(|record| record.at < at(15_000));
    let told = during.filter(|record| told(record.node, &record.what)).count();
    assert_eq!(told, 0, "nobody else is told while it lasts");
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
fn a_reset_is_not_heard_of_while_nothing_passes() {
    let cut = link(LinkFault::Partition(vec![ALICE], vec![SERVER]));
    let faults = vec![
        Fault::lasting(at(5_000), Span::secs(3), cut),
        Fault::at(at(5_000), FaultKind::Connection(ConnectionFault::Reset(ALICE, SERVER))),
    ];
    let outcome = run(&case(faults));
    let ends: Vec<Time> = outcome
        .history
        .iter()
        .filter(|record| {
            let by_network =
                matches!(record.what, Observation::Closed { by: Initiator::Network, .. });
            by_network && record.node == ALICE
        })
        .map(|record| record.at)
        .collect();
    assert!(matches!(ends[..], [end] if end >= at(8_000)), "{ends:?}");
}
