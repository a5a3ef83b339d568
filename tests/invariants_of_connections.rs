//! The invariants of connections, status, time and bounds, each with a habit that breaks it and
//! a case that looks dangerous and does not.

mod phone;

use std::collections::BTreeSet;

use phone::trouble::{
    CLIENT, cut, down, half_open, lasting, offline, paused, reset, says_offline, secs, slow,
    throttled,
};
use phone::{Habit, Op, Phone, Role, SERVER};
use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{Case, Operation, run};
use wavetank::fault::{ClockFault, Fault, FaultKind, NodeFault, Plan};
use wavetank::id::{NodeId, OpId};
use wavetank::invariant::shipped;
use wavetank::objectives::{EditPolicy, Objectives};
use wavetank::protocol::Protocol;
use wavetank::time::{Span, Time};

/// The invariants that are tried here.
const TRIED: [&str; 33] = [
    "at-most-one-live-socket",
    "attempt-limit",
    "backoff-envelope",
    "bounded-queue",
    "bounded-state",
    "current-generation-only",
    "delay-spread",
    "derived-consistent",
    "edit-gate",
    "error-surfaced",
    "eventual-reconnect",
    "hb-detection-bound",
    "hb-no-false-positive",
    "herd-spread",
    "idle-gap-bound",
    "lifecycle-legal",
    "last-synced-truthful",
    "manual-retry-works",
    "no-activity-after-dispose",
    "no-dial-after-intent-close",
    "no-dial-offline",
    "no-needless-reconnect",
    "no-retry-on-permanent",
    "no-send-after-close",
    "no-zombie-transport",
    "online-triggers-dial",
    "phase-timeout",
    "recovery-bound",
    "resync-justified",
    "stale-truthful",
    "status-truthful",
    "subscription-exact",
    "view-follows-store",
];

/// Clients from `n1` on and their server, all with one habit, for this many seconds.
fn case(habit: Habit, clients: u32, seconds: u64) -> Case<Phone> {
    let node = |id, role| NodeSpec::new(id, role);
    let server = std::iter::once(node(SERVER, Role::Server));
    let nodes = server.chain((1..=clients).map(|id| node(NodeId(id), Role::Client))).collect();
    let case = Case::new(Topology { nodes, stores: Vec::new() }, habit);
    Case {
        horizon: secs(seconds),
        invariants: Some(TRIED.map(str::to_owned).to_vec()),
        seed: 7,
        ..case
    }
}

trait Happens: Sized {
    /// These operations are asked for.
    fn asked(self, operations: impl IntoIterator<Item = (Time, NodeId, Op)>) -> Self;
    /// These faults happen.
    fn with(self, faults: impl IntoIterator<Item = Fault>) -> Self;
}

impl Happens for Case<Phone> {
    fn asked(mut self, operations: impl IntoIterator<Item = (Time, NodeId, Op)>) -> Self {
        self.operations = (1..)
            .zip(operations)
            .map(|(id, (at, node, op))| Operation { id: OpId(id), at, node, op })
            .collect();
        self
    }
    fn with(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.plan = Plan::new(faults.into_iter().collect());
        self
    }
}

/// `count` times the same, from a time on.
fn often(op: Op, node: NodeId, from: u64, apart: u64, count: u64) -> Vec<(Time, NodeId, Op)> {
    (0..count).map(|i| (secs(from) + Span::millis(i * apart), node, op.clone())).collect()
}

fn one(op: Op, node: NodeId, at: u64) -> (Time, NodeId, Op) {
    (secs(at), node, op)
}

/// A client that says something every tenth of a second through a break, in an application that
/// wants nothing said meanwhile.
fn silenced(habit: Habit) -> Case<Phone> {
    let mut case = case(habit, 1, 30);
    case.objectives.edit_policy = EditPolicy::Disable;
    case.asked(often(Op::Say, CLIENT, 9, 100, 60)).with([reset(10)])
}

