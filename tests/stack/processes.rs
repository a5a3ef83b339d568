//! One case in many processes, and many nodes on one host.

use std::process::Command;

use wavetank::digest::Digester;
use wavetank::engine::NodeSpec;
use wavetank::fault::{Fault, FaultKind, LinkFault, NodeFault};
use wavetank::id::NodeId;
use wavetank::time::Span;

use super::board::{Op, Role};
use super::{ALICE, SERVER, at, case, link, run};

const PREFIX: &str = "the history in short: ";

#[test]
#[expect(clippy::print_stdout, reason = "this is how the process tells the one that started it")]
fn a_process_says_its_history_in_short() {
    let cut = link(LinkFault::Partition(vec![ALICE], vec![SERVER]));
    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
    let outcome = run(&case(vec![
        Fault::lasting(at(4_000), Span::secs(6), cut),
        Fault::lasting(at(12_000), Span::secs(3), crash),
    ]));
    assert!(outcome.history.len() > 500);
    let mut digest = Digester::default();
    digest.value(&outcome.history);
    digest.words([outcome.steps, outcome.segments, outcome.bytes, outcome.counts.events]);
    println!("{PREFIX}{}", digest.finish());
}

#[test]
fn six_processes_have_one_history() {
    let binary = std::env::current_exe().expect("a test runs in a file");
    let said = || {
        let mut command = Command::new(&binary);
        command.args(["--exact", "processes::a_process_says_its_history_in_short", "--nocapture"]);
        let output = command.output().expect("the binary can be started");
        let text = String::from_utf8(output.stdout).expect("the output is text");
        let place = text.find(PREFIX).expect("it says its history");
        text[place + PREFIX.len()..].lines().next().map(str::to_owned).expect("a line")
    };
    let first = said();
    assert_eq!(first.len(), 32, "{first}");
    for _ in 1..6 {
        assert_eq!(said(), first);
    }
}

#[test]
fn clients_that_nothing_tells_apart_share_a_host() {
    let mut case = case(Vec::new());
    let client = |id| NodeSpec::new(NodeId(id), Role::Client);
    case.topology.nodes.extend((3..60).map(client));
    case.config.limit = 100;
    case.horizon = at(10_000);
    case.settle = Span::secs(5);
    let outcome = run(&case);
    assert_eq!((outcome.violations.len(), outcome.hosts, outcome.counts.dials), (0, 2, 59));
    assert_eq!(outcome.steps, 15_000);

    let crash = FaultKind::Node(NodeFault::Crash(NodeId(40)));
    case.plan.0.push(Fault::lasting(at(3_000), Span::secs(1), crash));
    let cut = link(LinkFault::Partition(vec![ALICE], vec![]));
    case.plan.0.push(Fault::lasting(at(4_000), Span::secs(1), cut));
    case.operations.retain(|operation| operation.op != Op::Leave);
    let outcome = run(&case);
    assert_eq!((outcome.violations.len(), outcome.hosts, outcome.counts.dials), (0, 4, 60));
}

#[test]
fn a_host_whose_clients_dial_in_vain_does_not_run_out_of_ports() {
    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
    let mut case = case(vec![Fault::lasting(at(1_000), Span::secs(28), crash)]);
    case.topology.nodes.extend((3..603).map(|id| NodeSpec::new(NodeId(id), Role::Client)));
    case.config.limit = 1_000;
    let outcome = run(&case);
    assert_eq!((outcome.violations.len(), outcome.hosts), (0, 2));
    assert!(outcome.counts.dials > 16_384, "{}", outcome.counts.dials);
}
