//! What comes when, at servers and pages by hand: nothing overtakes what it follows, nothing is
//! lost while something else is awaited.

mod driven;

use std::sync::Arc;

use driven::{Driven, PAGE, SERVER, dialled, hello, live, op, page, server, shown_op, snapshot};
use wavetank::history::{Initiator, Observation, OpState, Position};
use wavetank::id::{ConnId, OpId, Ticket};
use wavetank::objectives::{Access, Objectives};
use wavetank::protocol::{Answer, Closing, Credential, Effect, Event};
use wavetank::time::{Mono, Span, Wall};
use wavetank_models::document;
use wavetank_models::message::{FORBIDDEN, Message, Since};
use wavetank_models::policy::AckRetry;
use wavetank_models::protocol::DOC;
use wavetank_models::server::Server;
use wavetank_models::store::{self, Loaded, Reply, Request};
use wavetank_models::{Config, DocSync, Op, Timer};

const CONN: ConnId = ConnId::new(1, 1);

/// What is asked of the store, or of the issuer.
fn asked(effects: &[Effect<DocSync>]) -> Option<Ticket> {
    effects.iter().find_map(|effect| match effect {
        Effect::Store(ticket, _) | Effect::Flush(ticket) | Effect::Ask(ticket, _) => Some(*ticket),
        _ => None,
    })
}

/// The document as a store has it, without anything in it.
fn found(head: Position) -> Reply {
    let (log, seen) = (Vec::new(), [].into());
    Reply::Loaded(Box::new(Loaded { doc: DOC, head, content: [].into(), log, seen }))
}

/// The event that an operation comes to.
fn event_of(message: &Message, position: Position) -> Arc<store::Event> {
    let Message::Op(commit) = message else { unreachable!("not an operation: {message:?}") };
    let store::Commit { doc, op, author, instance, client_seq, ref edit, .. } = *commit;
    let changes = edit.changes().iter().copied().collect();
    Arc::new(store::Event { doc, position, op, author, instance, client_seq, changes })
}

/// Answers what a server asks of its store, and then that it lasts.
fn stored(
    server: &mut Driven<Server>,
    second: u64,
    ticket: Ticket,
    reply: Reply,
) -> Vec<Effect<DocSync>> {
    let lasts = asked(&server.told(second, Event::Stored(ticket, Ok(Some(reply)))));
    server.told(second, Event::Stored(lasts.expect("it has to last"), Ok(None)))
}

/// What is said on a connection, or to a room.
fn said(effects: &[Effect<DocSync>]) -> Vec<&Message> {
    let said = effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, message) | Effect::SendAll(_, message) => Some(message),
        _ => None,
    });
    said.collect()
}

fn lost(conn: ConnId, code: u16) -> Event<'static, DocSync> {
    Event::Closed(conn, Closing { code, by: Initiator::Remote })
}

#[test]
fn what_comes_behind_an_operation_that_was_put_off_waits_for_it() {
    let objectives = Objectives { ops_per_minute: 2, ..Objectives::default() };
    let mut server = server(Config::default(), &objectives);
    server.told(0, Event::Accepted(CONN, &hello()));
    let put_off = |effects: &[Effect<DocSync>]| {
        said(effects).iter().any(|message| matches!(message, Message::Later { .. }))
    };
    for (second, number, waits) in
        [(0, 1, false), (1, 2, false), (2, 3, true), (65, 4, true), (66, 3, false), (67, 4, false)]
    {
        assert_eq!(put_off(&server.gets(second, CONN, &op(number))), waits, "{number} at {second}");
    }
}

#[test]
fn a_client_that_gave_up_what_was_put_off_has_its_turn() {
    let objectives = Objectives { ops_per_minute: 1, ..Objectives::default() };
    let mut server = server(Config::default(), &objectives);
    server.told(0, Event::Accepted(CONN, &hello()));
    let later = |effects: Vec<Effect<DocSync>>| asked(&effects).is_none();
    server.gets(0, CONN, &op(1));
    assert!(later(server.gets(1, CONN, &op(2))));
    assert!(later(server.gets(62, CONN, &op(3))));
    let again = server.gets(64, CONN, &op(3));
    assert!(!said(&again).iter().any(|said| matches!(said, Message::Later { .. })), "{again:?}");
}