/// A client that says something while it is connected, and once the server has told it to sign in.
fn signed_out(habit: Habit) -> Case<Phone> {
    case(habit, 1, 30).asked([
        one(Op::Say, CLIENT, 9),
        one(Op::HangUp(4401), SERVER, 10),
        one(Op::Say, CLIENT, 12),
    ])
}

/// The same of what pages do when they come and go, and of what they show.
fn breaking_of_pages() -> Vec<(&'static str, Case<Phone>)> {
    let ask = |habit, op, at| case(habit, 1, 30).asked([one(op, CLIENT, at)]);
    let down_for_long = case(Habit::IgnoresRetry, 1, 320).with([down(5, 300)]);
    let counting = often(Op::Count, SERVER, 3, 7, 1_500);
    let old = counting.into_iter().chain((4..12).map(|at| one(Op::Retry, CLIENT, at)));
    vec![
        ("manual-retry-works", down_for_long.asked([one(Op::Retry, CLIENT, 260)])),
        ("lifecycle-legal", ask(Habit::LosesHeart, Op::Draw, 5)),
        ("resync-justified", ask(Habit::AsksOnDraw, Op::Draw, 5)),
        ("no-dial-after-intent-close", ask(Habit::ComesUninvited, Op::Part, 5)),
        ("no-activity-after-dispose", ask(Habit::Haunts, Op::Leave, 5)),
        ("current-generation-only", case(Habit::HearsOld, 1, 20).asked(old)),
        ("subscription-exact", case(Habit::GreetsOnce, 1, 20).with([reset(5)])),
        (
            "edit-gate",
            case(Habit::Swallows, 1, 20).asked(often(Op::Say, CLIENT, 4, 100, 30)).with([reset(5)]),
        ),
        ("edit-gate", silenced(Habit::AlwaysTakes)),
        ("edit-gate", signed_out(Habit::AlwaysTakes)),
        ("derived-consistent", silenced(Habit::AlwaysInviting)),
        ("derived-consistent", signed_out(Habit::AlwaysInviting)),
        ("view-follows-store", case(Habit::DrawsLate, 1, 20).asked([one(Op::Count, SERVER, 5)])),
        ("error-surfaced", case(Habit::OneNotice, 1, 20).asked([one(Op::HangUp(4401), SERVER, 5)])),
    ]
}

/// Cases that look as if they broke these, and do not.
fn holding_of_lives() -> Vec<(&'static str, Case<Phone>)> {
    let good = |clients, seconds| case(Habit::Good, clients, seconds);
    let counting = often(Op::Count, SERVER, 3, 7, 1_500);
    let retries = (4..12).map(|at| one(Op::Retry, CLIENT, at));
    vec![
        (
            // One press finds the server down, the next one finds it up.
            "manual-retry-works",
            good(1, 400)
                .asked([one(Op::Retry, CLIENT, 260), one(Op::Retry, CLIENT, 320)])
                .with([down(5, 300)]),
        ),
        (
            // The page is drawn, the device comes and goes, a pause hides the end of it all.
            "lifecycle-legal",
            good(1, 90).asked(often(Op::Draw, CLIENT, 5, 100, 20)).with([
                offline(10, 12),
                reset(30),
                paused(CLIENT, 29, 50),
                half_open(60, SERVER),
            ]),
        ),
        (
            // The device comes back meanwhile; later the person does.
            "no-dial-after-intent-close",
            good(1, 60)
                .asked([one(Op::Part, CLIENT, 5), one(Op::Enter, CLIENT, 30)])
                .with([offline(10, 15)]),
        ),
        (
            // The page goes away while it is paused, and has not gone before it goes on.
            "no-activity-after-dispose",
            good(1, 80)
                .asked([one(Op::Leave, CLIENT, 40), one(Op::Enter, CLIENT, 60)])
                .with([paused(CLIENT, 25, 50), offline(52, 55)]),
        ),
        ("current-generation-only", good(1, 20).asked(counting.into_iter().chain(retries))),
        ("subscription-exact", good(1, 40).with([reset(5), reset(6), half_open(15, SERVER)])),
        (
            // Words wait for a client that is paused.
            "edit-gate",
            good(1, 30)
                .asked(often(Op::Say, CLIENT, 4, 100, 60))
                .with([reset(5), paused(CLIENT, 7, 9)]),
        ),
        ("derived-consistent", silenced(Habit::Good)),
        ("edit-gate", signed_out(Habit::Good)),
        (
            // Each connection has a first question, however soon it breaks.
            "resync-justified",
            good(1, 40).asked(often(Op::Count, SERVER, 3, 50, 400)).with([
                reset(5),
                reset(7),
                paused(CLIENT, 9, 12),
                reset(15),
            ]),
        ),
        (
            // Counts come to a client that is paused, and one that lags.
            "view-follows-store",
            good(2, 40).asked(often(Op::Count, SERVER, 3, 50, 400)).with([
                paused(CLIENT, 5, 12),
                reset(15),
                cut(16, 20),
            ]),
        ),
        (
            "error-surfaced",
            good(1, 60).asked([
                one(Op::HangUp(1012), SERVER, 5),
                one(Op::HangUp(1008), SERVER, 15),
                one(Op::Retry, CLIENT, 20),
                one(Op::HangUp(4401), SERVER, 30),
                one(Op::Leave, CLIENT, 40),
            ]),
        ),
    ]
}

