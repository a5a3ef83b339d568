//! Servers and pages by hand: what one node does that is told this and that.

mod driven;

use std::sync::Arc;

use driven::{PAGE, TAB, dialled, hello, live, op, server, settled, shown_op, snapshot};
use serde_json::json;
use wavetank::history::{Change, Initiator, Observation, OpState, Position};
use wavetank::id::{ConnId, NodeId, OpId};
use wavetank::objectives::{Access, Objectives};
use wavetank::protocol::{Answer, Closing, Credential, Effect, Event};
use wavetank::time::{Span, Wall};
use wavetank_models::client::Guise;
use wavetank_models::config::Beat;
use wavetank_models::document::{self, Attribute};
use wavetank_models::message::{CONFLICT, FORBIDDEN, Message, Since};
use wavetank_models::policy::{Bytes, RateKey};
use wavetank_models::protocol::DOC;
use wavetank_models::store::{self, Commit, Documents, Edit};
use wavetank_models::{Config, DocSync, Op, Policy, Timer, probed};

#[test]
fn whoever_has_no_right_to_a_document_can_say_nothing_of_it() {
    let objectives = Objectives { access: Access::SignedIn, ..Objectives::default() };
    let mut server = server(Config::default(), &objectives);
    let conn = ConnId::new(1, 1);
    server.told(0, Event::Accepted(conn, &hello()));
    let expires = Wall::START + Span::secs(1000);
    let shown = Message::Credential(Credential { id: 3, user: PAGE, expires });
    let asked = server.gets(0, conn, &shown);
    let ticket = asked.iter().find_map(|effect| match effect {
        Effect::Ask(ticket, _) => Some(*ticket),
        _ => None,
    });
    let denied = [DOC].into_iter().collect();
    server.told(0, Event::Issuer(ticket.expect("the issuer is asked"), Answer::Good { denied }));

    let refused = server.gets(1, conn, &op(1));
    assert!(!refused.iter().any(|effect| matches!(effect, Effect::Store(..))), "{refused:?}");
    let nack = Message::nack(OpId(1), DOC, FORBIDDEN);
    assert!(
        refused.iter().any(|effect| matches!(effect, Effect::Send(_, said) if *said == nack)),
        "{refused:?}"
    );
    let pointed = server.gets(1, conn, &Message::Pointer { doc: DOC, op: OpId(2) });
    assert!(pointed.is_empty(), "{pointed:?}");
    let asked = server.gets(1, conn, &Message::SyncRequest { doc: DOC, since: Since::Nothing });
    assert!(
        asked.iter().any(|effect| matches!(effect, Effect::Close(close) if close.code == 1008)),
        "{asked:?}"
    );
}

#[test]
fn what_fails_says_why_in_words_and_names_its_document() {
    let mut documents = Documents::default();
    let mut server = server(Config::default(), &Objectives::default());
    let conn = ConnId::new(1, 1);
    server.told(0, Event::Accepted(conn, &hello()));
    let answer = |effects: Vec<Effect<DocSync>>| match effects.last() {
        Some(Effect::Send(_, said)) => json!(said),
        other => panic!("{other:?}"),
    };
    let words = "this could not be read";
    let unread = answer(server.told(0, Event::Malformed(conn, 9)));
    assert_eq!(unread, json!({ "error": { "code": 400, "message": words } }));
    let subscribe = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    let asked = server.gets(0, conn, &subscribe);
    settled(&mut server, &mut documents, asked);
    let unread = answer(server.told(0, Event::Malformed(conn, 9)));
    assert_eq!(unread, json!({ "error": { "code": 400, "message": words, "doc": 1 } }));

    let Message::Op(mut forbidden) = op(1) else { panic!("an operation") };
    forbidden.edit = Edit::Write([Change::removed(document::stage(0))].into_iter().collect());
    let refused = answer(server.gets(0, conn, &Message::Op(forbidden)));
    let words = "this is not yours to change";
    let nack = json!({ "nack": { "op": 1, "code": 403, "message": words, "doc": 1 } });
    assert_eq!(refused, nack);
}

