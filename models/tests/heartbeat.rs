//! What counts as a sign of life, at pages and servers by hand.

mod driven;

use driven::{hello, live, server, snapshot};
use wavetank::id::ConnId;
use wavetank::objectives::Objectives;
use wavetank::protocol::{Effect, Event};
use wavetank::time::Span;
use wavetank_models::message::Message;
use wavetank_models::{Config, DocSync, Timer};

/// The code for a connection on which nothing was heard.
const SILENT: u16 = 4408;

fn pinged(effects: &[Effect<DocSync>]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(_, Message::Ping { stamp, .. }) => Some(*stamp),
        _ => None,
    })
}

fn closed(effects: &[Effect<DocSync>]) -> Option<u16> {
    effects.iter().find_map(|effect| match effect {
        Effect::Close(close) => Some(close.code),
        _ => None,
    })
}

/// A message, given the stamps of an older ping and of the newest.
type Comes = fn(u64, u64) -> Message;

#[test]
fn a_page_takes_only_the_answer_to_its_newest_ping_for_a_sign_of_life() {
    // What comes at 21 s, of what was asked at 10 s and at 20 s; it is over at 31 s, or at 51 s.
    let cases: [(Comes, bool); 4] = [
        (|_, newest| Message::Pong { stamp: newest, cursor: None }, true),
        (|older, _| Message::Pong { stamp: older, cursor: None }, false),
        (|_, newest| Message::Pong { stamp: newest + 1, cursor: None }, false),
        (|_, _| snapshot(), true),
    ];
    for (case, (comes, counts)) in cases.into_iter().enumerate() {
        let mut config = Config::default();
        config.policy.client.heartbeat.interval = Span::secs(10);
        config.policy.client.heartbeat.timeout = Span::secs(30);
        let (mut page, conn) = live(config, &Objectives::default());
        let older = pinged(&page.told(10, Event::Timer(Timer::ClientPing))).expect("a ping");
        let newest = pinged(&page.told(20, Event::Timer(Timer::ClientPing))).expect("a ping");
        page.gets(21, conn, &comes(older, newest));
        let due = page.told(31, Event::Timer(Timer::Silence));
        assert_eq!(closed(&due), (!counts).then_some(SILENT), "{case}: {due:?}");
    }
}

#[test]
fn a_pong_that_nobody_asked_for_is_no_sign_of_life_on_a_new_connection() {
    let mut config = Config::default();
    config.policy.client.heartbeat.timeout = Span::secs(30);
    let (mut page, conn) = live(config, &Objectives::default());
    page.gets(20, conn, &Message::Pong { stamp: 0, cursor: None });
    let due = page.told(31, Event::Timer(Timer::Silence));
    assert_eq!(closed(&due), Some(SILENT), "{due:?}");
}

#[test]
fn a_server_takes_only_the_answer_to_its_newest_ping_for_a_sign_of_life() {
    let conn = ConnId::new(1, 1);
    for (answers_newest, stays) in [(true, true), (false, false)] {
        let mut server = server(Config::default(), &Objectives::default());
        server.told(0, Event::Accepted(conn, &hello()));
        let older = pinged(&server.told(30, Event::Timer(Timer::Ping(conn)))).expect("a ping");
        let newest = pinged(&server.told(35, Event::Timer(Timer::Ping(conn)))).expect("a ping");
        let stamp = if answers_newest { newest } else { older };
        server.gets(36, conn, &Message::Pong { stamp, cursor: None });
        let due = server.told(41, Event::Timer(Timer::Deadline(conn, hello().instance)));
        assert_eq!(closed(&due), (!stays).then_some(SILENT), "{due:?}");
    }
}
