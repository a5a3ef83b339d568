//! Releases that meet: which version of the protocol they speak, and what becomes of those that
//! have none in common.

mod driven;

use std::sync::Arc;

use driven::{TAB, asked, dialled, hello, live, page, server, settles, snapshot};
use wavetank::history::{Connection, Initiator, Observation, Position};
use wavetank::id::{ConnId, OpId};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Closing, Effect, Event};
use wavetank_models::between::Between;
use wavetank_models::message::{Hello, Message, Since};
use wavetank_models::policy::Choice;
use wavetank_models::protocol::DOC;
use wavetank_models::store;
use wavetank_models::versions::{Spoken, Versions};
use wavetank_models::{Config, DocSync, Op, Timer};

const CONN: ConnId = ConnId::new(1, 1);
/// The code for whoever speaks another protocol.
const UNSUPPORTED: u16 = 1003;

const fn spoken(oldest: u8, newest: u8) -> Spoken {
    Spoken { oldest, newest }
}

fn config(client: Spoken, server: Spoken) -> Config {
    Config { versions: Some(Versions { client, server }), ..Config::default() }
}

/// What a server of one release says to a page of another that asks for a document.
fn greeted(client: Spoken, config: Config) -> Vec<Effect<DocSync>> {
    let mut server = server(config, &Objectives::default());
    let hello = Hello { versions: client, ..hello() };
    let mut effects = server.told(0, Event::Accepted(CONN, &hello));
    let subscribe = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    effects.extend(server.gets(0, CONN, &subscribe));
    if asked(&effects).is_some() {
        effects.extend(settles(&mut server, 1, &effects));
    }
    effects
}

fn welcomed(effects: &[Effect<DocSync>]) -> Option<u8> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(_, Message::Welcome { version, .. }) => Some(*version),
        _ => None,
    })
}

fn closed(effects: &[Effect<DocSync>]) -> Option<(u16, &str)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Close(close) => Some((close.code, &*close.reason)),
        _ => None,
    })
}

fn shown(effects: &[Effect<DocSync>]) -> Option<Connection> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Claim(Observation::ShownStatus(status)) => Some(status.connection),
        _ => None,
    })
}

#[test]
fn the_newest_version_that_both_speak_is_spoken_and_told() {
    for (client, server, version) in [
        (spoken(1, 1), spoken(1, 1), 1),
        (spoken(1, 1), spoken(1, 3), 1),
        (spoken(1, 3), spoken(1, 2), 2),
        (spoken(2, 4), spoken(1, 3), 3),
        (spoken(1, 2), spoken(2, 5), 2),
        (spoken(1, 9), spoken(4, 4), 4),
    ] {
        let effects = greeted(client, config(client, server));
        assert_eq!(welcomed(&effects), Some(version), "{client:?}, {server:?}: {effects:?}");
        assert_eq!(closed(&effects), None);
    }
}

#[test]
fn a_page_and_a_server_without_a_version_in_common_part_at_once() {
    for (client, server) in [(spoken(1, 1), spoken(2, 3)), (spoken(4, 5), spoken(1, 3))] {
        let effects = greeted(client, config(client, server));
        let reason = "no common version of the protocol";
        assert_eq!(closed(&effects), Some((UNSUPPORTED, reason)), "{effects:?}");
        let says =
            |effect: &Effect<DocSync>| matches!(effect, Effect::Send(..) | Effect::Store(..));
        assert!(!effects.iter().any(says), "{effects:?}");
    }
}

#[test]
fn a_request_without_a_version_in_common_is_told_to_upgrade() {
    let config = config(Spoken::FIRST, spoken(2, 2));
    let mut server = server(config, &Objectives::default());
    let request = |versions| Hello { path: "/document".to_owned(), versions, ..hello() };
    let refused = server.told(0, Event::Accepted(CONN, &request(Spoken::FIRST)));
    assert!(matches!(refused[..], [Effect::Refuse(CONN, 426)]), "{refused:?}");
    let taken = server.told(0, Event::Accepted(ConnId::new(2, 2), &request(spoken(1, 2))));
    assert!(!taken.iter().any(|effect| matches!(effect, Effect::Refuse(..))), "{taken:?}");
}

#[test]
fn a_page_that_was_told_that_there_is_no_common_version_tries_no_more() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    let closing = Closing { code: UNSUPPORTED, by: Initiator::Remote };
    let effects = page.told(1, Event::Closed(conn, closing));
    assert_eq!(shown(&effects), Some(Connection::Failed), "{effects:?}");
    let told = |effect: &Effect<DocSync>| {
        matches!(effect, Effect::Claim(Observation::ShownNotice { class, on: true, .. })
            if class == "blocked")
    };
    assert!(effects.iter().any(told), "{effects:?}");
    let tries = |effect: &Effect<DocSync>| {
        matches!(effect, Effect::Dial(_) | Effect::Timer(Timer::Retry | Timer::Poll, _))
    };
    assert!(!effects.iter().any(tries), "{effects:?}");
    // The page that a person loads anew, or tries again with, may be of another release.
    assert!(dialled(&page.given(2, &Op::Retry)).is_some());
}

