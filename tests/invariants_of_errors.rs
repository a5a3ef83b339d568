//! The invariants of errors, processing and what pages hold, each with a history that breaks it
//! and one that looks alike and does not.

mod told;

use told::{CLIENT, SERVER, Told, conn, op, position};
use wavetank::history::{
    Caller, Change, Channel, Connection, Initiator, Kind, Life, Meaning, Observation, OpState,
    Reading, Refusal, Request, Side, Size, StaleMarks, Status, Value,
};
use wavetank::id::{Field, Topic};
use wavetank::objectives::Objectives;
use wavetank::time::Span;

const DIALLER: Side = Side::Dialler;
const ACCEPTOR: Side = Side::Acceptor;

fn unreadable(side: Side) -> Observation {
    Observation::Delivered { conn: conn(1), side, meaning: Meaning::default() }
}

fn ended(side: Side, code: u16, by: Initiator) -> Observation {
    Observation::Closed { conn: conn(1), side, code, by }
}

fn error(kind: Kind, named: u32) -> Meaning {
    Meaning::of(kind).op((named > 0).then(|| op(named))).code(400)
}

fn refused(side: Side, meaning: Meaning) -> Observation {
    match side {
        ACCEPTOR => Observation::Sent { conn: conn(1), side, live: true, meaning },
        DIALLER => Observation::Delivered { conn: conn(1), side, meaning },
    }
}

fn report(kind: &'static str) -> Observation {
    Observation::Report { kind: kind.into(), code: 0, context: "somewhere".into() }
}

fn notice(class: &'static str, on: bool) -> Observation {
    Observation::ShownNotice { class: class.into(), code: 1006, op: None, on }
}

fn given(op: u32, request: Request) -> Observation {
    Told::given(op, request)
}

#[test]
fn a_server_that_ends_a_connection_says_why() {
    let told = Told::of("close-code-correct");
    let opened = Observation::Opened { conn: conn(1), side: ACCEPTOR };
    let stop = given(1, Request::Shutdown);
    let close = |code| ended(ACCEPTOR, code, Initiator::Local);
    let crash = Observation::Node(Life::Crashed);
    let server = |all: Vec<Observation>| {
        let at = |(i, what)| (i as u64 * 100, SERVER, what);
        told.broken(all.into_iter().enumerate().map(at).collect())
    };
    assert!(!server(vec![opened.clone(), close(4408)]));
    assert!(server(vec![opened.clone(), close(1000)]));
    assert!(server(vec![opened.clone(), close(1012)]));
    assert!(!server(vec![opened.clone(), ended(ACCEPTOR, 1000, Initiator::Remote)]));
    assert!(!server(vec![opened.clone(), stop.clone(), close(1012), crash.clone()]));
    assert!(server(vec![opened.clone(), stop.clone(), close(4408)]));
    assert!(server(vec![opened.clone(), stop, crash.clone()]));
    assert!(!server(vec![opened, crash]));
}

#[test]
fn a_code_of_the_applications_own_is_one_that_it_publishes() {
    let ends = |close_codes: &[u16], code| {
        let objectives = Objectives { close_codes: close_codes.to_vec(), ..Objectives::default() };
        let told = Told { objectives, ..Told::of("close-code-correct") };
        let opened = Observation::Opened { conn: conn(1), side: ACCEPTOR };
        let close = ended(ACCEPTOR, code, Initiator::Local);
        told.broken(vec![(0, SERVER, opened), (1, SERVER, close)])
    };
    assert!(!ends(&[], 4999));
    assert!(ends(&[4408], 4999));
    assert!(!ends(&[4408], 4408));
    assert!(!ends(&[4408], 1013));
}

#[test]
fn an_error_says_what_it_is_about() {
    let told = Told::of("error-context");
    let sent = |meaning| (20, SERVER, refused(ACCEPTOR, meaning));
    let bad = (10, SERVER, unreadable(ACCEPTOR));
    assert!(!told.broken(vec![sent(error(Kind::Nack, 1))]));
    assert!(told.broken(vec![sent(error(Kind::Nack, 0))]));
    assert!(told.broken(vec![sent(error(Kind::Error, 0))]));
    assert!(!told.broken(vec![bad.clone(), sent(error(Kind::Error, 0))]));
    assert!(told.broken(vec![bad, sent(error(Kind::Error, 0)), sent(error(Kind::Error, 0))]));
}

#[test]
fn an_unreadable_frame_does_not_end_a_connection() {
    let told = Told::of("poison-tolerant");
    let after = |millis, code| {
        let bad = (10, SERVER, unreadable(ACCEPTOR));
        told.broken(vec![bad, (millis, SERVER, ended(ACCEPTOR, code, Initiator::Local))])
    };
    assert!(after(10, 1011));
    assert!(!after(10, 1009));
    assert!(!after(900, 4408));
}