/// An invariant and a case that breaks it.
fn breaking() -> Vec<(&'static str, Case<Phone>)> {
    let small = |habit| {
        let mut case = case(habit, 1, 30);
        case.objectives.queue_max = 20;
        case.asked(often(Op::Say, CLIENT, 3, 100, 30)).with([offline(2, 20)])
    };
    vec![
        (
            "no-send-after-close",
            case(Habit::TalksAfterClose, 1, 20).asked([one(Op::HangUp(1001), SERVER, 5)]),
        ),
        (
            "at-most-one-live-socket",
            case(Habit::DialsTwice, 1, 20).asked([one(Op::Retry, CLIENT, 5)]),
        ),
        ("no-dial-offline", case(Habit::IgnoresOffline, 1, 90).with([offline(5, 70)])),
        ("phase-timeout", case(Habit::NeverHangsUp, 1, 60).with([reset(5), cut(5, 40)])),
        ("status-truthful", case(Habit::ShowsLive, 1, 20).with([reset(5)])),
        ("stale-truthful", case(Habit::NeverStale, 1, 20).with([reset(5)])),
        ("last-synced-truthful", case(Habit::SyncedByGuess, 1, 30).with([reset(20)])),
        ("hb-no-false-positive", case(Habit::NoPong, 1, 60)),
        ("idle-gap-bound", case(Habit::SlowPing, 1, 60)),
        (
            "no-retry-on-permanent",
            case(Habit::RetriesAlways, 1, 20).asked([one(Op::HangUp(4401), SERVER, 5)]),
        ),
        ("backoff-envelope", case(Habit::FixedDelay, 1, 30).with([reset(5)])),
        (
            // What was asked for while it was slow it has heard long before it is slow again.
            "backoff-envelope",
            case(Habit::FixedDelay, 1, 200).asked([one(Op::Retry, CLIENT, 6)]).with([
                slow(CLIENT, 5, 7),
                slow(CLIENT, 80, 190),
                down(85, 130),
            ]),
        ),
        ("delay-spread", case(Habit::NoJitter, 40, 90).with([down(5, 65)])),
        ("attempt-limit", case(Habit::NeverGivesUp, 1, 320).with([down(5, 300)])),
        ("online-triggers-dial", case(Habit::IgnoresOnline, 1, 30).with([offline(5, 15)])),
        ("recovery-bound", case(Habit::LateHello, 1, 40).with([reset(25)])),
        ("bounded-state", case(Habit::KeepsAll, 1, 20).asked(often(Op::Count, SERVER, 2, 20, 250))),
        (
            "no-needless-reconnect",
            case(Habit::RedialsOnDraw, 1, 20).asked([one(Op::Draw, CLIENT, 5)]),
        ),
        (
            "no-zombie-transport",
            case(Habit::ForgetsOnLeave, 1, 20).asked([one(Op::Leave, CLIENT, 5)]),
        ),
        ("eventual-reconnect", case(Habit::GivesUp, 1, 20).with([reset(5)])),
        ("hb-detection-bound", case(Habit::NeverListens, 1, 60).with([half_open(5, SERVER)])),
        ("herd-spread", case(Habit::NoJitter, 60, 30).with([down(5, 10)])),
        ("bounded-queue", small(Habit::Hoards)),
    ]
}

