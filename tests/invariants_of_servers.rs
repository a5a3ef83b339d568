//! What servers owe to those who are connected to them: histories by hand, one that breaks each
//! invariant and one that only looks as if it did.

use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{Case, rejudge};
use wavetank::history::{
    Changes, Kind, Life, Meaning, Observation, Path, Phase, Position, Record, Request, Side, Size,
};
use wavetank::id::{ConnId, NodeId, OpId, Topic};
use wavetank::time::{Mono, Now, Span, Time, Wall};
use wavetank_models::{Config, DocSync, Role};

const SERVER: NodeId = NodeId(0);
const OTHER: NodeId = NodeId(1);
const ALICE: NodeId = NodeId(2);
const HALL: Topic = Topic(1);
const ATTIC: Topic = Topic(2);
const A: ConnId = ConnId::new(1, 1);
const B: ConnId = ConnId::new(2, 2);

/// What happens, where, and in which millisecond.
type Line = (u64, NodeId, Observation);

/// Whether a history breaks an invariant.
fn breaks(invariant: &str, lines: &[Line]) -> bool {
    let servers = [SERVER, OTHER].map(|id| NodeSpec::new(id, Role::Server));
    let nodes = servers.into_iter().chain([NodeSpec::new(ALICE, Role::Browser)]).collect();
    let mut case = Case::<DocSync>::new(Topology { nodes, stores: vec![] }, Config::default());
    case.invariants = Some(vec![invariant.to_owned()]);
    let record = |(millis, node, what): &Line| {
        let micros = millis * 1000;
        let now = Now { mono: Mono::from_micros(micros), wall: Wall::from_micros(micros) };
        Record { at: Time::from_micros(micros), node: *node, now, what: what.clone() }
    };
    let history: Vec<Record> = lines.iter().map(record).collect();
    !rejudge(&case, &history).is_empty()
}

fn accepted(at: u64, by: NodeId, conn: ConnId) -> Line {
    (at, by, Observation::Opened { conn, side: Side::Acceptor })
}

fn ended(at: u64, by: NodeId, conn: ConnId) -> Line {
    let by_whom = wavetank::history::Initiator::Remote;
    (at, by, Observation::Closed { conn, side: Side::Acceptor, code: 1006, by: by_whom })
}

fn came(at: u64, by: NodeId, conn: ConnId, meaning: Meaning) -> Line {
    (at, by, Observation::Delivered { conn, side: Side::Acceptor, meaning })
}

fn sent(at: u64, by: NodeId, conn: ConnId, meaning: Meaning) -> Line {
    (at, by, Observation::Sent { conn, side: Side::Acceptor, live: true, meaning })
}

fn about(kind: Kind, topic: Topic, seq: u64) -> Meaning {
    Meaning::of(kind).topic(topic).position(Position::new(1, seq))
}

fn hello(topic: Topic) -> Meaning {
    Meaning::of(Kind::Hello).topic(topic)
}

fn event(at: u64, by: NodeId, conn: ConnId, seq: u64) -> Line {
    sent(at, by, conn, about(Kind::Event, HALL, seq))
}

fn lives(at: u64, node: NodeId, life: Life) -> Line {
    (at, node, Observation::Node(life))
}

/// Nothing happens, for an invariant to see that time has passed.
fn later(at: u64) -> Line {
    (at, SERVER, Observation::Phase(Phase::Quiet))
}

/// Two connections of the hall, one of them at a server.
fn two(at: NodeId) -> Vec<Line> {
    let joins = |by, conn| {
        [
            accepted(10, by, conn),
            came(20, by, conn, hello(HALL)),
            sent(20, by, conn, about(Kind::Welcome, HALL, 1)),
            sent(20, by, conn, about(Kind::Snapshot, HALL, 1)),
        ]
    };
    [joins(SERVER, A), joins(at, B)].concat()
}