#[test]
fn an_event_that_another_instance_tells_while_a_document_is_loaded_is_told() {
    let mut server = server(Config::default(), &Objectives::default());
    server.told(0, Event::Accepted(CONN, &hello()));
    let subscribe = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    let loads = asked(&server.gets(0, CONN, &subscribe)).expect("the document is loaded");
    let event = event_of(&op(1), Position::new(1, 2));
    server.told(0, Event::Cast(SERVER, &Message::Published(Arc::clone(&event))));
    let told = stored(&mut server, 0, loads, found(Position::new(1, 1)));
    let is_told = |message: &&Message| matches!(message, Message::Event(told) if *told == event);
    assert!(said(&told).iter().any(is_told), "{told:?}");
}

/// Acks of the first edit of somebody who makes it at `edited` while her document is loaded, and
/// is found to be at `head`.
fn acks_once_loaded(edited: Position, head: Position) -> usize {
    let mut server = server(Config::default(), &Objectives::default());
    server.told(0, Event::Accepted(CONN, &hello()));
    let subscribe = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    let loads = asked(&server.gets(0, CONN, &subscribe)).expect("the document is loaded");
    let commits = asked(&server.gets(0, CONN, &op(1))).expect("the edit is done");
    let is_ack = |message: &&Message| matches!(message, Message::Ack { .. });
    let done = stored(&mut server, 1, commits, Reply::Committed(event_of(&op(1), edited)));
    assert!(!said(&done).iter().any(is_ack), "{done:?}");
    let told = stored(&mut server, 2, loads, found(head));
    said(&told).iter().filter(|message| is_ack(message)).count()
}

#[test]
fn an_edit_is_acked_once_its_document_is_loaded() {
    assert_eq!(acks_once_loaded(Position::new(1, 2), Position::new(1, 1)), 1);
}

#[test]
fn an_edit_is_not_acked_that_its_store_has_gone_back_behind() {
    assert_eq!(acks_once_loaded(Position::new(1, 2), Position::new(2, 1)), 0);
}

#[test]
fn what_a_lagging_copy_of_a_store_lacks_is_asked_for_again() {
    let mut server = server(Config::default(), &Objectives::default());
    server.told(0, Event::Accepted(CONN, &hello()));
    let subscribe = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    let loads = asked(&server.gets(0, CONN, &subscribe)).expect("the document is loaded");
    let commits = asked(&server.gets(0, CONN, &op(1))).expect("the edit is done");
    let done = event_of(&op(1), Position::new(1, 9));
    stored(&mut server, 1, commits, Reply::Committed(done));
    let told = stored(&mut server, 2, loads, found(Position::new(1, 1)));
    let looks = Timer::Level(DOC);
    let plans = |effect: &Effect<DocSync>| matches!(effect, Effect::Timer(at, _) if *at == looks);
    assert!(told.iter().any(plans), "{told:?}");
    assert!(asked(&server.told(3, Event::Timer(looks))).is_some(), "the document is loaded again");
}

#[test]
fn a_stage_waits_until_it_is_known_what_came_before_another_beginning() {
    let objectives = Objectives { stages: document::stages().collect(), ..Objectives::default() };
    let mut server = server(Config::default(), &objectives);
    let subscribe = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    server.told(0, Event::Accepted(CONN, &hello()));
    let loads = asked(&server.gets(0, CONN, &subscribe)).expect("the document is loaded");
    stored(&mut server, 0, loads, found(Position::new(1, 1)));
    let edited = (*event_of(&op(1), Position::new(1, 2))).clone();
    let changes = Op::Restart.changes(OpId(9));
    let position = Position::new(1, 3);
    let begun = store::Event { position, changes, instance: 7, ..edited.clone() };
    let other = |event| Message::Published(Arc::new(event));
    server.told(1, Event::Cast(SERVER, &other(begun)));
    assert_eq!(asked(&server.given(1, &Op::Stage(0))), None);
    let goes_on = server.told(2, Event::Cast(SERVER, &other(edited)));
    let base = goes_on.iter().find_map(|effect| match effect {
        Effect::Store(_, Request::Commit(commit)) => commit.base,
        _ => None,
    });
    assert_eq!(base, Some(position), "{goes_on:?}");
}

