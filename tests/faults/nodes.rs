//! Faults of nodes, and what nodes can do to themselves.

use wavetank::engine::Latency;
use wavetank::fault::{Fault, FaultKind, NodeFault};
use wavetank::history::{Life, Observation, Refusal};
use wavetank::time::Span;

use super::puppet::{
    ALICE, BOB, Do, Role, SERVER, STORE, case, chatter, dialled, from, millis, told,
};

fn node(fault: NodeFault) -> FaultKind {
    FaultKind::Node(fault)
}

#[test]
fn a_crash_loses_memory_timers_and_inbox_and_tells_the_peers() {
    let mut work = chatter(100, 100);
    work.extend([
        (400, SERVER, Do::Timer(7, Span::secs(1))),
        (1000, BOB, Do::Dial(SERVER)),
        (2500, SERVER, Do::Send(1, 10)),
    ]);
    let told = told(&case(&work, vec![from(500, 2000, node(NodeFault::Crash(SERVER)))]));
    assert_eq!(told.times(SERVER, "start"), [0, 2000]);
    assert!(told.all(SERVER, "timer").is_empty(), "the timer of a dead process");
    assert_eq!(told.all(ALICE, "closed"), [(510, vec![1006, 0])]);
    assert!(
        told.saw(|_, what| matches!(
            what,
            Observation::Refused { refusal: Refusal::Unreachable, .. }
        ))
    );
    assert!(told.all(ALICE, "message").is_empty(), "it no longer knows her");
}

#[test]
fn after_a_loss_of_power_nobody_is_told_and_nobody_answers() {
    let work = [dialled(), (1000, BOB, Do::Dial(SERVER)), (3000, ALICE, Do::Send(1, 10))];
    let told = told(&case(&work, vec![from(500, 2000, node(NodeFault::PowerLoss(SERVER)))]));
    assert!(told.all(BOB, "refused").is_empty() && told.all(BOB, "opened").is_empty());
    assert_eq!(told.all(ALICE, "closed"), [(3020, vec![1006, 0])], "when she next says something");
}

#[test]
fn who_closes_a_connection_hears_that_its_other_end_has_gone() {
    let work = [dialled(), (3000, ALICE, Do::Close(1000))];
    let told = told(&case(&work, vec![from(500, 2000, node(NodeFault::PowerLoss(SERVER)))]));
    assert_eq!(told.times(ALICE, "closed"), [3020]);
}

#[test]
fn a_restart_storm_kills_again_and_again() {
    let fault =
        NodeFault::RestartStorm { node: SERVER, down: Span::millis(200), up: Span::millis(300) };
    let told = told(&case(&[], vec![from(1000, 3000, node(fault))]));
    assert_eq!(told.times(SERVER, "start"), [0, 1200, 1700, 2200, 2700]);
}

#[test]
fn a_rolling_restart_takes_one_after_the_other() {
    let nodes = vec![SERVER, ALICE, BOB];
    let fault = NodeFault::RollingRestart { nodes, down: Span::millis(500) };
    let told = told(&case(&[], vec![from(3000, 6000, node(fault))]));
    assert_eq!(told.times(SERVER, "start"), [0, 3500]);
    assert_eq!(told.times(ALICE, "start"), [0, 4500]);
    assert_eq!(told.times(BOB, "start"), [0, 5500]);
}

#[test]
fn a_pause_keeps_messages_and_timers_and_hands_them_over_all_at_once() {
    let mut work = chatter(100, 900);
    work.extend([
        (100, SERVER, Do::Timer(1, Span::millis(300))),
        (100, SERVER, Do::Timer(2, Span::millis(600))),
    ]);
    let told = told(&case(&work, vec![from(250, 2000, node(NodeFault::Pause(SERVER)))]));
    assert_eq!(told.times(SERVER, "message"), [110, 210, 2000, 2000, 2000, 2000, 2000, 2000, 2000]);
    assert_eq!(told.times(SERVER, "timer"), [2000, 2000]);
    assert_eq!(told.numbers(SERVER, "timer"), [1, 2]);
    assert!(told.all(ALICE, "closed").is_empty(), "its transport went on acknowledging");
}

#[test]
fn a_pause_of_a_node_that_is_down_is_told_when_it_runs_and_one_that_a_crash_ended_is_not() {
    let lives = |down: (u64, u64), paused: (u64, u64)| {
        let down = from(down.0, down.1, node(NodeFault::Crash(SERVER)));
        let paused = from(paused.0, paused.1, node(NodeFault::Pause(SERVER)));
        told(&case(&[dialled()], vec![down, paused])).lives(SERVER)
    };
    let ends = [Life::Started, Life::Crashed, Life::Restarted];
    let while_down = [&ends[..], &[Life::Paused, Life::Resumed]].concat();
    assert_eq!(lives((500, 1500), (1000, 3000)), while_down);
    let before = [Life::Started, Life::Paused, Life::Crashed, Life::Restarted];
    assert_eq!(lives((1000, 1500), (500, 3000)), before);
}

