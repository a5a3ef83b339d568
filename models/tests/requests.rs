//! Requests beside sockets where people have to sign in: let in as sockets are, and no other way.

mod driven;

use driven::{Driven, PAGE, asked, dialled, hello, page, server, settles, shown_op};
use wavetank::history::{Caller, Channel, OpState};
use wavetank::id::{ConnId, Topic};
use wavetank::objectives::{Access, Objectives};
use wavetank::protocol::{Answer, Credential, Effect, Event};
use wavetank::time::{Span, Wall};
use wavetank_models::message::{Hello, Message, Since};
use wavetank_models::protocol::DOC;
use wavetank_models::server::Server;
use wavetank_models::{Config, DocSync, Op, Timer};

const CONN: ConnId = ConnId::new(1, 1);
const QUESTION: Message = Message::SyncRequest { doc: DOC, since: Since::Nothing };

fn objectives() -> Objectives {
    Objectives { access: Access::SignedIn, ..Objectives::default() }
}

fn credential() -> Credential {
    Credential { id: 3, user: PAGE, expires: Wall::START + Span::secs(60) }
}

/// A server that somebody makes a request of.
fn called() -> Driven<Server> {
    let mut server = server(Config::default(), &objectives());
    let hello = Hello { path: "/document".to_owned(), ..hello() };
    let effects = server.told(0, Event::Accepted(CONN, &hello));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Refuse(..))), "{effects:?}");
    server
}

/// What a server does that is asked for a document in this second, once the issuer has answered.
fn checked(second: u64, answer: Answer) -> (Driven<Server>, Vec<Effect<DocSync>>) {
    let mut server = called();
    let shown = server.gets(second, CONN, &Message::Credential(credential()));
    let question = asked(&shown).expect("the issuer is asked");
    let waits = server.gets(second, CONN, &QUESTION);
    assert!(asked(&waits).is_none() && said(&waits).is_none(), "{waits:?}");
    let effects = server.told(second, Event::Issuer(question, answer));
    (server, effects)
}

fn said(effects: &[Effect<DocSync>]) -> Option<&Message> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(_, message) => Some(message),
        _ => None,
    })
}

fn closed(effects: &[Effect<DocSync>]) -> Option<u16> {
    effects.iter().find_map(|effect| match effect {
        Effect::Close(close) => Some(close.code),
        _ => None,
    })
}

#[test]
fn a_request_that_shows_a_good_credential_is_answered() {
    let denied = [Topic(77)].into_iter().collect();
    let (mut server, effects) = checked(1, Answer::Good { denied });
    let answer = settles(&mut server, 2, &effects);
    assert!(matches!(said(&answer), Some(Message::Snapshot { doc: DOC, .. })), "{answer:?}");
}

#[test]
fn a_request_that_shows_none_is_told_nothing_and_ended() {
    let mut server = called();
    let effects = server.gets(1, CONN, &QUESTION);
    assert!(said(&effects).is_none() && asked(&effects).is_none(), "{effects:?}");
    let late = server.told(10, Event::Timer(Timer::Door(CONN)));
    assert_eq!(closed(&late), Some(4401), "{late:?}");
}

#[test]
fn a_request_from_another_site_is_ended() {
    let mut server = server(Config::default(), &objectives());
    let caller = Caller { origin: 2, ..hello().caller };
    let hello = Hello { path: "/document".to_owned(), caller, ..hello() };
    assert_eq!(closed(&server.told(0, Event::Accepted(CONN, &hello))), Some(1008));
}

#[test]
fn a_request_with_a_credential_that_has_expired_is_ended() {
    let mut server = called();
    let effects = server.gets(61, CONN, &Message::Credential(credential()));
    assert_eq!(closed(&effects), Some(4401), "{effects:?}");
    let gone = server.gets(61, CONN, &QUESTION);
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn a_request_with_a_credential_that_was_revoked_is_ended() {
    let (_, effects) = checked(1, Answer::Bad);
    assert_eq!(closed(&effects), Some(4401), "{effects:?}");
    assert!(said(&effects).is_none() && asked(&effects).is_none(), "{effects:?}");
}

#[test]
fn a_request_for_what_its_user_may_not_see_is_ended() {
    let (_, effects) = checked(1, Answer::Good { denied: [DOC].into_iter().collect() });
    assert_eq!(closed(&effects), Some(1008), "{effects:?}");
    assert!(said(&effects).is_none() && asked(&effects).is_none(), "{effects:?}");
}

#[test]
fn a_request_to_which_the_issuer_says_nothing_is_ended() {
    let mut server = called();
    server.gets(1, CONN, &Message::Credential(credential()));
    server.gets(1, CONN, &QUESTION);
    let late = server.told(10, Event::Timer(Timer::Door(CONN)));
    assert_eq!(closed(&late), Some(1013), "{late:?}");
}

#[test]
fn a_page_shows_a_new_credential_with_a_request_before_it_asks() {
    let mut page = page(Config::default(), &objectives());
    page.told(0, Event::Start);
    let wishes = page.given(1, &Op::Refresh);
    let question = asked(&wishes).expect("the issuer is asked");
    assert!(dialled(&wishes).is_none(), "{wishes:?}");
    let calls = page.told(2, Event::Issuer(question, Answer::Issued(credential())));
    let over = calls.iter().find_map(|effect| match effect {
        Effect::Dial(dial) => Some(dial.channel),
        _ => None,
    });
    assert_eq!(over, Some(Channel::Request), "{calls:?}");
    let opened = page.told(3, Event::Opened(dialled(&calls).expect("a request")));
    let says: Vec<_> = opened
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(_, message) => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(says, [&Message::Credential(credential()), &QUESTION]);
}

#[test]
fn a_person_who_gets_no_credential_is_told_that_her_request_failed() {
    let mut page = page(Config::default(), &objectives());
    page.told(0, Event::Start);
    let question = asked(&page.given(1, &Op::Refresh)).expect("the issuer is asked");
    let effects = page.told(2, Event::Issuer(question, Answer::Refused));
    assert_eq!(shown_op(&effects), Some(OpState::Failed), "{effects:?}");

    page.given(3, &Op::Refresh);
    let effects = page.told(12, Event::Timer(Timer::Request));
    assert_eq!(shown_op(&effects), Some(OpState::Failed), "a silent issuer: {effects:?}");
}
