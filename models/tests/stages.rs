//! The stages of a pipeline and people's edits, at servers and pages by hand: what is under work is
//! the pipeline's, and all the rest may be edited meanwhile.

mod driven;

use driven::{PAGE, hello, live, page, server, settled, shown_op};
use wavetank::history::{Change, Changes, OpState, Position};
use wavetank::id::{ConnId, OpId};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Effect, Event};
use wavetank::time::Wall;
use wavetank_models::document::{self, Attribute, STATUS};
use wavetank_models::message::{CONFLICT, Message, Since};
use wavetank_models::protocol::DOC;
use wavetank_models::store::{self, Commit, Documents, Edit, Loaded, Manner, Reply, Request};
use wavetank_models::{Config, DocSync, Op};

const CONN: ConnId = ConnId::new(1, 1);

fn ordered(stages: u32) -> Objectives {
    Objectives { stages: document::stages(stages).collect(), ..Objectives::default() }
}

/// A document that a store has.
fn loaded(documents: &mut Documents) -> Loaded {
    let request = Request::Load(DOC, 0);
    match wavetank::protocol::Store::apply(documents, request) {
        Reply::Loaded(loaded) => *loaded,
        other => panic!("{other:?}"),
    }
}

/// What a store has once a server, whose pipeline has so many stages, was given these reports.
fn reported(stages: u32, reports: &[Op]) -> Documents {
    let mut documents = Documents::default();
    let mut server = server(Config::default(), &ordered(stages));
    for report in reports {
        let effects = server.given(0, report);
        settled(&mut server, &mut documents, effects);
    }
    documents
}

/// An edit of an attribute of an element.
fn edit(number: u32, element: u32) -> Commit {
    let change =
        Change::set(document::element(element, Attribute::Box), document::value(OpId(number)));
    Commit {
        doc: DOC,
        op: OpId(number),
        author: PAGE,
        instance: 1,
        client_seq: number,
        base: Some(Position::new(1, 99)),
        edit: Edit::Write(Changes::from_iter([change])),
        made: Wall::START,
        manner: Manner::default(),
    }
}

/// What becomes of a person's edit on a page that shows this.
fn taken(status: Option<Change>, op: &Op) -> Option<OpState> {
    let mut page = page(Config::default(), &ordered(7));
    let conn = driven::dialled(&page.told(0, Event::Start)).expect("a page dials");
    page.told(0, Event::Opened(conn));
    let mut snapshot = driven::snapshot();
    if let Message::Snapshot { content, .. } = &mut snapshot {
        content.extend(status);
    }
    page.gets(0, conn, &snapshot);
    shown_op(&page.given(1, op))
}

#[test]
fn a_page_refuses_edits_of_what_is_under_work_and_takes_all_others() {
    let at_work = Some(Change::set(STATUS, document::at_work(document::stage(2), OpId(7))));
    let failed = Some(Change::set(STATUS, document::failed(document::stage(2), OpId(7))));
    let (refused, queued) = (Some(OpState::Refused), Some(OpState::QueuedVolatile));
    let third = [Op::Set(2, Attribute::Label), Op::Paste(2, 1), Op::Delete(2)];
    for op in &third {
        assert_eq!(taken(at_work, op), refused, "{op:?}");
        assert_eq!(taken(failed, op), queued, "{op:?}");
        assert_eq!(taken(None, op), queued, "{op:?}");
    }
    for op in [Op::Set(1, Attribute::Label), Op::Set(7, Attribute::Order), Op::Insert] {
        assert_eq!(taken(at_work, &op), queued, "{op:?}");
    }
}