#[test]
fn an_operation_that_one_key_refuses_is_not_counted_by_the_others() {
    let mut config = Config::default();
    config.policy.server.rate.key = vec![RateKey::Client, RateKey::Connection];
    let mut server = server(config, &Objectives { ops_per_minute: 2, ..Objectives::default() });
    let put_off = |effects: &[Effect<DocSync>]| {
        let later = |effect| matches!(effect, &Effect::Send(_, Message::Later { .. }));
        effects.iter().any(later)
    };
    let (first, second) = (ConnId::new(1, 1), ConnId::new(2, 2));
    server.told(0, Event::Accepted(first, &hello()));
    assert!(!put_off(&server.gets(0, first, &op(1))));
    assert!(!put_off(&server.gets(0, first, &op(2))));
    server.told(1, Event::Closed(first, Closing { code: 1006, by: Initiator::Network }));
    server.told(1, Event::Accepted(second, &hello()));
    assert!(put_off(&server.gets(30, second, &op(3))));
    assert!(put_off(&server.gets(31, second, &op(4))));
    assert!(!put_off(&server.gets(63, second, &op(3))));
}

#[test]
fn a_page_that_went_away_while_it_worked_works_when_it_is_back() {
    let config = Config { work: Some(Span::secs(1)), ..Config::default() };
    let (mut page, _) = live(config, &Objectives::default());
    let left = page.given(1, &Op::Unmount);
    let cancels = |effect: &Effect<DocSync>| matches!(effect, Effect::Cancel(Timer::Slice));
    assert!(left.iter().any(cancels), "{left:?}");
    let conn = dialled(&page.given(2, &Op::Mount)).expect("a page dials");
    page.told(2, Event::Opened(conn));
    let works = page.gets(2, conn, &snapshot());
    let plans = |effect: &Effect<DocSync>| matches!(effect, Effect::Timer(Timer::Slice, _));
    assert!(works.iter().any(plans), "{works:?}");
}

#[test]
fn an_edit_waits_for_the_next_connection_and_for_no_person() {
    const WAITS: OpState = OpState::QueuedVolatile;
    for (code, becomes) in [(1006, WAITS), (1008, OpState::Refused), (4401, OpState::Refused)] {
        let (mut page, conn) = live(Config::default(), &Objectives::default());
        let lost = page.told(1, Event::Closed(conn, Closing { code, by: Initiator::Remote }));
        let can_edit = lost.iter().find_map(|effect| match effect {
            Effect::Claim(Observation::ShownStatus(status)) => Some(status.can_edit),
            _ => None,
        });
        assert_eq!(can_edit, Some(becomes == WAITS), "{code}");
        assert_eq!(shown_op(&page.given(2, &Op::Paste(1, 1))), Some(becomes), "{code}");
    }
}

#[test]
fn an_edit_over_the_limit_of_the_application_is_refused_at_once() {
    let objectives = Objectives { message_bytes: 8 << 10, ..Objectives::default() };
    let (mut page, _) = live(Config::default(), &objectives);
    assert_eq!(shown_op(&page.given(1, &Op::Paste(1, 8))), Some(OpState::Refused));
    assert_eq!(shown_op(&page.given(2, &Op::Paste(1, 7))), Some(OpState::QueuedVolatile));
}

#[test]
fn a_page_without_a_network_waits_for_it_when_its_person_retries() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    page.told(1, Event::Closed(conn, Closing { code: 4003, by: Initiator::Remote }));
    page.told(2, Event::Device(false));
    for op in [Op::Retry, Op::Pose(Guise::Private)] {
        let tried = page.given(3, &op);
        assert_eq!(dialled(&tried), None, "{tried:?}");
    }
    let back = page.told(4, Event::Device(true));
    assert!(dialled(&back).is_some(), "{back:?}");
}

#[test]
fn whoever_poses_as_another_is_told_nothing_by_the_tabs_of_the_device() {
    let event = Arc::new(store::Event {
        doc: DOC,
        position: Position::new(1, 2),
        op: OpId(9),
        author: TAB,
        instance: 2 << 16,
        client_seq: 1,
        changes: [].into_iter().collect(),
    });
    for (guise, told) in [(Guise::None, true), (Guise::Private, false)] {
        let (mut page, _) = live(Config::default(), &Objectives::default());
        page.given(1, &Op::Pose(guise));
        let effects =
            page.told(2, Event::Cast(TAB, &Message::Tab { version: 1, event: Arc::clone(&event) }));
        let taken = |effect: &Effect<DocSync>| matches!(effect, Effect::Mark("event-from-tab"));
        assert_eq!(effects.iter().any(taken), told, "{guise:?}: {effects:?}");
    }
}

#[test]
fn what_comes_to_the_same_as_the_reference_is_not_taken_note_of() {
    let mut policy = Policy::default();
    policy.server.limits.message_bytes = Bytes(1);
    let (supersede, bytes) = (
        policy.server.limits.map(|limits| limits.supersede),
        policy.server.limits.map(|limits| limits.message_bytes),
    );
    probed::take();
    assert!(*supersede && !probed::take());
    assert!(*bytes == Bytes(1) && probed::take());
}