#[test]
fn a_page_leaves_a_server_that_speaks_what_it_does_not() {
    let spoken = spoken(2, 3);
    for (version, stays) in [(1, false), (2, true), (3, true), (4, false)] {
        let mut page = page(config(spoken, spoken), &Objectives::default());
        let conn = dialled(&page.told(0, Event::Start)).expect("a page dials");
        page.told(0, Event::Opened(conn));
        let head = Position::new(1, 1);
        let effects = page.gets(0, conn, &Message::Welcome { doc: DOC, head, version });
        let left = (!stays).then_some(UNSUPPORTED);
        assert_eq!(closed(&effects).map(|(code, _)| code), left, "{version}: {effects:?}");
        if !stays {
            assert_eq!(shown(&effects), Some(Connection::Failed), "{effects:?}");
            assert!(dialled(&effects).is_none(), "{effects:?}");
        }
    }
}

#[test]
fn a_server_that_speaks_its_newest_version_to_all_says_so() {
    let mut config = config(Spoken::FIRST, spoken(1, 2));
    config.policy.server.version.choose = Choice::Newest;
    assert_eq!(welcomed(&greeted(Spoken::FIRST, config)), Some(2));
}

fn event() -> Arc<store::Event> {
    Arc::new(store::Event {
        doc: DOC,
        position: Position::new(1, 2),
        op: OpId(9),
        author: TAB,
        instance: 2 << 16,
        client_seq: 1,
        changes: [].into_iter().collect(),
    })
}

/// The version in which a page asks another tab for the document.
fn asks(effects: &[Effect<DocSync>]) -> Option<u8> {
    effects.iter().find_map(|effect| match effect {
        Effect::Cast(TAB, Message::Between { version, said })
            if matches!(**said, Between::Ask { doc: DOC, .. }) =>
        {
            Some(*version)
        }
        _ => None,
    })
}

#[test]
fn a_tab_reads_what_another_passes_on_only_in_a_version_that_it_speaks() {
    let passed_on = |version| Message::Tab { version, event: event() };
    for (version, read) in [(1, false), (2, true), (3, false)] {
        let versions = config(spoken(2, 2), spoken(2, 2));
        let mut page = page(versions, &Objectives::default());
        let conn = dialled(&page.told(0, Event::Start)).expect("a page dials");
        page.told(0, Event::Opened(conn));
        page.gets(0, conn, &snapshot());
        let effects = page.told(1, Event::Cast(TAB, &passed_on(version)));
        let taken = |effect: &Effect<DocSync>| matches!(effect, Effect::Mark("event-from-tab"));
        assert_eq!(effects.iter().any(taken), read, "{version}: {effects:?}");
        // The server tells it of the same.
        assert_eq!(asks(&effects), None, "{effects:?}");
    }
}

#[test]
fn a_tab_without_a_connection_asks_for_the_whole_of_what_it_cannot_read() {
    let (mut page, conn) = live(config(spoken(1, 1), spoken(1, 1)), &Objectives::default());
    let lost = page.told(1, Event::Closed(conn, Closing { code: 1006, by: Initiator::Network }));
    assert_eq!(asks(&lost), Some(1), "it turns to the other tabs: {lost:?}");
    page.told(11, Event::Timer(Timer::Tabs));
    let content = [].into_iter().collect();
    let said = Box::new(Between::Whole { doc: DOC, at: Position::new(1, 2), content });
    // An answer, so that nothing more is awaited.
    let fed = page.told(12, Event::Cast(TAB, &Message::Between { version: 1, said }));
    assert!(fed.iter().any(|effect| matches!(effect, Effect::Mark("fed-by-tab"))), "{fed:?}");
    let novel = Message::Tab { version: 2, event: event() };
    let effects = page.told(13, Event::Cast(TAB, &novel));
    assert_eq!(asks(&effects), Some(1), "{effects:?}");
    let again = page.told(14, Event::Cast(TAB, &novel));
    assert_eq!(asks(&again), None, "it has asked: {again:?}");
}

#[test]
fn an_event_is_passed_on_in_the_version_that_the_server_speaks() {
    let mut page = page(config(spoken(1, 3), spoken(1, 2)), &Objectives::default());
    let conn = dialled(&page.told(0, Event::Start)).expect("a page dials");
    page.told(0, Event::Opened(conn));
    let head = Position::new(1, 1);
    page.gets(0, conn, &Message::Welcome { doc: DOC, head, version: 2 });
    page.gets(0, conn, &snapshot());
    let effects = page.gets(1, conn, &Message::Packed(event()));
    let version = effects.iter().find_map(|effect| match effect {
        Effect::Cast(TAB, Message::Tab { version, .. }) => Some(*version),
        _ => None,
    });
    assert_eq!(version, Some(2), "{effects:?}");
}
