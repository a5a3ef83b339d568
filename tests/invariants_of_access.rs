//! Who is let in, and how much of each is taken: histories by hand, one that breaks each invariant
//! and one that only looks as if it did.

use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{Case, rejudge};
use wavetank::history::{
    Caller, Change, Changes, Channel, Connection, Initiator, Kind, Life, Meaning, Observation,
    OpState, Position, Reading, Record, Refusal, Request, Side, Standing, Status, StoreOutcome,
    Value, Write,
};
use wavetank::id::{ConnId, Field, NodeId, OpId, StoreId, Ticket, Topic};
use wavetank::objectives::{Access, Objectives};
use wavetank::time::{Mono, Now, Span, Time, Wall};
use wavetank_models::document::{self, Attribute, STATUS};
use wavetank_models::{Config, DocSync, Role};

const SERVER: NodeId = NodeId(0);
const ALICE: NodeId = NodeId(1);
const BOB: NodeId = NodeId(2);
const DOC: Topic = Topic(1);
const HOME: u64 = 1;

/// What happens, and in which second.
type Line = (u64, NodeId, Observation);

fn demands() -> Objectives {
    Objectives {
        access: Access::SignedIn,
        per_client: 2,
        ops_per_minute: 2,
        wholes_per_minute: 1,
        ..Objectives::default()
    }
}

/// Whether a history breaks an invariant.
fn breaks(invariant: &str, history: impl IntoIterator<Item = Line>) -> bool {
    let nodes = [SERVER, ALICE, BOB].map(|id| NodeSpec::new(id, Role::Browser)).to_vec();
    let mut case = Case::<DocSync>::new(Topology { nodes, stores: vec![] }, Config::default());
    case.invariants = Some(vec![invariant.to_owned()]);
    case.objectives = demands();
    let record = |(second, node, what): Line| {
        let since = Span::secs(second);
        let now = Now { mono: Mono::default() + since, wall: Wall::START + since };
        Record { at: Time::ZERO + since, node, now, what }
    };
    let history: Vec<Record> = history.into_iter().map(record).collect();
    !rejudge(&case, &history).is_empty()
}

fn conn(serial: u32) -> ConnId {
    ConnId::new(serial, serial)
}

/// The tab of this number dials; tabs below ten are of one client.
fn dials(second: u64, node: NodeId, serial: u32, instance: u64) -> Line {
    let caller = Caller { client: 1 + instance / 10, instance, origin: HOME, ..Caller::default() };
    let (conn, channel) = (conn(serial), Channel::Socket);
    (second, node, Observation::Dialled { conn, to: SERVER, channel, caller })
}

fn sends(second: u64, serial: u32, meaning: Meaning) -> Line {
    let (conn, side) = (conn(serial), Side::Acceptor);
    (second, SERVER, Observation::Sent { conn, side, live: true, meaning })
}

fn gets(second: u64, serial: u32, meaning: Meaning) -> Line {
    let (conn, side) = (conn(serial), Side::Acceptor);
    (second, SERVER, Observation::Delivered { conn, side, meaning })
}

fn closes(second: u64, serial: u32, code: u16) -> Line {
    let (conn, side, by) = (conn(serial), Side::Acceptor, Initiator::Local);
    (second, SERVER, Observation::Closed { conn, side, code, by })
}

fn welcome() -> Meaning {
    Meaning::of(Kind::Welcome).topic(DOC)
}

fn event() -> Meaning {
    Meaning::of(Kind::Event).topic(DOC).position(Position::new(1, 1))
}

fn subscribe() -> Meaning {
    Meaning::of(Kind::Hello).topic(DOC)
}

fn shows(credential: u64) -> Meaning {
    Meaning::of(Kind::Credential).stamp(credential)
}

fn op(number: u32) -> Meaning {
    Meaning::of(Kind::Op).topic(DOC).op(Some(OpId(number)))
}

fn ack(number: u32) -> Meaning {
    Meaning::of(Kind::Ack).op(Some(OpId(number)))
}

fn later(number: u32) -> Meaning {
    Meaning::of(Kind::Nack).op(Some(OpId(number))).code(429)
}

fn learns(second: u64, node: NodeId, standing: Standing) -> Line {
    (second, node, Observation::Credential(standing))
}

/// The node is given a credential that is good until this second.
fn issued(second: u64, node: NodeId, credential: u64, until: u64) -> Line {
    let expires = Wall::START + Span::secs(until);
    learns(second, node, Standing::Issued { credential, expires })
}

