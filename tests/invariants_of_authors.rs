//! What people had seen when they edited, and what was made of it: histories by hand, one that
//! breaks each invariant and one that only looks as if it did.

use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{Case, rejudge};
use wavetank::history::{
    Change, Changes, Connection, Kind, Meaning, Observation, OpState, Position, Reading, Record,
    Request, Side, Status, StoreOutcome, Value, Write,
};
use wavetank::id::{ConnId, Field, NodeId, OpId, StoreId, Ticket, Topic};
use wavetank::time::{Mono, Now, Time, Wall};
use wavetank_models::{Config, DocSync, Role};

const SERVER: NodeId = NodeId(0);
const ALICE: NodeId = NodeId(1);
const BOB: NodeId = NodeId(2);
const DOC: Topic = Topic(1);
const X: Field = Field(7);
const Y: Field = Field(8);

/// What was written by an operation: its own number.
fn set(field: Field, op: u32) -> Changes {
    Changes::from_iter([Change::set(field, Value::new(u64::from(op)))])
}

fn given(node: NodeId, op: u32, request: Request, changes: Changes) -> (NodeId, Observation) {
    (node, Observation::Given { op: OpId(op), request, changes })
}

fn edits(node: NodeId, op: u32, field: Field) -> (NodeId, Observation) {
    given(node, op, Request::Edit, set(field, op))
}

fn shows(node: NodeId, seq: u64, changes: Changes) -> (NodeId, Observation) {
    let (topic, position) = (DOC, Position::new(1, seq));
    let reading = Reading { topic, position, part: 0, pending: 0, whole: false, changes };
    (node, Observation::ShownContent(reading))
}

fn says(node: NodeId, op: u32, state: OpState) -> (NodeId, Observation) {
    (node, Observation::ShownOp { op: OpId(op), state })
}

fn commits(author: NodeId, op: u32, seq: u64, changes: Changes) -> (NodeId, Observation) {
    let write = Write {
        topic: DOC,
        position: Position::new(1, seq),
        op: Some(OpId(op)),
        author: Some(author),
        base: None,
        changes,
    };
    let (store, ticket, outcome) = (StoreId(1), Ticket(seq as u32), StoreOutcome::Executed);
    (SERVER, Observation::Stored { store, ticket, outcome, write: Some(Box::new(write)) })
}

fn nacks(node: NodeId, op: u32) -> (NodeId, Observation) {
    let meaning = Meaning::of(Kind::Nack).op(Some(OpId(op))).code(409);
    (node, Observation::Delivered { conn: ConnId::new(1, 1), side: Side::Dialler, meaning })
}

/// A page takes what it is given at once.
fn taken((node, what): (NodeId, Observation)) -> Vec<(NodeId, Observation)> {
    match what {
        Observation::Given { op, .. } => {
            let state = OpState::Pending;
            vec![(node, what), (node, Observation::ShownOp { op, state })]
        }
        _ => vec![(node, what)],
    }
}

/// Whether a history, one thing a millisecond, breaks an invariant.
fn breaks(invariant: &str, history: Vec<(NodeId, Observation)>) -> bool {
    let nodes = [SERVER, ALICE, BOB].map(|id| NodeSpec::new(id, Role::Browser)).to_vec();
    let mut case = Case::<DocSync>::new(Topology { nodes, stores: vec![] }, Config::default());
    case.invariants = Some(vec![invariant.to_owned()]);
    let line = |(micros, (node, what)): (u64, (NodeId, Observation))| {
        let now = Now { mono: Mono::from_micros(micros), wall: Wall::from_micros(micros) };
        Record { at: Time::from_micros(micros), node, now, what }
    };
    let history = history.into_iter().flat_map(taken);
    let history: Vec<Record> = (1..).map(|n| n * 1000).zip(history).map(line).collect();
    !rejudge(&case, &history).is_empty()
}

/// Both see the document as it is at first.
fn both() -> Vec<(NodeId, Observation)> {
    vec![shows(ALICE, 0, Changes::new()), shows(BOB, 0, Changes::new())]
}

fn history(rest: impl IntoIterator<Item = (NodeId, Observation)>) -> Vec<(NodeId, Observation)> {
    both().into_iter().chain(rest).collect()
}

#[test]
fn work_that_was_written_over_unseen_must_be_spoken_of() {
    let race = [
        edits(ALICE, 1, X),
        edits(BOB, 2, X),
        commits(ALICE, 1, 1, set(X, 1)),
        commits(BOB, 2, 2, set(X, 2)),
    ];
    assert!(breaks("conflict-surfaced", history(race.clone())));
    let told = race.clone().into_iter().chain([says(BOB, 2, OpState::Conflict)]);
    assert!(!breaks("conflict-surfaced", history(told)));
    // Nothing is left of it.
    let (store, ticket, outcome) = (StoreId(1), Ticket(2), StoreOutcome::Lost);
    let lost = (SERVER, Observation::Stored { store, ticket, outcome, write: None });
    assert!(!breaks("conflict-surfaced", history(race.into_iter().chain([lost]))));
}

#[test]
fn whoever_has_seen_what_she_writes_over_is_told_nothing() {
    let answer = [
        edits(ALICE, 1, X),
        commits(ALICE, 1, 1, set(X, 1)),
        shows(BOB, 1, set(X, 1)),
        edits(BOB, 2, X),
        commits(BOB, 2, 2, set(X, 2)),
    ];
    assert!(!breaks("conflict-surfaced", history(answer)));
    let apart = [
        edits(ALICE, 1, X),
        edits(BOB, 2, Y),
        commits(ALICE, 1, 1, set(X, 1)),
        commits(BOB, 2, 2, set(Y, 2)),
    ];
    assert!(!breaks("conflict-surfaced", history(apart)));
}