#[test]
fn operations_of_another_page_count_like_others() {
    let objectives = Objectives { ops_per_minute: 1, ..Objectives::default() };
    let mut server = server(Config::default(), &objectives);
    server.told(0, Event::Accepted(CONN, &hello()));
    server.gets(0, CONN, &Message::Subscribe { doc: DOC, instance: 2, since: Since::Nothing });
    server.gets(1, CONN, &op(1));
    let second = server.gets(2, CONN, &op(2));
    assert!(matches!(said(&second)[..], [Message::Later { .. }]), "{second:?}");
}

#[test]
fn an_operation_of_another_page_is_refused() {
    let mut server = server(Config::default(), &Objectives::default());
    server.told(0, Event::Accepted(CONN, &hello()));
    server.gets(0, CONN, &Message::Subscribe { doc: DOC, instance: 2, since: Since::Nothing });
    let refused = server.gets(1, CONN, &op(1));
    assert_eq!(said(&refused), [&Message::Nack { op: OpId(1), code: FORBIDDEN }]);
}

#[test]
fn a_request_that_does_not_come_is_not_waited_for() {
    let mut server = server(Config::default(), &Objectives::default());
    let mut hello = hello();
    hello.path = "/document".to_owned();
    server.told(0, Event::Accepted(CONN, &hello));
    let over = server.told(10, Event::Timer(Timer::Age(CONN)));
    let closes =
        |effect: &Effect<DocSync>| matches!(effect, Effect::Close(close) if close.conn == CONN);
    assert!(over.iter().any(closes), "{over:?}");
}

#[test]
fn the_edit_whose_size_broke_the_connection_is_not_sent_again() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    page.given(1, &Op::Insert);
    page.given(1, &Op::Paste(1, 100));
    let over = page.told(2, lost(conn, 1009));
    assert_eq!(shown_op(&over), Some(OpState::Rejected));
    let conn = dialled(&page.told(4, Event::Timer(Timer::Retry))).expect("it comes back");
    page.told(4, Event::Opened(conn));
    let sent = page.gets(4, conn, &snapshot());
    let ops = |message: &&Message| match message {
        Message::Op(commit) => Some(commit.op),
        _ => None,
    };
    assert_eq!(said(&sent).iter().filter_map(ops).collect::<Vec<_>>(), [OpId(1)]);
}

#[test]
fn a_page_that_was_told_to_wait_does_so_in_another_document_too() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    page.given(1, &Op::Insert);
    let retry_after = Span::secs(50);
    page.gets(1, conn, &Message::Later { doc: DOC, op: Some(OpId(1)), retry_after });
    page.given(2, &Op::Open(1));
    let Message::Snapshot { at, seen, content, .. } = snapshot() else { unreachable!() };
    let whole = Message::Snapshot { doc: Op::document(1), at, seen, content };
    let in_step = page.gets(3, conn, &whole);
    let is_op = |message: &&Message| matches!(message, Message::Op(_));
    assert!(!said(&in_step).iter().any(is_op), "{in_step:?}");
    let due = page.told(51, Event::Timer(Timer::Later));
    assert!(said(&due).iter().any(is_op), "{due:?}");
}

