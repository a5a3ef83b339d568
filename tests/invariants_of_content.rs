//! Every invariant of content, order and operations can fail: for each there is a habit that
//! breaks it, and a case that looks dangerous and breaks nothing.

mod room;

use room::{
    ALICE, ATTIC, BOB, HALL, Habit, INVARIANTS, Op, Room, SERVER, STORE, case, from, millis,
};
use wavetank::engine::{Bandwidth, Chaos};
use wavetank::explore::{Case, run, run_recorded};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, NodeFault, StoreFault};
use wavetank::history::{Connection, Observation, StoreOutcome};
use wavetank::id::NodeId;
use wavetank::time::Span;

type Work = Vec<(u64, NodeId, Op)>;

/// Alice and Bob take turns, an edit each 300 ms, in four fields.
fn turns(count: u64) -> Work {
    let turn = |n: u64| {
        (2000 + n * 300, if n.is_multiple_of(2) { ALICE } else { BOB }, Op::Set(n as u32 % 4))
    };
    (0..count).map(turn).collect()
}

fn chaos(chaos: Chaos) -> FaultKind {
    FaultKind::Link(LinkFault::Chaos(vec![BOB], vec![SERVER], chaos))
}

fn lossy() -> Vec<Fault> {
    vec![from(1000, 9000, chaos(Chaos { loss_ppm: 300_000, ..Chaos::default() }))]
}

/// What Bob is told comes twice, and in any order.
fn rough() -> Vec<Fault> {
    let rough = Chaos { duplicate_ppm: 400_000, reorder: Span::millis(400), ..Chaos::default() };
    vec![from(1000, 9000, chaos(rough))]
}

/// Alice's edits are on their way when her connection breaks.
fn broken() -> (Work, Vec<Fault>) {
    let work = (0..4).map(|n| (4000 + n, ALICE, Op::Set(n as u32))).collect();
    let reset =
        |at| Fault::at(millis(at), FaultKind::Connection(ConnectionFault::Reset(ALICE, SERVER)));
    let away = FaultKind::Link(LinkFault::Partition(vec![ALICE], vec![SERVER]));
    (work, vec![from(3995, 5000, away), reset(4500)])
}

/// The acks of Alice's edits are late: she sends them again, and they were done.
fn unacked() -> (Work, Vec<Fault>) {
    let work = (0..4).map(|n| (4000 + n, ALICE, Op::Set(n as u32))).collect();
    let deaf = FaultKind::Link(LinkFault::PartitionOneway(vec![SERVER], vec![ALICE]));
    (work, vec![from(4010, 9000, deaf)])
}

/// Bob goes into another room while Alice edits in the hall, and edits there.
fn moves() -> Work {
    let mut work: Work = (0..20).map(|n| (3000 + n * 50, ALICE, Op::Set(n as u32 % 4))).collect();
    work.push((3310, BOB, Op::Go(ATTIC)));
    work.push((3900, BOB, Op::Set(1)));
    work.push((5000, BOB, Op::Go(HALL)));
    work.sort_by_key(|(at, _, _)| *at);
    work
}

/// The path to Alice is narrow and hers is the first place in the room.
fn narrow(habit: Habit) -> Case<Room> {
    let work: Work = (0..100).map(|n| (3000 + n * 20, BOB, Op::Set(n as u32 % 4))).collect();
    let bandwidth = Bandwidth { bytes_per_second: 300, queue: 100_000 };
    let fault = FaultKind::Link(LinkFault::Bandwidth(vec![ALICE], vec![SERVER], bandwidth));
    let mut case = case(habit, &work, vec![from(2500, 19_000, fault)]);
    case.network.send_buffer = 1_000;
    case
}

/// The bad habit, and the case in which it shows.
fn breaks(invariant: &str) -> Case<Room> {
    let plain = |habit| case(habit, &turns(12), Vec::new());
    let with = |habit, (work, faults): (Work, Vec<Fault>)| case(habit, &work, faults);
    match invariant {
        "no-false-ack" => plain(Habit::AcksBeforeFlush),
        "contiguous-apply" => case(Habit::JumpsOverGaps, &turns(20), lossy()),
        "gap-repaired" => case(Habit::LeavesGaps, &turns(20), lossy()),
        "seq-well-formed" => plain(Habit::NumbersWithHoles),
        "writes-follow-reads" => plain(Habit::NumbersAnew),
        "state-matches-cursor" => plain(Habit::AppliesHalf),
        "optimistic-preserved" => {
            let work = vec![(3000, ALICE, Op::Set(1)), (4000, BOB, Op::Set(2))];
            let mut work = [work, vec![(4600, ALICE, Op::Set(3))]].concat();
            work.push((4700, BOB, Op::Set(0)));
            let away = FaultKind::Link(LinkFault::PartitionOneway(vec![ALICE], vec![SERVER]));
            case(Habit::ForgetsOwnEdits, &work, vec![from(4500, 6000, away)])
        }
        "fifo-per-client" => with(Habit::SendsLastFirst, broken()),
        "outbox-drains" => with(Habit::NeverSendsAgain, broken()),
        "no-lost-edit" => with(Habit::SendsOnceAndForgets, broken()),
        "at-most-once-effect" => with(Habit::DoesTwice, unacked()),
        "no-cross-room-leak" => case(Habit::TellsEverybody, &moves(), Vec::new()),
        "apply-to-right-document" => {
            let mut case = case(Habit::MixesRooms, &moves(), Vec::new());
            case.operations.retain(|operation| operation.op != Op::Go(HALL));
            // Bob hears of the attic before the last words of the hall have come.
            case.config = Habit::MixesRooms;
            case
        }
        "latency-bound" => narrow(Habit::WaitsForTheSlow),
        "no-state-regression" => {
            let reset = FaultKind::Connection(ConnectionFault::Reset(BOB, SERVER));
            let stale = from(3000, 8000, FaultKind::Store(StoreFault::Stale(STORE)));
            let faults = vec![stale, Fault::at(millis(6000), reset)];
            case(Habit::GoesBack, &turns(12), faults)
        }
        "convergence" => plain(Habit::MissesTheTail),
        "delivery-to-all-subscribers" => plain(Habit::LeavesOneOut),
        "sync-before-replay" => with(Habit::SendsTooEarly, broken()),
        "resync-justified" => case(Habit::AsksInVain, &turns(30), rough()),
        _ => panic!("no habit breaks {invariant}"),
    }
}

