//! What a page recognises that has no place in the order: the ids that came last, by when they did.

mod driven;

use std::sync::Arc;

use driven::{Driven, TAB, live};
use wavetank::history::{Observation, Position};
use wavetank::id::{ConnId, OpId};
use wavetank::objectives::Objectives;
use wavetank::protocol::Effect;
use wavetank_models::client::Client;
use wavetank_models::message::{Message, Notice, Word};
use wavetank_models::policy::Scope;
use wavetank_models::protocol::DOC;
use wavetank_models::store::Event;
use wavetank_models::{Config, DocSync};

/// How many ids are kept.
const KEPT: u64 = 200;

/// Whether a page shows a word that comes.
fn shows(page: &mut Driven<Client>, conn: ConnId, id: u64) -> bool {
    let notice = Notice { id: Some(id), reply_to: OpId(1), word: Word::Done };
    let effects = page.gets(1, conn, &Message::Notice(notice));
    let is_shown = |effect: &Effect<DocSync>| matches!(effect, Effect::Claim(Observation::ShownNotice { class, .. }) if class == "word");
    effects.iter().any(is_shown)
}

#[test]
fn a_word_that_comes_again_is_remembered_for_longer() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    for id in 1..=KEPT {
        assert!(shows(&mut page, conn, id), "{id} is new");
    }
    assert!(!shows(&mut page, conn, 1), "the first is remembered, and young from now on");
    assert!(shows(&mut page, conn, KEPT + 1));
    assert!(!shows(&mut page, conn, 1), "the second was the oldest");
    assert!(!shows(&mut page, conn, 3));
    assert!(shows(&mut page, conn, 2));
}

#[test]
fn no_more_words_are_remembered_than_there_may_be() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    for id in (1..=KEPT).chain(1..=KEPT).chain(1..=3 * KEPT) {
        shows(&mut page, conn, id);
    }
    let known = (2 * KEPT + 1..=3 * KEPT).rev().all(|id| !shows(&mut page, conn, id));
    assert!(known && shows(&mut page, conn, 2 * KEPT));
}

#[test]
fn an_event_that_is_recognised_by_its_operation_and_comes_again_is_remembered_for_longer() {
    let mut config = Config::default();
    config.policy.client.dedup.scope = Scope::LruOnly;
    let (mut page, conn) = live(config, &Objectives::default());
    let mut place = 1;
    let mut takes = |op: u64| {
        place += 1;
        let event = Arc::new(Event {
            doc: DOC,
            position: Position::new(1, place),
            op: OpId(op as u32),
            author: TAB,
            instance: 2 << 16,
            client_seq: op as u32,
            changes: [].into_iter().collect(),
        });
        let effects = page.gets(1, conn, &Message::Event(event));
        let passed_on = |effect: &Effect<DocSync>| matches!(effect, Effect::Cast(TAB, _));
        let taken = effects.iter().any(passed_on);
        // An event that is passed over has no place.
        place -= u64::from(!taken);
        taken
    };
    assert!((1..=KEPT).all(&mut takes));
    assert!(!takes(1));
    assert!(takes(KEPT + 1));
    assert!(!takes(1));
    assert!(takes(2));
}
