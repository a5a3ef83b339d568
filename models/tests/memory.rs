//! What a server keeps of documents and clients that are gone has a bound.

mod driven;

use driven::{Driven, hello, loads, op, server, settles};
use wavetank::history::{Caller, Initiator, Observation, Position};
use wavetank::id::{ConnId, Topic};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Closing, Effect, Event};
use wavetank_models::message::{Hello, Message, Since};
use wavetank_models::protocol::DOC;
use wavetank_models::server::Server;
use wavetank_models::store::{Commit, Edit};
use wavetank_models::{Config, DocSync};

/// How much a server says that it holds under a name.
fn held(effects: &[Effect<DocSync>], name: &str) -> Option<u32> {
    let sizes = effects.iter().filter_map(|effect| match effect {
        Effect::Claim(Observation::Holds { what, size }) if what == name => Some(size.len),
        _ => None,
    });
    sizes.max()
}

fn subscribe(doc: Topic, instance: u64, since: Since) -> Message {
    Message::Subscribe { doc, instance, since }
}

/// A client of its own that is connected.
fn connected(server: &mut Driven<Server>, number: u32) -> ConnId {
    let conn = ConnId::new(number, number);
    let instance = u64::from(number);
    let caller = Caller { client: instance, ..hello().caller };
    server.told(0, Event::Accepted(conn, &Hello { instance, caller, ..hello() }));
    conn
}

fn commit(number: u32) -> Commit {
    match op(number) {
        Message::Op(commit) => commit,
        other => panic!("{other:?} is no operation"),
    }
}

fn closes(server: &mut Driven<Server>, conn: ConnId) -> Vec<Effect<DocSync>> {
    server.told(1, Event::Closed(conn, Closing { code: 1006, by: Initiator::Network }))
}

#[test]
fn documents_that_nobody_has_open_are_let_go_and_the_others_are_not() {
    let mut server = server(Config::default(), &Objectives::default());
    let (stays, passes) = (connected(&mut server, 1), connected(&mut server, 2));
    let opened = server.gets(0, stays, &subscribe(Topic(7), 1, Since::Nothing));
    settles(&mut server, 0, &opened);
    let mut most = 0;
    for doc in (1_000..3_000).map(Topic) {
        let opened = server.gets(0, passes, &subscribe(doc, 2, Since::Nothing));
        most = most.max(held(&opened, "rooms").unwrap_or(0));
        settles(&mut server, 0, &opened);
        server.gets(0, passes, &Message::Unsubscribe { doc });
    }
    assert!((100..=300).contains(&most), "{most} rooms");
    let again = server.gets(0, passes, &subscribe(Topic(7), 2, Since::Nothing));
    assert_eq!(loads(&again), None, "somebody had it open all the time");
    let again = server.gets(0, passes, &subscribe(Topic(1_000), 2, Since::Nothing));
    assert!(loads(&again).is_some(), "nobody has had it open for long");
}

#[test]
fn a_document_is_not_let_go_while_an_operation_of_it_is_at_the_store() {
    let mut server = server(Config::default(), &Objectives::default());
    let (works, passes) = (connected(&mut server, 1), connected(&mut server, 2));
    let opened = server.gets(0, works, &subscribe(Topic(7), 1, Since::Nothing));
    settles(&mut server, 0, &opened);
    server.gets(0, works, &Message::Op(Commit { doc: Topic(7), ..commit(1) }));
    server.gets(0, works, &Message::Unsubscribe { doc: Topic(7) });
    for doc in (1_000..1_500).map(Topic) {
        let opened = server.gets(0, passes, &subscribe(doc, 2, Since::Nothing));
        settles(&mut server, 0, &opened);
        server.gets(0, passes, &Message::Unsubscribe { doc });
    }
    let again = server.gets(0, passes, &subscribe(Topic(7), 2, Since::Nothing));
    assert_eq!(loads(&again), None, "{again:?}");
}

#[test]
fn the_clients_that_went_away_last_are_remembered_and_no_others() {
    let mut server = server(Config::default(), &Objectives::default());
    let first = connected(&mut server, 1);
    let opened = server.gets(0, first, &subscribe(DOC, 1, Since::Nothing));
    settles(&mut server, 0, &opened);
    let mut most = 0;
    for number in 2..=3_000 {
        let conn = connected(&mut server, number);
        server.gets(0, conn, &subscribe(DOC, u64::from(number), Since::Nothing));
        let insert = Commit { edit: Edit::Insert, instance: number.into(), ..commit(number) };
        server.gets(0, conn, &Message::Op(insert));
        let effects = closes(&mut server, conn);
        most = most.max(held(&effects, "clients-away").unwrap_or(0));
    }
    assert!((500..=1_000).contains(&most), "{most} clients");
    // Who is remembered is told the last words again, and had been written more than she has.
    let mut returns = |number: u32, serial| {
        let conn = ConnId::new(serial, serial);
        let instance = u64::from(number);
        let caller = Caller { client: instance, ..hello().caller };
        server.told(2, Event::Accepted(conn, &Hello { instance, caller, ..hello() }));
        let old = Since::Position(Position { seq: 0, ..Position::new(1, 1) });
        let effects = server.gets(2, conn, &subscribe(DOC, instance, old));
        let says = |effect: &Effect<DocSync>| matches!(effect, Effect::Send(_, Message::Notice(_)));
        let lost = |effect: &Effect<DocSync>| matches!(effect, Effect::Mark("written-not-arrived"));
        (effects.iter().any(says), effects.iter().any(lost))
    };
    assert_eq!(returns(3_000, 4_000), (true, true));
    assert_eq!(returns(2_001, 4_001), (true, true));
    assert_eq!(returns(2, 4_002), (false, false));
    assert!(returns(1, 4_003).1, "it never went away");
}

#[test]
fn an_instance_that_was_never_here_is_not_remembered() {
    let mut server = server(Config::default(), &Objectives::default());
    let conn = connected(&mut server, 1);
    let insert = Commit { edit: Edit::Insert, instance: 2, ..commit(1) };
    let opened = server.gets(0, conn, &Message::Op(insert));
    let other = connected(&mut server, 2);
    server.gets(0, other, &subscribe(DOC, 2, Since::Nothing));
    let told = settles(&mut server, 0, &opened);
    let welcomed =
        |effect: &Effect<DocSync>| matches!(effect, Effect::Send(_, Message::Welcome { .. }));
    assert!(told.iter().any(welcomed), "{told:?}");
    let says = |effect: &Effect<DocSync>| matches!(effect, Effect::Send(_, Message::Notice(_)));
    assert!(!told.iter().any(says), "{told:?}");
}