#[test]
fn a_slow_node_takes_its_time_for_each_event() {
    let fault = NodeFault::Slow(SERVER, Span::millis(250));
    let told = told(&case(&chatter(500, 900), vec![from(300, 4000, node(fault))]));
    assert_eq!(told.times(SERVER, "message"), [510, 760, 1010, 1260, 1510]);
    assert!(told.saw(|node, what| node == SERVER && *what == Observation::Node(Life::Burdened)));
}

#[test]
fn the_end_of_a_fault_ends_nothing_that_another_one_keeps_up() {
    let crash = || node(NodeFault::Crash(SERVER));
    let for_good = Fault::for_good(millis(500), crash());
    let told_down = told(&case(&[dialled()], vec![for_good, from(800, 1500, crash())]));
    assert_eq!(told_down.lives(SERVER), [Life::Started, Life::Crashed]);
    let slow = |millis| node(NodeFault::Slow(SERVER, Span::millis(millis)));
    let both = vec![from(300, 4000, slow(250)), from(320, 400, slow(100))];
    let told_slow = told(&case(&chatter(500, 900), both));
    assert_eq!(told_slow.times(SERVER, "message"), [510, 760, 1010, 1260, 1510]);
}

#[test]
fn throttled_timers_go_off_at_multiples_only() {
    let timer = |name, after| (600, ALICE, Do::Timer(name, Span::millis(after)));
    let work = [(100, ALICE, Do::Timer(9, Span::millis(1200))), timer(1, 50), timer(2, 1500)];
    let all = NodeFault::Throttle { node: ALICE, timer: None, grain: Span::secs(1) };
    let told_all = told(&case(&work, vec![from(500, 5000, node(all))]));
    assert_eq!(told_all.times(ALICE, "timer"), [1000, 2000, 3000]);
    let one = NodeFault::Throttle { node: ALICE, timer: Some("2".into()), grain: Span::secs(1) };
    let told_one = told(&case(&work, vec![from(500, 5000, node(one))]));
    assert_eq!(told_one.times(ALICE, "timer"), [650, 1300, 3000], "only the timer called 2");
}

#[test]
fn a_busy_node_handles_nothing_and_its_inbox_grows() {
    let mut work = chatter(100, 600);
    work.push((250, SERVER, Do::Busy(Span::secs(1))));
    let told = told(&case(&work, vec![]));
    assert_eq!(told.times(SERVER, "message"), [110, 210, 1250, 1250, 1250, 1250]);
    assert!(told.saw(|node, what| node == SERVER
        && matches!(what, Observation::Waiting { queue, size } if queue == "inbox" && size.len == 4)));
}

#[test]
fn tasks_overtake_each_other() {
    let work: Vec<_> = (0..20).map(|n| (100, ALICE, Do::Later(n))).collect();
    let mut case = case(&work, vec![]);
    case.network.task_latency = Latency::Uniform(Span::millis(1), Span::millis(50));
    let numbers = told(&case).numbers(ALICE, "task");
    assert_eq!(numbers.len(), 20);
    assert!(!numbers.is_sorted());
}

#[test]
fn several_instances_share_one_store_and_each_device_has_its_own() {
    let work = [(100, SERVER, Do::Put(1)), (200, ALICE, Do::Put(2)), (300, BOB, Do::Get)];
    let mut case = case(&work, vec![]);
    case.topology.nodes[1].role = Role::Server;
    case.topology.nodes[1].store = Some(STORE);
    assert_eq!(told(&case).all(ALICE, "stored"), [(204, vec![1, 2])]);
    let told = told(&case);
    assert!(told.all(BOB, "stored").is_empty());
    assert_eq!(told.times(BOB, "failed"), [304], "bob has none");
}

#[test]
fn instances_talk_by_casts_that_keep_their_order() {
    let work: Vec<_> = (1..=20).map(|n| (100 + n, ALICE, Do::Cast(BOB))).collect();
    let mut case = case(&work, vec![]);
    case.network.latency = Latency::Uniform(Span::millis(1), Span::millis(90));
    let told = told(&case);
    assert_eq!(told.numbers(BOB, "cast"), (1..=20).collect::<Vec<_>>());
}