#[test]
fn a_wrong_heartbeat_is_taken_note_of_only_where_one_was_set() {
    let beat = Beat { interval: Span::secs(2), timeout: Span::secs(3) };
    for (set, reached) in [(None, false), (Some(beat), true)] {
        let mut config = Config { beat: set, ..Config::default() };
        config.flaws.set("server.heartbeat.settings", json!("built_in"));
        let mut server = server(config, &Objectives::default());
        probed::take();
        server.told(0, Event::Accepted(ConnId::new(1, 1), &hello()));
        assert_eq!(probed::take(), reached);
    }
}

/// An event of what a page did.
fn event(author: NodeId, seq: u64, op: u32, change: Change) -> Message {
    Message::Event(Arc::new(store::Event {
        doc: DOC,
        position: Position::new(1, seq),
        op: OpId(op),
        author,
        instance: u64::from(author.0) << 16,
        client_seq: 1,
        changes: [change].into_iter().collect(),
    }))
}

/// What an undo or a redo among these effects takes back, and what that writes.
fn restored(effects: &[Effect<DocSync>]) -> Option<(OpId, Vec<Change>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(_, Message::Op(Commit { edit: Edit::Restore(restore), .. })) => {
            Some((restore.of, restore.before.to_vec()))
        }
        _ => None,
    })
}

fn is_refused(effects: &[Effect<DocSync>]) -> bool {
    let told = |effect: &Effect<DocSync>| matches!(effect, Effect::Mark("redo-refused"));
    shown_op(effects) == Some(OpState::Refused) && effects.iter().any(told)
}

#[test]
fn an_edit_that_was_undone_can_be_redone_and_undone_again() {
    let label = document::element(1, Attribute::Label);
    let made = Change::set(label, document::value(OpId(1)));
    let (mut page, _) = live(Config::default(), &Objectives::default());
    page.given(1, &Op::Set(0, Attribute::Label));
    for (of, step, writes) in [
        (1, Op::Undo, Change::removed(label)),
        (2, Op::Redo, made),
        (3, Op::Undo, Change::removed(label)),
        (4, Op::Redo, made),
    ] {
        let went = page.given(1, &step);
        assert_eq!(restored(&went), Some((OpId(of), vec![writes])), "{step:?}: {went:?}");
    }
    let none = page.given(2, &Op::Redo);
    assert!(is_refused(&none), "{none:?}");
}

#[test]
fn an_element_whose_insert_was_undone_comes_back_in_its_place() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    page.given(1, &Op::Insert);
    let label = document::element(document::ELEMENTS + 1, Attribute::Label);
    let made = Change::set(label, document::value(OpId(1)));
    page.gets(1, conn, &event(PAGE, 2, 1, made));
    let undone = page.given(2, &Op::Undo);
    assert_eq!(restored(&undone), Some((OpId(1), vec![Change::removed(label)])));
    let redone = page.given(2, &Op::Redo);
    assert_eq!(restored(&redone), Some((OpId(2), vec![made])));
}

#[test]
fn an_edit_is_not_redone_over_what_others_or_its_own_person_did_since() {
    let element = |number| document::element(number, Attribute::Label);
    let foreign = |field| event(TAB, 2, 9, Change::set(field, document::value(OpId(9))));
    for (field, refused) in [(element(1), true), (element(2), false)] {
        let (mut page, conn) = live(Config::default(), &Objectives::default());
        page.given(1, &Op::Set(0, Attribute::Label));
        page.given(1, &Op::Undo);
        page.gets(2, conn, &foreign(field));
        let redone = page.given(3, &Op::Redo);
        assert_eq!(is_refused(&redone), refused, "{redone:?}");
        assert_eq!(restored(&redone).is_none(), refused, "{redone:?}");
    }
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    page.given(1, &Op::Set(0, Attribute::Label));
    page.given(1, &Op::Undo);
    page.given(1, &Op::Set(1, Attribute::Label));
    let redone = page.given(2, &Op::Redo);
    assert!(is_refused(&redone), "a new edit: {redone:?}");

    page.given(3, &Op::Undo);
    page.gets(3, conn, &Message::nack(OpId(5), DOC, CONFLICT));
    let redone = page.given(4, &Op::Redo);
    assert!(is_refused(&redone), "an undo that was not taken: {redone:?}");
}