fn commits(second: u64, author: NodeId, number: u32, field: Field) -> Line {
    let write = Write {
        topic: DOC,
        position: Position::new(1, 1),
        op: Some(OpId(number)),
        author: Some(author),
        base: None,
        changes: Changes::from_iter([Change::set(field, Value::new(1))]),
    };
    let (store, ticket, outcome) = (StoreId(1), Ticket(number), StoreOutcome::Executed);
    (second, SERVER, Observation::Stored { store, ticket, outcome, write: Some(Box::new(write)) })
}

/// Alice is in, with a credential that is good until this second.
fn alice(until: u64) -> Vec<Line> {
    vec![
        issued(0, ALICE, 1, until),
        dials(0, ALICE, 1, 1),
        gets(0, 1, shows(1)),
        gets(0, 1, subscribe()),
        sends(0, 1, welcome()),
    ]
}

fn then(first: Vec<Line>, rest: impl IntoIterator<Item = Line>) -> Vec<Line> {
    first.into_iter().chain(rest).collect()
}

#[test]
fn a_client_has_no_more_connections_than_it_may() {
    let tabs = |instances: [u64; 3]| {
        (1..).zip(instances).flat_map(|(serial, instance)| {
            [dials(1, ALICE, serial, instance), sends(2, serial, welcome())]
        })
    };
    assert!(breaks("conn-limit", tabs([1, 2, 3])));
    // A ghost does not count, and neither does the tab of another client.
    assert!(!breaks("conn-limit", tabs([1, 2, 2])));
    assert!(!breaks("conn-limit", tabs([1, 2, 13])));
    let one_less = tabs([1, 2, 3]).take(4).chain([closes(3, 1, 1000)]);
    assert!(!breaks("conn-limit", one_less.chain(tabs([1, 2, 3]).skip(4))));
}

#[test]
fn nobody_is_turned_away_for_her_own_ghosts() {
    let turned_away = |instances: [u64; 3]| {
        let in_before = [1, 2].map(|serial| sends(2, serial, welcome()));
        let dialled = (1..).zip(instances).map(|(serial, tab)| dials(1, ALICE, serial, tab));
        dialled.chain(in_before).chain([closes(3, 3, 4003)]).collect::<Vec<_>>()
    };
    assert!(breaks("limit-refusal-justified", turned_away([1, 2, 2])));
    assert!(!breaks("limit-refusal-justified", turned_away([1, 2, 3])));
}

#[test]
fn too_much_at_once_ends_the_connection() {
    let big = || gets(1, 1, Meaning { size: 2 << 20, ..op(1) });
    let rest = gets(5, 2, Meaning::of(Kind::Pong));
    assert!(breaks("size-limit", [big(), rest.clone()]));
    assert!(breaks("size-limit", [big(), sends(1, 1, ack(1)), closes(1, 1, 1009)]));
    assert!(breaks("size-limit", [big(), closes(1, 1, 1000)]));
    assert!(!breaks("size-limit", [big(), closes(1, 1, 1009), rest]));
}

#[test]
fn only_the_server_changes_what_is_protected() {
    let written = |author, field| [dials(0, ALICE, 1, 1), commits(1, author, 1, field)];
    let label = document::element(1, Attribute::Label);
    assert!(breaks("protected-fields", written(ALICE, document::stage(1))));
    assert!(!breaks("protected-fields", written(SERVER, document::stage(1))));
    assert!(!breaks("protected-fields", written(ALICE, label)));
}

/// The status of a document in which the pipeline is at work on the second stage.
fn at_work() -> Change {
    Change::set(STATUS, document::at_work(document::stage(1), OpId(1)))
}

/// Writes to the store, one after the other.
fn writes(changes: impl IntoIterator<Item = (NodeId, Change)>) -> Vec<Line> {
    let mut lines = vec![dials(0, ALICE, 1, 1)];
    for (number, (author, change)) in (1..).zip(changes) {
        let (second, node, mut what) = commits(number.into(), author, number, change.field);
        if let Observation::Stored { write: Some(write), .. } = &mut what {
            write.changes = Changes::from_iter([change]);
        }
        lines.push((second, node, what));
    }
    lines
}