#[test]
fn an_undo_of_what_is_under_work_waits_until_that_is_over() {
    let (mut page, conn) = live(Config::default(), &ordered(7));
    page.given(1, &Op::Set(2, Attribute::Label));
    let event = |seq, change| {
        let position = Position::new(1, seq);
        let changes = Changes::from_iter([change]);
        Message::Event(std::sync::Arc::new(store::Event {
            doc: DOC,
            position,
            op: OpId(100 + seq as u32),
            author: driven::SERVER,
            instance: 5,
            client_seq: 0,
            changes,
        }))
    };
    let begun = Change::set(STATUS, document::at_work(document::stage(2), OpId(7)));
    page.gets(2, conn, &event(2, begun));
    assert_eq!(shown_op(&page.given(3, &Op::Undo)), Some(OpState::Refused));
    page.gets(4, conn, &event(3, Change::removed(STATUS)));
    assert_eq!(shown_op(&page.given(5, &Op::Undo)), Some(OpState::QueuedVolatile));
}

#[test]
fn a_pipeline_has_as_many_stages_as_the_application_wants() {
    for stages in [1, 3, 12] {
        let mut reports: Vec<Op> = (0..stages).map(Op::Stage).collect();
        let mut through = reported(stages, &reports);
        let content = loaded(&mut through).content;
        let fields: Vec<_> = content.keys().copied().collect();
        assert_eq!(fields, document::stages(stages).collect::<Vec<_>>(), "{stages} stages");
        reports.push(Op::Restart);
        let anew = loaded(&mut reported(stages, &reports)).content;
        let first = document::at_work(document::stage(0), OpId(stages + 1));
        assert_eq!(anew.into_iter().collect::<Vec<_>>(), [(STATUS, first)], "{stages} stages");
    }
}

#[test]
fn a_stage_is_under_work_from_the_end_of_the_one_before_until_it_is_done_or_has_failed() {
    let held = |reports: &[Op]| {
        let content = loaded(&mut reported(3, reports)).content;
        let is_held =
            |element: &u32| document::is_held(&content, edit(99, *element).edit.changes());
        (1..=document::ELEMENTS).filter(is_held).collect::<Vec<_>>()
    };
    let (first, second) = (Op::Stage(0), Op::Stage(1));
    assert_eq!(held(&[]), [] as [u32; 0]);
    assert_eq!(held(&[Op::Restart]), [1]);
    assert_eq!(held(std::slice::from_ref(&first)), [2]);
    assert_eq!(held(&[first.clone(), second.clone()]), [3]);
    assert_eq!(held(&[first.clone(), Op::Fail(1)]), [] as [u32; 0]);
    assert_eq!(held(&[first.clone(), Op::Fail(0)]), [2], "it is done, whoever failed");
    assert_eq!(held(&[Op::Fail(1), first.clone()]), [] as [u32; 0], "a failure that came early");
    assert_eq!(held(&[Op::Fail(1), second.clone(), first.clone()]), [3], "it was tried again");
    assert_eq!(held(&[first.clone(), Op::Fail(1), second.clone()]), [3]);
    assert_eq!(held(&[first, second, Op::Stage(2)]), [] as [u32; 0]);
}

#[test]
fn an_edit_that_meets_the_beginning_of_the_work_is_not_done_and_its_author_is_told() {
    let mut documents = Documents::default();
    let mut server = server(Config::default(), &ordered(7));
    let mut settle = |server: &mut _, effects| settled(server, &mut documents, effects);
    let effects = server.told(0, Event::Accepted(CONN, &hello()));
    settle(&mut server, effects);
    let subscribe = Message::Subscribe { doc: DOC, instance: 1, since: Since::Nothing };
    let effects = server.gets(0, CONN, &subscribe);
    settle(&mut server, effects);
    let effects = server.given(0, &Op::Stage(0));
    settle(&mut server, effects);
    let mut answer = |number, element| {
        let effects = server.gets(1, CONN, &Message::Op(edit(number, element)));
        let all = settle(&mut server, effects);
        let of = |effect: &Effect<DocSync>| match effect {
            Effect::Send(_, Message::Ack { .. }) => Some(None),
            Effect::Send(_, Message::Nack { code, .. }) => Some(Some(*code)),
            _ => None,
        };
        all.iter().find_map(of).expect("an answer")
    };
    assert_eq!(answer(11, 2), Some(CONFLICT));
    assert_eq!(answer(11, 2), Some(CONFLICT), "it was refused before");
    assert_eq!(answer(12, 1), None);
    assert_eq!(answer(13, 9), None);
}