#[test]
fn what_goes_wrong_is_reported_once_where_that_is_wanted() {
    let wanted = Objectives { errors_reported: true, ..Objectives::default() };
    let told = Told { objectives: wanted, ..Told::of("error-accounted") };
    let lost = (10, CLIENT, ended(DIALLER, 1006, Initiator::Network));
    let said = |millis, kind| (millis, CLIENT, report(kind));
    let end = (5000, CLIENT, notice("transient", true));
    let refusal = Observation::Refused { conn: conn(2), refusal: Refusal::Unreachable };
    let refusal = (500, CLIENT, refusal);
    assert!(!told.broken(vec![lost.clone(), said(10, "connection-lost"), end.clone()]));
    assert!(told.broken(vec![lost.clone(), end.clone()]));
    assert!(told.broken(vec![refusal.clone(), end.clone()]));
    assert!(!told.broken(vec![refusal, said(500, "dial-refused"), end.clone()]));
    assert!(told.broken(vec![said(10, "connection-lost")]));
    let again = vec![lost.clone(), said(10, "connection-lost"), said(20, "connection-lost")];
    assert!(told.broken(again));
    let unwanted = Told::of("error-accounted");
    assert!(!unwanted.broken(vec![lost, end]));
}

#[test]
fn a_query_is_answered_in_every_state_of_the_connection() {
    let told = Told::of("degraded-usable");
    let shown = |connection| (10, CLIENT, Told::status(connection));
    let asked = (100, CLIENT, given(1, Request::Query));
    let end = (5000, CLIENT, notice("transient", true));
    let answer = |stale| {
        let position = Some(position(3));
        (100, CLIENT, Observation::ShownAnswer { op: op(1), position, stale })
    };
    let live = shown(Connection::Live);
    let away = (50, CLIENT, Told::status(Connection::Reconnecting));
    assert!(!told.broken(vec![live.clone(), asked.clone(), answer(false), end.clone()]));
    assert!(told.broken(vec![live.clone(), asked.clone(), end.clone()]));
    let stale = vec![live.clone(), away.clone(), asked.clone(), answer(true), end.clone()];
    assert!(!told.broken(stale));
    assert!(told.broken(vec![live.clone(), away, asked.clone(), answer(false)]));
    assert!(!told.broken(vec![shown(Connection::Loading), asked, end]));
}

#[test]
fn an_error_leads_to_word_of_what_it_names() {
    let told = Told::of("error-surfaced");
    let begins = (0, CLIENT, Told::status(Connection::Live));
    let came = |named| (10, CLIENT, refused(DIALLER, error(Kind::Nack, named)));
    let said = |named, state| (20, CLIENT, Observation::ShownOp { op: op(named), state });
    let closed = (5000, CLIENT, ended(DIALLER, 1000, Initiator::Remote));
    let with = |middle: Vec<_>| {
        let all = std::iter::once(begins.clone()).chain(middle).chain([closed.clone()]);
        told.broken(all.collect())
    };
    assert!(!with(vec![came(1), said(1, OpState::Rejected)]));
    assert!(with(vec![came(1)]));
    assert!(with(vec![came(1), said(2, OpState::Rejected)]));
    assert!(with(vec![came(1), said(1, OpState::Pending)]));
    assert!(with(vec![came(0)]));
    assert!(!with(vec![came(0), (20, CLIENT, notice("error", true))]));
}

#[test]
fn a_live_page_does_not_tell_why_it_was_not() {
    let told = Told::of("status-truthful");
    let dialled = Told::dialled(1);
    let opened = Observation::Opened { conn: conn(1), side: DIALLER };
    let page = |withdrawn: bool| {
        let mut all = vec![
            (0, CLIENT, notice("transient", true)),
            (10, CLIENT, dialled.clone()),
            (20, CLIENT, opened.clone()),
        ];
        if withdrawn {
            all.push((30, CLIENT, notice("transient", false)));
        }
        all.push((30, CLIENT, Told::status(Connection::Live)));
        all.push((5000, CLIENT, Observation::Device { online: true }));
        all.push((6000, CLIENT, Observation::Device { online: true }));
        told.broken(all)
    };
    assert!(!page(true));
    assert!(page(false));
}