#[test]
fn people_write_nothing_that_the_pipeline_is_at_work_on() {
    let name = "protected-fields";
    let element = |number| Change::set(document::element(number, Attribute::Box), Value::new(9));
    let failed = Change::set(STATUS, document::failed(document::stage(1), OpId(2)));
    assert!(breaks(name, writes([(SERVER, at_work()), (ALICE, element(2))])));
    // Neither what was made before, nor what a stage makes that is not under work, nor her own.
    assert!(!breaks(name, writes([(ALICE, element(2)), (SERVER, at_work())])));
    assert!(!breaks(name, writes([(SERVER, at_work()), (ALICE, element(1))])));
    assert!(!breaks(name, writes([(SERVER, at_work()), (ALICE, element(9))])));
    for over in [Change::removed(STATUS), failed] {
        let lines = [(SERVER, at_work()), (SERVER, over), (ALICE, element(2))];
        assert!(!breaks(name, writes(lines)), "{over:?}");
    }
    assert!(breaks(name, writes([(ALICE, at_work())])), "the status is the pipeline's");
    // A store that lost something may have lost the beginning of the work.
    let mut lines = writes([(SERVER, at_work()), (ALICE, element(2))]);
    let (store, outcome) = (StoreId(1), StoreOutcome::Restored);
    let restored = Observation::Stored { store, ticket: Ticket(9), outcome, write: None };
    lines.insert(2, (1, SERVER, restored));
    assert!(!breaks(name, lines));
}

#[test]
fn a_page_takes_no_edit_of_what_it_shows_as_under_work() {
    let shows = |second, topic, whole, change: Change| {
        let changes = Changes::from_iter([change]);
        let (position, part, pending) = (Position::new(1, 1), 0, 0);
        let reading = Reading { topic, position, part, pending, whole, changes };
        (second, ALICE, Observation::ShownContent(reading))
    };
    let edits = |element, state| {
        let live = Status { connection: Connection::Live, can_edit: true, ..Status::default() };
        let field = document::element(element, Attribute::Label);
        let changes = Changes::from_iter([Change::set(field, Value::new(9))]);
        let given = Observation::Given { op: OpId(8), request: Request::Edit, changes };
        [
            (4, ALICE, Observation::ShownStatus(live)),
            (5, ALICE, given),
            (5, ALICE, Observation::ShownOp { op: OpId(8), state }),
        ]
    };
    let starts = (0, ALICE, Observation::Node(Life::Started));
    let name = "edit-gate";
    let after = |shown: &[Line], edit: [Line; 3]| {
        breaks(name, std::iter::once(starts.clone()).chain(shown.to_vec()).chain(edit))
    };
    let work = shows(1, DOC, false, at_work());
    assert!(after(std::slice::from_ref(&work), edits(2, OpState::QueuedVolatile)));
    assert!(!after(std::slice::from_ref(&work), edits(2, OpState::Refused)));
    assert!(!after(std::slice::from_ref(&work), edits(3, OpState::QueuedVolatile)));
    let over = shows(2, DOC, false, Change::removed(STATUS));
    let anew = shows(2, DOC, true, Change::set(document::stage(1), Value::new(1)));
    let other = shows(2, Topic(2), false, Change::set(document::stage(1), Value::new(1)));
    for over in [over, anew, other] {
        assert!(!after(&[work.clone(), over.clone()], edits(2, OpState::Saved)), "{over:?}");
    }
}

#[test]
fn state_is_for_those_who_showed_a_credential_that_was_good() {
    let name = "auth-before-state";
    assert!(!breaks(name, then(alice(60), [sends(1, 1, event())])));
    // Neither one that nobody issued, nor one that had expired, nor none.
    let with = |shown: Option<u64>| {
        let mut lines = vec![issued(0, ALICE, 1, 5), dials(6, ALICE, 1, 1)];
        lines.extend(shown.map(|credential| gets(6, 1, shows(credential))));
        lines.extend([gets(6, 1, subscribe()), sends(6, 1, welcome()), sends(6, 1, event())]);
        lines
    };
    assert!(breaks(name, with(Some(9))));
    assert!(breaks(name, with(Some(1))));
    assert!(breaks(name, with(None)));
    // Nor before the welcome.
    let mut early = alice(60);
    early.pop();
    assert!(breaks(name, then(early, [sends(1, 1, event())])));
}