/// An invariant and a case that looks as if it broke it. It holds, and so do all others.
fn holding_of_pages() -> Vec<(&'static str, Case<Phone>)> {
    let good = |clients, seconds| case(Habit::Good, clients, seconds);
    vec![
        (
            // A ping waits for the paused client, and the news of the end behind it.
            "no-send-after-close",
            good(1, 80).asked([one(Op::HangUp(1001), SERVER, 40)]).with([paused(CLIENT, 25, 50)]),
        ),
        (
            // The successor is dialled first, and the old end is told nothing for long.
            "at-most-one-live-socket",
            good(1, 60).asked([one(Op::Retry, CLIENT, 5)]).with([half_open(4, SERVER)]),
        ),
        (
            // The device lies; then it tells the truth to a client that is paused.
            "no-dial-offline",
            good(1, 90).with([
                says_offline(5, 35),
                reset(49),
                paused(CLIENT, 50, 60),
                offline(52, 70),
            ]),
        ),
        (
            // The client is paused while nobody answers its dial.
            "phase-timeout",
            good(1, 60).with([reset(5), cut(5, 40), paused(CLIENT, 8, 28)]),
        ),
        (
            // The client cannot know yet; and later its device lies.
            "status-truthful",
            good(1, 60).with([paused(CLIENT, 5, 30), reset(10), says_offline(40, 50)]),
        ),
        (
            // The count goes on between the welcome, the whole and what is shown.
            "stale-truthful",
            good(1, 20).asked(often(Op::Count, SERVER, 4, 7, 600)).with([reset(5)]),
        ),
        (
            // The clock runs fast, pings confirm what is there, and counts wait in a pause.
            "last-synced-truthful",
            good(1, 60).asked(often(Op::Count, SERVER, 38, 500, 8)).with([
                lasting(secs(2), secs(60), FaultKind::Clock(ClockFault::Drift(CLIENT, 150_000))),
                reset(32),
                paused(CLIENT, 36, 46),
                reset(45),
            ]),
        ),
    ]
}

