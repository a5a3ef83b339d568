//! The invariants of what is asked beside sockets, each with a history that breaks it and one that
//! does not.

mod told;

use told::{CLIENT, Happened, SERVER, Told, conn, op};
use wavetank::history::{
    Caller, Change, Changes, Channel, Connection, Observation, OpState, Path, Phase, Refusal,
    Request, Value,
};
use wavetank::id::Field;
use wavetank::objectives::{Fallback, Objectives};

const END: Happened = (200_000, CLIENT, Observation::Phase(Phase::Quiet));

fn change() -> Changes {
    [Change::set(Field(1), Value::new(7))].into_iter().collect()
}

#[test]
fn what_a_person_asks_for_comes_or_is_said_not_to() {
    let told = Told::of("op-terminates");
    let asked = (100, CLIENT, Told::given(1, Request::Refresh));
    let answer =
        |at| (at, CLIENT, Observation::ShownAnswer { op: op(1), position: None, stale: true });
    let said = |state| (200, CLIENT, Observation::ShownOp { op: op(1), state });
    let with = |rest: Vec<Happened>| told.broken([vec![asked.clone()], rest, vec![END]].concat());
    assert!(with(vec![]));
    assert!(!with(vec![answer(9_000)]));
    assert!(with(vec![answer(10_200)]));
    assert!(!with(vec![said(OpState::Failed)]));
    assert!(with(vec![said(OpState::Pending)]));
    assert!(!with(vec![(300, CLIENT, Told::given(2, Request::Unmount))]), "the page is away");
}

#[test]
fn who_cannot_have_a_socket_asks_now_and_then() {
    let wanted = Objectives { fallback: Fallback::Poll, ..Objectives::default() };
    let told = Told { objectives: wanted, ..Told::of("fallback-freshness") };
    let refused = |at, number, refusal| {
        let refused = Observation::Refused { conn: conn(number), refusal };
        vec![(at, CLIENT, Told::dialled(number)), (at, CLIENT, refused)]
    };
    let begins = |refusal| {
        let failed = (20, CLIENT, Told::status(Connection::Failed));
        [vec![(0, CLIENT, Told::shown(1))], refused(10, 1, refusal), vec![failed]].concat()
    };
    let commit = || vec![(50_000, SERVER, Told::stored(2, change()))];
    let shows = |at| vec![(at, CLIENT, Told::shown(2))];
    let with = |parts: Vec<Vec<Happened>>| told.broken([parts.concat(), vec![END]].concat());
    let blocked = || begins(Refusal::Blocked);
    assert!(with(vec![blocked(), commit()]));
    assert!(!with(vec![blocked(), commit(), shows(80_000)]));
    assert!(with(vec![blocked(), commit(), shows(90_000)]));
    assert!(!with(vec![begins(Refusal::Unreachable), commit()]), "nobody is there");
    let live = vec![(51_000, CLIENT, Told::status(Connection::Live))];
    assert!(!with(vec![blocked(), commit(), live]));
    let cut = vec![(60_000, CLIENT, Observation::Link { to: SERVER, path: Path::Down })];
    assert!(!with(vec![blocked(), commit(), cut]));
    let unwanted = Told::of("fallback-freshness");
    assert!(!unwanted.broken([blocked(), commit(), vec![END]].concat()));
}

#[test]
fn requests_that_nobody_asked_for_are_far_apart() {
    let wanted = Objectives { fallback: Fallback::Poll, ..Objectives::default() };
    let told = Told { objectives: wanted, ..Told::of("fallback-freshness") };
    let polls = |at, number| {
        let (conn, caller) = (conn(number), Caller::default());
        let channel = Channel::Request;
        (at, CLIENT, Observation::Dialled { conn, to: SERVER, channel, caller })
    };
    let stored = || (0, SERVER, Told::stored(1, change()));
    let asked = (15_000, CLIENT, Told::given(1, Request::Refresh));
    assert!(told.broken(vec![stored(), polls(0, 1), polls(20_000, 2), END]));
    assert!(!told.broken(vec![stored(), polls(0, 1), polls(30_000, 2), END]));
    assert!(!told.broken(vec![stored(), polls(0, 1), asked, polls(20_000, 2), END]));
}