#[test]
fn what_one_is_told_all_are_told() {
    let told =
        |rest: Vec<Line>| breaks("delivery-to-all-subscribers", &[two(SERVER), rest].concat());
    let once = vec![event(100, SERVER, A, 2), later(3_000)];
    assert!(told(once), "nothing came on the other");
    let both = vec![event(100, SERVER, A, 2), event(900, SERVER, B, 2), later(3_000)];
    assert!(!told(both), "it came late");
    let over = vec![event(100, SERVER, A, 2), ended(500, SERVER, B), later(3_000)];
    assert!(!told(over), "the other has ended");
    let leaves = Meaning::of(Kind::Unsubscribe).topic(HALL);
    let left = vec![event(100, SERVER, A, 2), came(200, SERVER, B, leaves), later(3_000)];
    assert!(!told(left), "the other wants no more");
    let whole = sent(400, SERVER, B, about(Kind::Snapshot, HALL, 2));
    assert!(!told(vec![event(100, SERVER, A, 2), whole, later(3_000)]), "it was in the whole");
}

#[test]
fn what_one_server_tells_the_others_tell_unless_there_was_trouble() {
    let told =
        |rest: Vec<Line>| breaks("delivery-to-all-subscribers", &[two(OTHER), rest].concat());
    assert!(told(vec![event(100, SERVER, A, 2), later(3_000)]));
    let link = |at, path| (at, SERVER, Observation::Link { to: OTHER, path });
    let cut = vec![link(90, Path::Down), event(100, SERVER, A, 2), later(3_000)];
    assert!(!told(cut), "it cannot know");
    let mended = vec![link(30, Path::Down), link(60, Path::Up), event(100, SERVER, A, 2)];
    assert!(!told([mended.clone(), vec![later(3_000)]].concat()), "it cannot know yet");
    let again = vec![event(60_000, SERVER, A, 3), later(63_000)];
    assert!(told([mended, again].concat()), "it has had the time");
    let paused = vec![lives(90, OTHER, Life::Paused), event(100, SERVER, A, 2), later(3_000)];
    assert!(!told(paused));
}

#[test]
fn a_server_counts_those_whom_it_has_welcomed() {
    let says = |at, len| {
        let size = Size { len, ..Size::default() };
        (at, SERVER, Observation::Holds { what: "connections".into(), size })
    };
    let registry = |rest: Vec<Line>| breaks("registry-exact", &[two(SERVER), rest].concat());
    assert!(!registry(vec![says(100, 2)]));
    assert!(registry(vec![says(100, 1)]), "one is not in it");
    assert!(registry(vec![ended(50, SERVER, A), says(100, 2)]), "one is in it still");
    assert!(!registry(vec![ended(50, SERVER, A), says(100, 1)]));
    let other = |rest: Vec<Line>| breaks("registry-exact", &[two(OTHER), rest].concat());
    assert!(!other(vec![says(100, 1)]), "the other server has the other");
    let again = vec![lives(50, SERVER, Life::Crashed), says(100, 0)];
    assert!(!registry(again), "it knows nobody any more");
}

#[test]
fn whoever_asks_is_answered() {
    let op = |op| Meaning::of(Kind::Op).topic(HALL).op(Some(OpId(op)));
    let ack = |op| Meaning::of(Kind::Ack).op(Some(OpId(op)));
    let asked = |rest: Vec<Line>| breaks("request-answered", &[two(SERVER), rest].concat());
    let sync = Meaning::of(Kind::SyncRequest).topic(HALL);
    assert!(asked(vec![came(100, SERVER, A, sync), later(6_000)]));
    let delta = sent(4_000, SERVER, A, about(Kind::Delta, HALL, 1));
    assert!(!asked(vec![came(100, SERVER, A, sync), delta.clone(), later(6_000)]));
    assert!(asked(vec![came(100, SERVER, B, sync), delta, later(6_000)]), "somebody else is");
    assert!(!asked(vec![came(100, SERVER, A, sync), ended(3_000, SERVER, A), later(6_000)]));
    let wrong = sent(200, SERVER, A, ack(8));
    assert!(asked(vec![came(100, SERVER, A, op(7)), wrong, later(6_000)]), "of another");
    let right = sent(200, SERVER, A, ack(7));
    assert!(!asked(vec![came(100, SERVER, A, op(7)), right, later(6_000)]));
}