#[test]
fn a_ping_is_answered_whatever_else_there_is_to_do() {
    let told = Told::of("hb-pong-latency");
    let ping = |stamp| Observation::Delivered {
        conn: conn(1),
        side: DIALLER,
        meaning: Meaning::of(Kind::Ping).stamp(stamp),
    };
    let pong = |stamp| Observation::Sent {
        conn: conn(1),
        side: DIALLER,
        live: true,
        meaning: Meaning::of(Kind::Pong).stamp(stamp),
    };
    let paused = Observation::Node(Life::Paused);
    let resumed = Observation::Node(Life::Resumed);
    let after = |millis: u64, pauses: bool| {
        let mut all = vec![(0, CLIENT, ping(1)), (0, CLIENT, pong(1)), (1000, CLIENT, ping(2))];
        if pauses {
            all.push((1000, CLIENT, paused.clone()));
            all.push((1000 + millis, CLIENT, resumed.clone()));
        }
        all.push((1000 + millis, CLIENT, pong(2)));
        told.broken(all)
    };
    assert!(!after(50, false));
    assert!(after(500, false));
    assert!(!after(500, true));
    let silent = vec![(0, CLIENT, ping(1)), (5000, CLIENT, notice("transient", true))];
    assert!(!told.broken(silent));
    // A page that went away is to send nothing.
    let away = |request| {
        let mut all = vec![(0, CLIENT, ping(1)), (0, CLIENT, pong(1))];
        all.push((900, CLIENT, given(1, request)));
        all.extend([(1000, CLIENT, ping(2)), (5000, CLIENT, notice("transient", true))]);
        told.broken(all)
    };
    assert!(away(Request::Mount));
    assert!(!away(Request::Unmount));
}

#[test]
fn a_person_is_answered_whatever_the_page_is_busy_with() {
    let told = Told::of("ui-responsive");
    let busy = Observation::Busy { span: Span::millis(700) };
    let after = |request, millis: u64, answer: Observation| {
        let began = (0, CLIENT, busy.clone());
        told.broken(vec![began, (10, CLIENT, given(1, request)), (10 + millis, CLIENT, answer)])
    };
    let taken = Observation::ShownOp { op: op(1), state: OpState::Pending };
    let answer = Observation::ShownAnswer { op: op(1), position: None, stale: true };
    assert!(!after(Request::Edit, 60, taken.clone()));
    assert!(after(Request::Edit, 600, taken.clone()));
    assert!(after(Request::Query, 600, answer));
    assert!(!after(Request::Produce, 600, taken));
    let unanswered = |span| {
        let busy = Observation::Busy { span };
        let later = (900, CLIENT, Observation::Device { online: true });
        told.broken(vec![(0, CLIENT, given(1, Request::Edit)), (50, CLIENT, busy), later])
    };
    assert!(unanswered(Span::millis(700)));
    assert!(!unanswered(Span::millis(40)));
}

#[test]
fn what_waits_to_be_taken_in_does_not_wait_for_long() {
    let told = Told::of("bounded-queue");
    let holds = |what: &'static str, seconds| {
        let size = Size { len: 3, oldest: Span::secs(seconds), ..Size::default() };
        told.broken(vec![(0, CLIENT, Observation::Holds { what: what.into(), size })])
    };
    assert!(!holds("work-queue", 4));
    assert!(holds("work-queue", 6));
    assert!(!holds("outbox", 600));
}

#[test]
fn what_is_old_is_marked_wherever_that_is_wanted() {
    let wanted = Objectives { stale_marked: true, ..Objectives::default() };
    let told = Told { objectives: wanted, ..Told::of("stale-truthful") };
    let page = |told: &Told, marks| {
        let status = Status { stale: true, marks, ..Status::default() };
        told.broken(vec![(0, CLIENT, Observation::ShownStatus(status))])
    };
    let marks = StaleMarks { badge: true, border: true, reason: true };
    assert!(!page(&told, marks));
    assert!(page(&told, StaleMarks { badge: false, ..marks }));
    assert!(page(&told, StaleMarks { border: false, ..marks }));
    assert!(page(&told, StaleMarks { reason: false, ..marks }));
    assert!(!page(&Told::of("stale-truthful"), StaleMarks::default()));
}

#[test]
fn a_stage_is_done_after_those_before_it_and_once() {
    let stages = vec![Field(1), Field(2), Field(3)];
    let wanted = Objectives { stages, ..Objectives::default() };
    let told = Told { objectives: wanted, ..Told::of("legal-stage-transition") };
    let stored = |told: &Told, fields: &[u32]| {
        let one = |(i, field): (usize, &u32)| {
            let changes = [Change::set(Field(*field), Value::new(i as u64 + 1))];
            (i as u64, SERVER, Told::stored(i as u64 + 1, changes.into_iter().collect()))
        };
        told.broken(fields.iter().enumerate().map(one).collect())
    };
    assert!(!stored(&told, &[1, 9, 2, 3]));
    assert!(stored(&told, &[1, 3, 2]));
    assert!(stored(&told, &[1, 2, 1]));
    assert!(!stored(&Told::of("legal-stage-transition"), &[1, 3, 2]));
}

