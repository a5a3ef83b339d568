//! Whoever was put off asks again as soon as the wait is over, and not before.

mod driven;

use driven::{asked, hello, live, loaded, server, settles};
use wavetank::history::{Observation, Position};
use wavetank::id::ConnId;
use wavetank::objectives::Objectives;
use wavetank::protocol::{Effect, Event};
use wavetank::time::{Mono, Span};
use wavetank_models::message::{Message, Since};
use wavetank_models::protocol::DOC;
use wavetank_models::store::Reply;
use wavetank_models::{Config, DocSync, Timer};

const CONN: ConnId = ConnId::new(1, 1);

fn put_off(effects: &[Effect<DocSync>]) -> Option<(Span, Option<Position>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(_, Message::Later { op: None, retry_after, head, .. }) => {
            Some((*retry_after, *head))
        }
        _ => None,
    })
}

#[test]
fn a_whole_that_is_put_off_after_the_store_went_back_is_known_to_be_missing() {
    let objectives = Objectives { wholes_per_minute: 1, ..Objectives::default() };
    let mut server = server(Config::default(), &objectives);
    server.told(0, Event::Accepted(CONN, &hello()));
    let question = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    let loads = server.gets(0, CONN, &question);
    let first = settles(&mut server, 1, &loads);
    assert!(put_off(&first).is_none(), "{first:?}");
    // A ping has the store looked at, which is another than it was.
    let checks = asked(&server.told(10, Event::Timer(Timer::Ping(CONN)))).expect("a look");
    let back = Position::new(2, 1);
    let loads = server.told(10, Event::Stored(checks, Ok(Some(Reply::Head(back)))));
    let read = asked(&loads).expect("the document is loaded");
    let flush = server.told(11, Event::Stored(read, Ok(Some(loaded(back)))));
    let flush = asked(&flush).expect("what was read has to last");
    let told = server.told(11, Event::Stored(flush, Ok(None)));
    let (_, head) = put_off(&told).expect("it is the second in a minute");
    assert_eq!(head, Some(back));
}

#[test]
fn a_page_that_is_put_off_while_it_is_live_asks_when_the_wait_is_over() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    let (head, retry_after) = (Some(Position::new(2, 1)), Span::secs(7));
    let later = Message::Later { doc: DOC, op: None, retry_after, head };
    let effects = page.gets(3, conn, &later);
    let due = effects.iter().find_map(|effect| match effect {
        Effect::Timer(Timer::Gap, at) => Some(*at),
        _ => None,
    });
    assert_eq!(due, Some(Mono::default() + Span::secs(10)), "{effects:?}");
    let stale = |effect: &Effect<DocSync>| matches!(effect, Effect::Claim(Observation::ShownStatus(status)) if status.stale);
    assert!(effects.iter().any(stale), "{effects:?}");
    let asks = page.told(10, Event::Timer(Timer::Gap));
    let question = Message::SyncRequest { doc: DOC, since: Since::Position(Position::new(1, 1)) };
    let is_asked =
        |effect: &Effect<DocSync>| matches!(effect, Effect::Send(_, said) if *said == question);
    assert!(asks.iter().any(is_asked), "{asks:?}");
}