#[test]
fn an_edit_that_is_not_taken_must_be_spoken_of() {
    let refused = [edits(ALICE, 1, X), nacks(ALICE, 1)];
    assert!(breaks("conflict-surfaced", history(refused.clone())));
    let told = refused.into_iter().chain([says(ALICE, 1, OpState::Rejected), nacks(ALICE, 1)]);
    assert!(!breaks("conflict-surfaced", history(told)));
}

#[test]
fn an_answer_is_not_thrown_away_and_called_saved() {
    let seen = [edits(ALICE, 1, X), commits(ALICE, 1, 1, set(X, 1)), shows(BOB, 1, set(X, 1))];
    let answer = |kept| {
        let rest =
            [edits(BOB, 2, X), commits(BOB, 2, 2, set(X, kept)), says(BOB, 2, OpState::Saved)];
        history(seen.clone().into_iter().chain(rest))
    };
    assert!(breaks("causal-lww", answer(1)));
    assert!(!breaks("causal-lww", answer(2)));
    // Bob had not seen it: some rule has to choose.
    let race = [
        edits(BOB, 2, X),
        edits(ALICE, 1, X),
        commits(ALICE, 1, 1, set(X, 1)),
        commits(BOB, 2, 2, set(X, 1)),
        says(BOB, 2, OpState::Saved),
    ];
    assert!(!breaks("causal-lww", history(race)));
}

#[test]
fn an_undo_writes_what_was_there_before_and_nothing_else() {
    let edited = [
        shows(ALICE, 3, set(X, 90)),
        edits(ALICE, 1, X),
        shows(ALICE, 3, set(X, 1)),
        commits(ALICE, 1, 4, set(X, 1)),
        shows(ALICE, 4, set(X, 1)),
    ];
    let undone = |between: Vec<(NodeId, Observation)>, changes: Changes| {
        let undo = given(ALICE, 2, Request::Undo, Changes::new());
        let rest = between.into_iter().chain([undo, commits(ALICE, 2, 9, changes)]);
        history(edited.clone().into_iter().chain(rest))
    };
    assert!(!breaks("undo-validity", undone(vec![], set(X, 90))));
    assert!(breaks("undo-validity", undone(vec![], set(X, 1))), "another value");
    let more = set(X, 90).into_iter().chain(set(Y, 80)).collect();
    assert!(breaks("undo-validity", undone(vec![], more)), "another field");
    let bob = |field| vec![edits(BOB, 3, field), commits(BOB, 3, 5, set(field, 3))];
    assert!(breaks("undo-validity", undone(bob(X), set(X, 90))), "Bob's work");
    assert!(!breaks("undo-validity", undone(bob(Y), set(X, 90))), "Bob was elsewhere");
}

#[test]
fn a_redo_writes_what_was_there_before_an_undo_and_nothing_else() {
    let undone = [
        shows(ALICE, 3, set(X, 90)),
        edits(ALICE, 1, X),
        commits(ALICE, 1, 4, set(X, 1)),
        shows(ALICE, 4, set(X, 1)),
        given(ALICE, 2, Request::Undo, Changes::new()),
        shows(ALICE, 4, set(X, 90)),
        commits(ALICE, 2, 5, set(X, 90)),
    ];
    let step = |op, request, at, changes| {
        [given(ALICE, op, request, Changes::new()), commits(ALICE, op, at, changes)]
    };
    let redone = |between: Vec<(NodeId, Observation)>, changes: Changes| {
        let rest = between.into_iter().chain(step(4, Request::Redo, 9, changes));
        undone.clone().into_iter().chain(rest)
    };
    let redo = |between, changes| breaks("undo-validity", history(redone(between, changes)));
    assert!(!redo(vec![], set(X, 1)));
    assert!(redo(vec![], set(X, 90)), "what the undo wrote");
    let more = set(X, 1).into_iter().chain(set(Y, 80)).collect();
    assert!(redo(vec![], more), "another field");
    let bob = |field| vec![edits(BOB, 3, field), commits(BOB, 3, 6, set(field, 3))];
    assert!(redo(bob(X), set(X, 1)), "Bob's work");
    assert!(!redo(bob(Y), set(X, 1)), "Bob was elsewhere");

    let back = |changes| redone(vec![], set(X, 1)).chain(step(5, Request::Undo, 10, changes));
    assert!(!breaks("undo-validity", history(back(set(X, 90)))), "what was redone is undone");
    assert!(breaks("undo-validity", history(back(set(X, 1)))), "another value");
}

#[test]
fn an_edit_gives_way_only_to_a_later_one_of_the_same_fields_that_was_taken() {
    let live = Status { connection: Connection::Live, ..Status::default() };
    let alone = || vec![(ALICE, Observation::ShownStatus(live)), edits(ALICE, 1, X)];
    let gave_way = |later: Vec<(NodeId, Observation)>| {
        let mut all = alone();
        all.extend(later);
        all.push(says(ALICE, 1, OpState::Superseded));
        breaks("no-lost-edit", all)
    };
    let saved = |node, field| {
        let told = [says(node, 2, OpState::Pending), says(node, 2, OpState::Saved)];
        let mut all = vec![edits(node, 2, field), commits(node, 2, 1, set(field, 2))];
        all.extend(told);
        all
    };
    assert!(!gave_way(saved(ALICE, X)));
    assert!(gave_way(vec![]));
    assert!(gave_way(saved(ALICE, Y)));
    assert!(gave_way(saved(BOB, X)));
    assert!(gave_way(vec![edits(ALICE, 2, X), says(ALICE, 2, OpState::Refused)]));
    let unsaved = vec![edits(ALICE, 2, X), says(ALICE, 2, OpState::Pending)];
    assert!(gave_way(unsaved), "what it gave way to is in no store");
}