#[test]
fn who_cannot_answer_has_time_until_she_can() {
    let sync = came(100, SERVER, A, Meaning::of(Kind::SyncRequest).topic(HALL));
    let asked = |rest: Vec<Line>| breaks("request-answered", &[two(SERVER), rest].concat());
    let phase = |at, phase| (at, SERVER, Observation::Phase(phase));
    let paused = [lives(200, SERVER, Life::Paused), lives(9_000, SERVER, Life::Resumed)];
    let paused = [vec![sync.clone()], paused.to_vec()].concat();
    assert!(!asked([paused.clone(), vec![ended(13_000, SERVER, A)]].concat()));
    assert!(asked([paused, vec![lives(14_500, ALICE, Life::Paused)]].concat()));
    let chaos = vec![phase(50, Phase::Chaos), sync, phase(20_000, Phase::Healed)];
    assert!(!asked([chaos.clone(), vec![ended(24_000, SERVER, A)]].concat()));
    assert!(asked([chaos, vec![lives(25_500, ALICE, Life::Paused)]].concat()));
}

#[test]
fn a_server_does_not_stand_still() {
    let busy = |at, node, millis| (at, node, Observation::Busy { span: Span::millis(millis) });
    let stands = |rest: Vec<Line>| breaks("loop-responsive", &[two(SERVER), rest].concat());
    assert!(stands(vec![busy(100, SERVER, 1_500)]));
    assert!(!stands(vec![busy(100, SERVER, 900), busy(200, SERVER, 900)]));
    assert!(!stands(vec![busy(100, ALICE, 1_500)]), "she serves nobody");
    let slow = vec![lives(50, SERVER, Life::Burdened), busy(100, SERVER, 1_500)];
    assert!(!stands(slow.clone()), "all that it does takes long");
    let usual = vec![lives(2_000, SERVER, Life::Relieved), busy(2_100, SERVER, 1_500)];
    assert!(stands([slow, usual].concat()));
}

#[test]
fn who_went_on_hears_no_more_of_what_she_left() {
    let opens = {
        let request = Request::Open;
        (50, ALICE, Observation::Given { op: OpId(1), request, changes: Changes::new() })
    };
    let names = |topic| {
        let meaning = hello(topic);
        (60, ALICE, Observation::Sent { conn: A, side: Side::Dialler, live: true, meaning })
    };
    let went = vec![opens, names(ATTIC), came(90, SERVER, A, hello(ATTIC))];
    let strays =
        |rest: Vec<Line>| breaks("subscription-exact", &[two(SERVER), went.clone(), rest].concat());
    assert!(strays(vec![event(6_000, SERVER, A, 2)]));
    assert!(!strays(vec![event(4_000, SERVER, A, 2)]), "it may have been under way");
    assert!(!strays(vec![event(6_000, SERVER, B, 2)]), "nobody left the hall there");
    let attic = sent(6_000, SERVER, A, about(Kind::Event, ATTIC, 2));
    assert!(!strays(vec![attic]), "she is in the attic");
}

#[test]
fn what_waits_is_handled_in_time() {
    let handles = |at, seconds| {
        let size = Size { len: 3, oldest: Span::secs(seconds), ..Size::default() };
        (at, SERVER, Observation::Waiting { queue: "inbox".into(), size })
    };
    let late = |rest: Vec<Line>| breaks("overload-recovers", &rest);
    assert!(late(vec![handles(20_000, 11)]));
    assert!(!late(vec![handles(20_000, 9)]));
    let paused = vec![lives(2_000, SERVER, Life::Paused), lives(15_000, SERVER, Life::Resumed)];
    assert!(!late([paused.clone(), vec![handles(15_000, 12)]].concat()), "it was paused");
    assert!(late([paused, vec![handles(30_000, 12)]].concat()), "that was long ago");
}