#[test]
fn state_is_for_those_who_may_see_it_and_not_for_other_sites() {
    let name = "auth-before-state";
    let withdrawn = || learns(0, ALICE, Standing::Withdrawn(DOC));
    let granted = learns(0, ALICE, Standing::Granted(DOC));
    let state = || then(alice(60), [sends(1, 1, event())]);
    assert!(breaks(name, then(vec![withdrawn()], state())));
    assert!(!breaks(name, then(vec![withdrawn(), granted], state())));
    // What is withdrawn later is for the next look.
    assert!(!breaks(name, then(alice(60), [(1, ALICE, withdrawn().2), sends(2, 1, event())])));
    let foreign = state().into_iter().map(|(second, node, what)| match what {
        Observation::Dialled { conn, to, channel, caller } => {
            let caller = Caller { origin: 7, ..caller };
            (second, node, Observation::Dialled { conn, to, channel, caller })
        }
        what => (second, node, what),
    });
    assert!(breaks(name, foreign));
}

#[test]
fn a_request_is_answered_without_a_welcome_and_not_without_a_credential() {
    let (name, channel) = ("auth-before-state", Channel::Request);
    let caller = Caller { client: 1, instance: 1, origin: HOME, ..Caller::default() };
    let dialled = Observation::Dialled { conn: conn(1), to: SERVER, channel, caller };
    let asks = || gets(1, 1, Meaning::of(Kind::SyncRequest).topic(DOC));
    let answer = || sends(1, 1, Meaning::of(Kind::Snapshot).topic(DOC));
    let with = |shown: &[u64], until| {
        let mut lines = vec![issued(0, ALICE, 1, until), (1, ALICE, dialled.clone())];
        lines.extend(shown.iter().map(|credential| gets(1, 1, shows(*credential))));
        lines.extend([asks(), answer()]);
        lines
    };
    assert!(!breaks(name, with(&[1], 60)));
    assert!(breaks(name, with(&[], 60)));
    assert!(breaks(name, with(&[9], 60)));
    assert!(breaks(name, with(&[1], 1)));
    let withdrawn = vec![learns(0, ALICE, Standing::Withdrawn(DOC))];
    assert!(breaks(name, then(withdrawn, with(&[1], 60))));
    let revoked =
        vec![issued(0, ALICE, 1, 60), learns(0, ALICE, Standing::Revoked { credential: 1 })];
    let rest = with(&[1], 60).into_iter().skip(1);
    assert!(breaks(name, then(revoked, rest)));
}

#[test]
fn operations_of_those_who_did_not_sign_in_are_not_committed() {
    let label = document::element(1, document::Attribute::Label);
    let rest = || [gets(1, 1, op(1)), commits(1, ALICE, 1, label)];
    let anonymous = then(vec![dials(0, ALICE, 1, 1)], rest());
    assert!(breaks("auth-before-state", anonymous));
    assert!(!breaks("auth-before-state", then(alice(60), rest())));
    // She may not see what she writes to, and might not when she came.
    let may_not = |second| vec![learns(second, ALICE, Standing::Withdrawn(DOC))];
    assert!(breaks("auth-before-state", then(may_not(0), then(alice(60), rest()))));
    assert!(!breaks("auth-before-state", then(alice(60), then(may_not(1), rest()))));
}

#[test]
fn a_right_that_has_ended_ends_soon() {
    let name = "auth-freshness";
    let label = document::element(1, document::Attribute::Label);
    let edited = |second| [gets(second, 1, op(1)), commits(40, ALICE, 1, label)];
    assert!(breaks(name, then(alice(30), edited(31))));
    assert!(!breaks(name, then(alice(30), edited(29))));
    let told = |second| [sends(second, 1, event())];
    assert!(breaks(name, then(alice(100), told(170))));
    assert!(!breaks(name, then(alice(100), told(160))));
    let revoked = [learns(100, ALICE, Standing::Revoked { credential: 1 })];
    assert!(breaks(name, then(then(alice(3600), revoked), told(170))));
    let renewed = [issued(90, ALICE, 2, 3600), gets(90, 1, shows(2))];
    assert!(!breaks(name, then(then(alice(100), renewed), told(170))));
}

