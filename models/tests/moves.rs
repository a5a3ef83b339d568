//! Moves of an element in a row, at a page by hand: what was not sent gives way to what was made
//! last, and that alone is what is taken back.

mod driven;

use driven::{live, server, shown_op};
use wavetank::history::{Change, Initiator, Observation, OpState, Position};
use wavetank::id::{ConnId, OpId};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Closing, Effect, Event};
use wavetank::time::Span;
use wavetank_models::client::Client;
use wavetank_models::document::{self, Attribute};
use wavetank_models::message::{Message, Since};
use wavetank_models::protocol::DOC;
use wavetank_models::store::{self, Commit, Edit};
use wavetank_models::{Config, DocSync, Op, Timer};

const BOX: Op = Op::Set(0, Attribute::Box);

/// A page that had a connection, and has none.
fn cut_off(config: Config) -> driven::Driven<Client> {
    let (mut page, conn) = live(config, &Objectives::default());
    let closing = Closing { code: 1006, by: Initiator::Network };
    page.told(1, Event::Closed(conn, closing));
    page
}

/// Which operations are shown to be superseded.
fn superseded(effects: &[Effect<DocSync>]) -> Vec<u32> {
    let of = |effect: &Effect<DocSync>| match effect {
        Effect::Claim(Observation::ShownOp { op, state: OpState::Superseded }) => Some(op.0),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn sent(effects: &[Effect<DocSync>]) -> Vec<&Commit> {
    let of = |effect| match effect {
        &Effect::Send(_, Message::Op(ref commit)) => Some(commit),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

/// What a page sends once it is back and has what there is.
fn back(page: &mut driven::Driven<Client>) -> Vec<Commit> {
    let conn = driven::dialled(&page.told(3, Event::Timer(Timer::Retry))).expect("a page dials");
    page.told(3, Event::Opened(conn));
    let position = Position::new(1, 1);
    let delta = Message::Delta { doc: DOC, to: position, events: Vec::new() };
    let effects = page.gets(3, conn, &delta);
    sent(&effects).into_iter().cloned().collect()
}

fn ops(commits: &[Commit]) -> Vec<u32> {
    commits.iter().map(|commit| commit.op.0).collect()
}

#[test]
fn of_moves_that_were_not_sent_only_the_last_is() {
    let mut page = cut_off(Config::default());
    let made: Vec<Vec<u32>> = (0..4).map(|_| superseded(&page.given(2, &BOX))).collect();
    assert_eq!(made, [vec![], vec![1], vec![2], vec![3]]);
    let commits = back(&mut page);
    assert_eq!(ops(&commits), [4]);
    let written = Change::set(document::element(1, Attribute::Box), document::value(OpId(4)));
    assert_eq!(commits[0].edit.changes(), [written]);
}

#[test]
fn nothing_gives_way_to_another_kind_of_edit_nor_past_one() {
    let all = [
        BOX,
        Op::Set(0, Attribute::Order),
        BOX,
        Op::Set(1, Attribute::Box),
        BOX,
        Op::Insert,
        BOX,
        Op::Set(0, Attribute::Label),
        Op::Set(0, Attribute::Label),
    ];
    let mut page = cut_off(Config::default());
    for op in &all {
        assert_eq!(superseded(&page.given(2, op)), [] as [u32; 0], "{op:?}");
    }
    assert_eq!(ops(&back(&mut page)), (1..=9).collect::<Vec<_>>());

    let mut apart = Config::default();
    apart.policy.client.outbox.coalesce = false;
    let mut page = cut_off(apart);
    page.given(2, &BOX);
    page.given(2, &BOX);
    assert_eq!(ops(&back(&mut page)), [1, 2]);
}

#[test]
fn what_is_on_its_way_gives_way_only_once_it_was_put_off() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    for nth in 1..3 {
        let made = page.given(1, &BOX);
        assert_eq!((superseded(&made), sent(&made)[0].op), (vec![], OpId(nth)));
    }
    let retry_after = Span::secs(5);
    let later = Message::Later { doc: DOC, op: Some(OpId(2)), retry_after, head: None };
    page.gets(2, conn, &later);
    let made = page.given(3, &BOX);
    assert_eq!(superseded(&made), [2]);
    let again = page.told(7, Event::Timer(Timer::Later));
    assert_eq!(sent(&again).iter().map(|commit| commit.op.0).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_drag_is_taken_back_as_a_whole() {
    let mut page = cut_off(Config::default());
    (0..3).for_each(|_| drop(page.given(2, &BOX)));
    assert_eq!(shown_op(&page.given(2, &Op::Undo)), Some(OpState::QueuedVolatile));
    let commits = back(&mut page);
    assert_eq!(ops(&commits), [3, 4]);
    let Edit::Restore(restore) = &commits[1].edit else { panic!("{commits:?}") };
    let field = document::element(1, Attribute::Box);
    assert_eq!((restore.of, &restore.before[..]), (OpId(3), &[Change::removed(field)][..]));
}

#[test]
fn a_move_that_others_have_written_over_is_sent_by_itself() {
    let (mut page, conn) = live(Config::default(), &Objectives::default());
    let later =
        Message::Later { doc: DOC, op: Some(OpId(1)), retry_after: Span::secs(5), head: None };
    page.given(1, &BOX);
    page.gets(1, conn, &later);
    let field = document::element(1, Attribute::Box);
    let event = Message::Event(std::sync::Arc::new(store::Event {
        doc: DOC,
        position: Position::new(1, 2),
        op: OpId(90),
        author: driven::TAB,
        instance: 5,
        client_seq: 1,
        changes: [Change::set(field, document::value(OpId(90)))].into_iter().collect(),
    }));
    page.gets(2, conn, &event);
    assert_eq!(superseded(&page.given(3, &BOX)), [] as [u32; 0]);
}

#[test]
fn only_operations_count_against_the_limit_on_operations() {
    let conn = ConnId::new(1, 1);
    let mut server =
        server(Config::default(), &Objectives { ops_per_minute: 1, ..Objectives::default() });
    server.told(0, Event::Accepted(conn, &driven::hello()));
    let control = [
        Message::Ping { stamp: 1, doc: None, head: None },
        Message::Pong { stamp: 1, cursor: None },
        Message::Pointer { doc: DOC, op: OpId(50) },
        Message::SyncRequest { doc: DOC, since: Since::Position(Position::new(1, 0)) },
        Message::Got,
    ];
    let put_off = |effects: &[Effect<DocSync>]| {
        effects.iter().any(|effect| matches!(effect, Effect::Send(_, Message::Later { .. })))
    };
    for message in control.iter().cycle().take(200) {
        assert!(!put_off(&server.gets(1, conn, message)), "{message:?}");
    }
    assert!(!put_off(&server.gets(1, conn, &driven::op(1))), "the first one");
    assert!(put_off(&server.gets(1, conn, &driven::op(2))), "the second one");
}