/// Whether an observation shows that the danger was there.
type Sign = fn(NodeId, &Observation) -> bool;

/// A case that looks dangerous, and the sign of the danger.
fn dangerous(invariant: &str) -> (Case<Room>, Sign) {
    let good = |work: Work, faults| case(Habit::Good, &work, faults);
    let (work, faults) = match invariant {
        // The store loses what was not flushed, and the edit is done once more before its ack.
        "no-false-ack" => {
            let lost = |at| Fault::at(millis(at), FaultKind::Store(StoreFault::SuffixLost(STORE)));
            (turns(12), [2323, 2623, 2923, 3223, 3523].map(lost).into())
        }
        "contiguous-apply" | "gap-repaired" => (turns(20), lossy()),
        // A store that went back numbers on from an older number, in a new epoch.
        "seq-well-formed" | "no-state-regression" | "writes-follow-reads" => {
            let restored = from(3000, 4000, FaultKind::Store(StoreFault::Restored(STORE)));
            let crash = from(3990, 4100, FaultKind::Node(NodeFault::Crash(SERVER)));
            (turns(20), vec![restored, crash])
        }
        "state-matches-cursor"
        | "optimistic-preserved"
        | "convergence"
        | "delivery-to-all-subscribers"
        | "resync-justified" => (turns(30), rough()),
        "fifo-per-client" | "outbox-drains" | "no-lost-edit" | "sync-before-replay" => broken(),
        "at-most-once-effect" => unacked(),
        "no-cross-room-leak" | "apply-to-right-document" => (moves(), Vec::new()),
        "latency-bound" => {
            let seen = |_: NodeId, what: &Observation| matches!(what, Observation::Waiting { queue, .. } if queue == "send-buffer");
            return (narrow(Habit::Good), seen);
        }
        _ => panic!("nothing looks dangerous to {invariant}"),
    };
    let seen: fn(NodeId, &Observation) -> bool = match invariant {
        "no-false-ack" => {
            |_, what| matches!(what, Observation::Stored { outcome: StoreOutcome::Lost, .. })
        }
        "seq-well-formed" | "no-state-regression" | "writes-follow-reads" => {
            |_, what| matches!(what, Observation::ShownContent(reading) if reading.position.epoch.get() == 2)
        }
        "no-cross-room-leak" | "apply-to-right-document" => |node, what| {
            matches!(what, Observation::ShownContent(reading) if reading.topic == ATTIC)
                && node == BOB
        },
        "at-most-once-effect" => {
            |_, what| matches!(what, Observation::Stored { write: Some(w), .. } if w.changes.is_empty())
        }
        "fifo-per-client" | "outbox-drains" | "no-lost-edit" | "sync-before-replay" => {
            |node, what| {
                let lost = Connection::Reconnecting;
                node == ALICE && matches!(what, Observation::ShownStatus(s) if s.connection == lost)
            }
        }
        _ => |_, what| matches!(what, Observation::ShownContent(_)),
    };
    (good(work, faults), seen)
}

#[test]
fn each_invariant_is_broken_by_a_bad_habit_and_held_without_it() {
    let mut wrong = Vec::new();
    for invariant in INVARIANTS {
        let mut case = breaks(invariant);
        if run(&case).verdict.violation_of(invariant).is_none() {
            wrong.push(format!("{:?} does not break {invariant}", case.config));
        }
        case.config = Habit::Good;
        let verdict = run(&case).verdict;
        if !verdict.held() {
            wrong.push(format!("{invariant}, without the habit: {verdict:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_looks_dangerous_breaks_nothing() {
    let mut wrong = Vec::new();
    for invariant in INVARIANTS {
        let (case, seen) = dangerous(invariant);
        let (outcome, recording) = run_recorded(&case);
        if !outcome.verdict.held() {
            wrong.push(format!("{invariant}: {:?}", outcome.verdict));
        }
        if !recording.history.iter().any(|record| seen(record.node, &record.what)) {
            wrong.push(format!("{invariant}: the danger was never there"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