#[test]
fn whoever_comes_back_shows_a_new_credential() {
    let name = "fresh-token-dial";
    let shown = |second, serial, credential| {
        let (conn, side, meaning) = (conn(serial), Side::Dialler, shows(credential));
        (second, ALICE, Observation::Sent { conn, side, live: true, meaning })
    };
    let ended = || {
        let (conn, side) = (conn(1), Side::Dialler);
        let closed = Observation::Closed { conn, side, code: 1006, by: Initiator::Network };
        vec![issued(0, ALICE, 1, 60), dials(0, ALICE, 1, 1), shown(0, 1, 1), (5, ALICE, closed)]
    };
    assert!(breaks(name, then(ended(), [dials(6, ALICE, 2, 1), shown(6, 2, 1)])));
    let fetched = [issued(6, ALICE, 2, 60), dials(6, ALICE, 2, 1), shown(6, 2, 2)];
    assert!(!breaks(name, then(ended(), fetched)));
    let too_late = [issued(6, ALICE, 2, 60), dials(61, ALICE, 2, 1), shown(61, 2, 2)];
    assert!(breaks(name, then(ended(), too_late)));
}

#[test]
fn nobody_is_served_more_than_her_share() {
    let name = "rate-limit";
    let served = |seconds: [u64; 3]| {
        let each = (1..).zip(seconds).flat_map(|(number, second)| {
            [gets(second, 1, op(number)), sends(second, 1, ack(number))]
        });
        then(vec![dials(0, ALICE, 1, 1)], each)
    };
    assert!(breaks(name, served([1, 30, 60])));
    assert!(!breaks(name, served([1, 30, 61])));
    let mut put_off = served([1, 2, 3]);
    put_off.pop();
    assert!(!breaks(name, then(put_off, [sends(3, 1, later(3))])));
    let whole = |second| sends(second, 1, Meaning::of(Kind::Snapshot).topic(DOC));
    assert!(breaks(name, then(vec![dials(0, ALICE, 1, 1)], [whole(1), whole(2)])));
}

#[test]
fn nobody_is_put_off_for_what_others_ask() {
    let name = "rate-limit-isolation";
    let both = vec![dials(0, ALICE, 1, 1), dials(0, BOB, 2, 11)];
    let flood: Vec<Line> = (1..=9).map(|number| gets(1, 1, op(number))).collect();
    let flooded = then(both, flood);
    assert!(breaks(name, then(flooded.clone(), [gets(2, 2, op(10)), sends(2, 2, later(10))])));
    assert!(!breaks(name, then(flooded, [sends(2, 1, later(9))])));
}

#[test]
fn nobody_tries_to_whom_the_issuer_says_nothing() {
    let is_silent = |second| learns(second, ALICE, Standing::Silent);
    let answers = |second| learns(second, ALICE, Standing::Answering);
    let shows = |second, connection| {
        (second, ALICE, Observation::ShownStatus(Status { connection, ..Status::default() }))
    };

    let name = "online-triggers-dial";
    let device = |second, online| (second, ALICE, Observation::Device { online });
    let back = || vec![shows(1, Connection::Offline), device(2, false), device(5, true)];
    let later = || shows(9, Connection::Reconnecting);
    assert!(breaks(name, then(back(), [later()])));
    assert!(!breaks(name, then(back(), [dials(6, ALICE, 1, 1), later()])));
    assert!(!breaks(name, then(vec![is_silent(0)], then(back(), [later()]))));
    assert!(breaks(name, then(vec![is_silent(0), answers(1)], then(back(), [later()]))));

    let name = "eventual-reconnect";
    let (side, code, by) = (Side::Dialler, 1006, Initiator::Network);
    let lost = (1, ALICE, Observation::Closed { conn: conn(1), side, code, by });
    let away = || vec![dials(0, ALICE, 1, 1), lost.clone(), shows(1, Connection::Reconnecting)];
    let live = |second| shows(second, Connection::Live);
    assert!(breaks(name, then(away(), [live(60)])));
    assert!(!breaks(name, then(away(), [is_silent(2), live(60)])));
    assert!(!breaks(name, then(away(), [is_silent(2), answers(30), live(60)])));
    assert!(breaks(name, then(away(), [is_silent(2), answers(30), live(90)])));

    let name = "backoff-envelope";
    let refusal = Refusal::Status(500);
    let refused = (2, ALICE, Observation::Refused { conn: conn(1), refusal });
    let fails = || vec![dials(1, ALICE, 1, 1), refused.clone()];
    let again = || dials(20, ALICE, 2, 1);
    assert!(breaks(name, then(fails(), [again()])));
    assert!(!breaks(name, then(fails(), [is_silent(2), answers(10), again()])));
}
