//! Each kind of fault on turmoil's network.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wavetank::engine::{Bandwidth, Chaos, Spikes};
use wavetank::fault::generate::{self, Menu};
use wavetank::fault::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, PeopleFault,
    StoreFault,
};
use wavetank::history::{Initiator, Kind, Life, Observation, OpState, Path, Refusal, StoreOutcome};
use wavetank::id::{NodeId, StoreId, Topic};
use wavetank::stack::{Options, StackOutcome, can_express, inexpressible, run_on_turmoil};
use wavetank::time::{Span, Time};

use super::{ALICE, BOB, SERVER, at, case, count, link, run};

const HALF: Span = Span::millis(500);

const fn throttle(node: NodeId, grain: Span) -> NodeFault {
    NodeFault::Throttle { node, timer: None, grain }
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
        (link(LinkFault::PartitionOneway(vec![ALICE], vec![SERVER])), |node, what| {
            node == SERVER && matches!(what, Observation::Closed { code: 4000, .. })
        }),
        (FaultKind::Connection(ConnectionFault::LateClose(ALICE, SERVER)), |node, what| {
            node == SERVER && matches!(what, Observation::Closed { by: Initiator::Network, .. })
        }),
        (FaultKind::Connection(ConnectionFault::IdleTimeout(ALICE, SERVER, HALF)), |node, what| {
            node == ALICE && matches!(what, Observation::Closed { by: Initiator::Network, .. })
        }),
        (
            FaultKind::Node(NodeFault::RestartStorm { node: SERVER, down: HALF, up: HALF }),
            |node, what| node == SERVER && matches!(what, Observation::Node(Life::Restarted)),
        ),
        (
            FaultKind::Node(NodeFault::RollingRestart { nodes: vec![SERVER, BOB], down: HALF }),
            |node, what| node == BOB && matches!(what, Observation::Node(Life::Restarted)),
        ),
        (FaultKind::Node(NodeFault::Slow(SERVER, Span::millis(20))), |node, what| {
            node == SERVER && matches!(what, Observation::Busy { .. })
        }),
        (FaultKind::Node(throttle(SERVER, Span::secs(3))), |node, what| {
            node == SERVER && matches!(what, Observation::Node(Life::Burdened))
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

/// A fault from five seconds on for twelve, and all connections of Alice broken at six.
fn with_reset(fault: ConnectionFault) -> StackOutcome {
    let reset = FaultKind::Connection(ConnectionFault::Reset(ALICE, SERVER));
    let outcome = run(&case(vec![
        Fault::lasting(at(5_000), Span::secs(12), FaultKind::Connection(fault)),
        Fault::lasting(at(6_000), Span::ZERO, reset),
    ]));
    assert_eq!(outcome.violations, []);
    outcome
}

#[test]
fn whatever_stands_between_answers_a_dial_with_a_status() {
    let refusals = |outcome: &StackOutcome, refusal| {
        let is = |node, what: &Observation| {
            let Observation::Refused { refusal: of, .. } = what else { return false };
            node == ALICE && *of == refusal
        };
        count(&outcome.history, is)
    };
    let outcome = with_reset(ConnectionFault::Refuse(ALICE, SERVER, 502));
    assert!(refusals(&outcome, Refusal::Status(502)) >= 5);
    let outcome = with_reset(ConnectionFault::Blocked(ALICE, SERVER));
    assert!(refusals(&outcome, Refusal::Blocked) >= 5);
    let shut = |node, what: &Observation| {
        node == ALICE && matches!(what, Observation::Link { path: Path::Shut, .. })
    };
    assert_eq!(count(&outcome.history, shut), 1);
}

#[test]
fn a_flapping_server_accepts_and_ends_with_a_close_frame() {
    let outcome = with_reset(ConnectionFault::Flap(ALICE, SERVER, 1013));
    let ended = |_, what: &Observation| {
        matches!(what, Observation::Closed { code: 1013, by: Initiator::Remote, .. })
    };
    let at = |id| count(&outcome.history, |node, what| node == id && ended(node, what));
    assert!(at(ALICE) >= 5);
    assert_eq!(at(ALICE), at(SERVER));
}

/// How long the server's answers to what Alice did between two times took her.
fn waits(outcome: &StackOutcome) -> Vec<Span> {
    let state = |op, of| {
        let is = |what: &Observation| *what == Observation::ShownOp { op, state: of };
        outcome.history.iter().find(|record| is(&record.what)).map(|record| record.at)
    };
    let ops = outcome.history.iter().filter_map(|record| match record.what {
        Observation::Given { op, .. } if record.at >= at(5_000) && record.at < at(10_000) => {
            Some(op)
        }
        _ => None,
    });
    let spans =
        ops.filter_map(|op| Some(state(op, OpState::Saved)?.since(state(op, OpState::Pending)?)));
    spans.collect()
}

#[test]
fn spikes_and_a_narrow_path_make_streams_wait() {
    let spikes = Spikes { odds_ppm: 1_000_000, by: Span::secs(1) };
    let narrow = Bandwidth { bytes_per_second: 60, queue: 1 << 20 };
    let everyone = || (vec![SERVER], vec![]);
    let (a, b) = everyone();
    let spiky = link(LinkFault::Spikes(a, b, spikes));
    let (a, b) = everyone();
    let narrow = link(LinkFault::Bandwidth(a, b, narrow));
    for fault in [spiky, narrow] {
        let name = fault.name();
        let outcome = run(&case(vec![Fault::lasting(at(5_000), Span::secs(7), fault)]));
        assert_eq!(outcome.violations, [], "{name}");
        let waits = waits(&outcome);
        assert!(!waits.is_empty() && waits.iter().all(|span| *span > HALF), "{name} {waits:?}");
    }
}

#[test]
fn a_flood_repeats_a_message_and_a_forked_tab_starts_late() {
    let flood = PeopleFault::Flood { from: ALICE, to: SERVER, per_second: 100 };
    let flood = FaultKind::People(flood);
    let outcome = run(&case(vec![Fault::lasting(at(5_000), Span::secs(3), flood)]));
    assert_eq!(outcome.violations, []);
    let sent = |node, what: &Observation| {
        node == ALICE
            && matches!(what, Observation::Sent { meaning, .. } if meaning.kind != Kind::Subscribe)
    };
    assert!(count(&outcome.history, sent) > 300);

    let fork = FaultKind::Device(DeviceFault::Fork(ALICE, BOB));
    let mut case = case(vec![Fault::lasting(at(5_000), Span::ZERO, fork)]);
    for tab in &mut case.topology.nodes[1..] {
        tab.device = Some(1);
    }
    case.topology.nodes[2].dormant = true;
    let outcome = run(&case);
    assert_eq!(outcome.violations, []);
    let first = |id: NodeId| outcome.history.iter().find(|record| record.node == id);
    let started: Vec<Time> = [ALICE, BOB].iter().filter_map(|id| Some(first(*id)?.at)).collect();
    assert_eq!(started, [Time::ZERO, at(5_000)]);
}

#[test]
fn what_cannot_be_expressed_is_named_before_the_run() {
    let oneway = link(LinkFault::PartitionOneway(vec![ALICE], vec![SERVER]));
    let chaos = link(LinkFault::Chaos(vec![ALICE], vec![], Chaos::default()));
    let faults = [oneway, chaos].map(|kind| Fault::lasting(at(1_000), Span::secs(1), kind));
    let case = case(faults.to_vec());
    assert_eq!(inexpressible(&case.plan), [(1, "chaos")]);
    let error = run_on_turmoil(&case, Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "turmoil's network cannot express chaos (fault 1)");
}

#[test]
fn the_book_says_which_faults_turmoil_can_express() {
    let page = include_str!("../../book/src/faults.md");
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