#[test]
fn an_event_is_sent_in_a_form_that_its_receiver_speaks() {
    let told = Told::of("schema-conformant");
    let sends = |spoken, schema| {
        let caller = Caller { version: spoken, ..Caller::default() };
        let channel = Channel::Socket;
        let dialled = Observation::Dialled { conn: conn(1), to: SERVER, channel, caller };
        let meaning = Meaning { schema, ..Meaning::of(Kind::Event).position(position(1)) };
        let sent = Observation::Sent { conn: conn(1), side: ACCEPTOR, live: true, meaning };
        told.broken(vec![(0, CLIENT, dialled), (10, SERVER, sent)])
    };
    assert!(!sends(1, 1));
    assert!(sends(1, 2));
    assert!(!sends(2, 2));
    assert!(!sends(0, 2));
}

#[test]
fn what_comes_in_parts_is_shown_as_if_it_had_come_whole() {
    let told = Told::of("fragment-reassembly");
    let came = |kind| {
        let meaning = Meaning::of(kind).topic(Topic(1));
        let whole = kind != Kind::Fragment;
        let meaning = if whole { meaning.position(position(5)) } else { meaning };
        (10, CLIENT, Observation::Delivered { conn: conn(1), side: DIALLER, meaning })
    };
    let shows = (500, CLIENT, Told::shown(5));
    let end = (5000, CLIENT, Told::shown(5));
    let lost = (20, CLIENT, ended(DIALLER, 1006, Initiator::Network));
    let parts = || vec![came(Kind::Fragment), came(Kind::Snapshot)];
    let with = |more: Vec<_>| told.broken(parts().into_iter().chain(more).collect());
    assert!(!with(vec![shows, end.clone()]));
    assert!(with(vec![end.clone()]));
    assert!(!with(vec![lost, end.clone()]));
    assert!(!told.broken(vec![came(Kind::Fragment), end.clone()]));
    assert!(!told.broken(vec![came(Kind::Snapshot), end]));
}

#[test]
fn the_parts_of_a_page_show_the_same() {
    let told = Told::of("single-source");
    let shows = |at, part, value| {
        let changes = [Change::set(Field(1), Value::new(value))].into_iter().collect();
        let (topic, position) = (Topic(1), position(1));
        let reading = Reading { topic, position, part, pending: 0, whole: false, changes };
        (at, CLIENT, Observation::ShownContent(reading))
    };
    let end = (5000, CLIENT, Observation::Node(Life::Paused));
    let page = |all: &[(u64, u8, u64)]| {
        let all = all.iter().map(|(at, part, value)| shows(*at, *part, *value));
        told.broken(all.chain([end.clone()]).collect())
    };
    assert!(!page(&[(0, 2, 1), (10, 0, 2), (10, 2, 2)]));
    assert!(page(&[(0, 2, 1), (10, 0, 2)]));
    assert!(page(&[(0, 2, 1), (10, 0, 2), (10, 2, 2), (20, 2, 3)]));
    assert!(!page(&[(0, 1, 1), (10, 0, 2)]));
}

#[test]
fn what_may_be_lost_gives_way_to_an_edit() {
    let told = Told::of("priority-eviction");
    let says = |at, op, state| (at, CLIENT, Observation::ShownOp { op, state });
    let opened = Observation::Opened { conn: conn(1), side: DIALLER };
    let sends = |kind, op| {
        let meaning = Meaning::of(kind).op(Some(op));
        (200, CLIENT, Observation::Sent { conn: conn(1), side: DIALLER, live: true, meaning })
    };
    let end = (5000, CLIENT, notice("transient", true));
    let back = |before: Vec<_>, edit: bool| {
        let mut all = vec![says(5, op(2), OpState::QueuedVolatile)];
        all.extend(before);
        all.extend([(100, CLIENT, Told::dialled(1)), (150, CLIENT, opened.clone())]);
        all.extend(edit.then(|| sends(Kind::Op, op(2))));
        all.extend([sends(Kind::Ephemeral, op(1)), end.clone()]);
        told.broken(all)
    };
    let pointed = || (20, CLIENT, given(1, Request::Signal));
    assert!(!back(vec![pointed()], true));
    assert!(back(vec![pointed()], false));
    assert!(back(vec![pointed(), says(50, op(2), OpState::Dropped)], false));
    assert!(!back(vec![says(10, op(2), OpState::Dropped), pointed()], false));
    assert!(!back(Vec::new(), false));
}