/// The same for what goes on between attempts and under a connection.
fn holding_of_attempts() -> Vec<(&'static str, Case<Phone>)> {
    let good = |clients, seconds| case(Habit::Good, clients, seconds);
    let small = || {
        let mut case = good(1, 30);
        case.objectives.queue_max = 20;
        case.asked(often(Op::Say, CLIENT, 3, 100, 30)).with([offline(2, 20)])
    };
    vec![
        (
            // One client answers and is not heard; another takes five seconds to answer.
            "hb-no-false-positive",
            good(2, 100).with([half_open(2, CLIENT), paused(NodeId(2), 28, 33)]),
        ),
        ("idle-gap-bound", good(1, 90).with([paused(SERVER, 12, 47)])),
        (
            "no-retry-on-permanent",
            good(1, 40).asked([one(Op::HangUp(4401), SERVER, 5), one(Op::Retry, CLIENT, 20)]),
        ),
        (
            // Delays are cut short by the device and by hand, and stretched by a pause.
            "backoff-envelope",
            good(1, 130).asked([one(Op::Retry, CLIENT, 70)]).with([
                down(5, 100),
                says_offline(40, 41),
                paused(CLIENT, 75, 85),
            ]),
        ),
        ("delay-spread", good(40, 90).with([down(5, 65)])),
        (
            // After enough attempts there are probes; by hand it begins anew.
            "attempt-limit",
            good(1, 560).asked([one(Op::Retry, CLIENT, 400)]).with([down(5, 540)]),
        ),
        (
            // The network is back, and the server is not.
            "online-triggers-dial",
            good(1, 60).with([offline(5, 15), down(10, 40)]),
        ),
        (
            // The outage is longer than it seems from the reset; then the end is unheard of.
            "recovery-bound",
            good(1, 120).with([reset(20), cut(20, 28), reset(60), half_open(61, SERVER)]),
        ),
        ("bounded-state", good(1, 20).asked(often(Op::Count, SERVER, 2, 20, 250))),
        (
            // The page is drawn over and over, the person retries, the server falls silent.
            "no-needless-reconnect",
            good(1, 90)
                .asked(often(Op::Draw, CLIENT, 5, 100, 20).into_iter().chain([one(
                    Op::Retry,
                    CLIENT,
                    10,
                )]))
                .with([half_open(15, SERVER)]),
        ),
        (
            // The close frame is lost; later the page opens again.
            "no-zombie-transport",
            good(1, 90)
                .asked([one(Op::Leave, CLIENT, 5), one(Op::Enter, CLIENT, 70)])
                .with([half_open(4, CLIENT)]),
        ),
        ("eventual-reconnect", good(1, 120).with([says_offline(5, 100)])),
        ("hb-detection-bound", good(1, 100).with([half_open(5, SERVER), paused(CLIENT, 10, 70)])),
        ("herd-spread", good(60, 30).with([down(5, 10)])),
        ("bounded-queue", small()),
    ]
}

/// What holds a node up twice over.
fn holding_of_hindrances() -> Vec<(&'static str, Case<Phone>)> {
    let good = |clients, seconds| case(Habit::Good, clients, seconds);
    vec![
        (
            // It is paused before it runs again.
            "eventual-reconnect",
            good(1, 120).with([
                lasting(secs(1), secs(3), FaultKind::Node(NodeFault::Crash(CLIENT))),
                paused(CLIENT, 2, 90),
            ]),
        ),
        (
            // Its timers are late for longer than it is paused.
            "hb-detection-bound",
            good(1, 120).with([
                lasting(secs(5), secs(100), throttled(CLIENT)),
                paused(CLIENT, 10, 12),
                half_open(13, SERVER),
            ]),
        ),
    ]
}

fn holding() -> Vec<(&'static str, Case<Phone>)> {
    [holding_of_pages(), holding_of_attempts(), holding_of_lives(), holding_of_hindrances()]
        .concat()
}

#[test]
fn each_bad_habit_breaks_its_invariant() {
    let mut found = Vec::new();
    for (invariant, case) in [breaking(), breaking_of_pages()].concat() {
        let verdict = run(&case).verdict;
        if verdict.violation_of(invariant).is_none() {
            found.push(format!("{:?} keeps {invariant}: {verdict:?}", case.config));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_only_looks_dangerous_holds() {
    let mut found = Vec::new();
    for (invariant, case) in holding() {
        let verdict = run(&case).verdict;
        if !verdict.held() {
            found.push(format!("the case of {invariant}: {verdict:?}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_invariant_tried_is_shipped_and_in_both_tables() {
    let shipped = shipped(&Objectives::default(), Phone::field, None);
    let shipped: BTreeSet<&str> = shipped.iter().map(|invariant| invariant.name()).collect();
    let tried = BTreeSet::from(TRIED);
    assert!(tried.is_subset(&shipped), "{:?} are not shipped", tried.difference(&shipped));
    let names = |table: Vec<(&'static str, Case<Phone>)>| -> BTreeSet<&str> {
        table.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names([breaking(), breaking_of_pages()].concat()), tried);
    assert_eq!(names(holding()), tried);
}