#[test]
fn an_edit_without_an_ack_is_sent_again_though_the_page_was_told_to_wait() {
    let mut config = Config::default();
    config.policy.client.ack.retry = AckRetry::Resend;
    let (mut page, conn) = live(config, &Objectives::default());
    let waits = |effects: &[Effect<DocSync>]| {
        let mut set = effects.iter().filter_map(|effect| match effect {
            Effect::Timer(Timer::AckTimeout, at) => {
                Some(at.since(Mono::default()).as_millis() / 1000)
            }
            _ => None,
        });
        set.next_back()
    };
    let due = waits(&page.given(1, &Op::Insert)).expect("an ack is awaited");
    page.given(1, &Op::Insert);
    let op = OpId(2);
    page.gets(2, conn, &Message::Later { doc: DOC, op: Some(op), retry_after: Span::secs(58) });
    page.gets(3, conn, &Message::Nack { op, code: FORBIDDEN });
    let late = page.told(due, Event::Timer(Timer::AckTimeout));
    assert!(said(&late).is_empty(), "{late:?}");
    page.told(60, Event::Timer(Timer::Later));
    let again = page.told(waits(&late).expect("it waits on"), Event::Timer(Timer::AckTimeout));
    let is_first = |message: &&Message| matches!(message, Message::Op(of) if of.op == OpId(1));
    assert!(said(&again).iter().any(is_first), "{again:?}");
}

#[test]
fn a_renewal_that_nobody_answers_is_asked_for_again() {
    let objectives = Objectives { access: Access::SignedIn, ..Objectives::default() };
    let mut page = page(Config::default(), &objectives);
    let ticket = asked(&page.told(0, Event::Start)).expect("a credential is fetched");
    let expires = Wall::START + Span::secs(100);
    let issued = Answer::Issued(Credential { id: 1, user: PAGE, expires });
    let conn = dialled(&page.told(0, Event::Issuer(ticket, issued))).expect("it dials");
    page.told(0, Event::Opened(conn));
    page.gets(0, conn, &snapshot());
    for second in [75, 80] {
        let renews = page.told(second, Event::Timer(Timer::Renew));
        assert!(asked(&renews).is_some(), "{second}: {renews:?}");
        let again = |effect: &Effect<DocSync>| matches!(effect, Effect::Timer(Timer::Renew, _));
        assert!(renews.iter().any(again), "{second}: {renews:?}");
    }
}

#[test]
fn a_page_that_came_back_has_not_failed_when_it_goes_to_another_document() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    page.told(1, lost(conn, 1006));
    let most = Objectives::default().attempts_max;
    for _ in 0..most {
        let conn = dialled(&page.told(2, Event::Timer(Timer::Retry))).expect("it dials");
        page.told(2, lost(conn, 1006));
    }
    assert_eq!(shown_op(&page.given(2, &Op::Insert)), Some(OpState::Refused));
    let back = dialled(&page.told(3, Event::Timer(Timer::Retry))).expect("it looks again");
    page.told(3, Event::Opened(back));
    page.gets(3, back, &snapshot());
    page.given(4, &Op::Open(1));
    assert_eq!(shown_op(&page.given(4, &Op::Insert)), Some(OpState::QueuedVolatile));
}

#[test]
fn an_error_is_withdrawn_once_the_page_is_in_step_again() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    let notices = |effects: &[Effect<DocSync>]| {
        let on = effects.iter().filter_map(|effect| match effect {
            Effect::Claim(Observation::ShownNotice { class, on, .. }) if class == "error" => {
                Some(*on)
            }
            _ => None,
        });
        on.collect::<Vec<_>>()
    };
    assert_eq!(notices(&page.gets(1, conn, &Message::Error { code: 400 })), [true]);
    page.told(2, lost(conn, 1006));
    let conn = dialled(&page.told(4, Event::Timer(Timer::Retry))).expect("it comes back");
    page.told(4, Event::Opened(conn));
    assert_eq!(notices(&page.gets(4, conn, &snapshot())), [false]);
}

#[test]
fn what_is_done_is_known_in_whatever_order_it_was_done() {
    let mut seen = store::Seen::default();
    let done = [3, 1, u32::MAX, 7, 2, 9, 8, 3, 5];
    for (nth, number) in done.into_iter().enumerate() {
        seen.add(number);
        for other in (0..12).chain([u32::MAX]) {
            assert_eq!(seen.has(other), done[..=nth].contains(&other), "{other} after {number}");
        }
    }
}
