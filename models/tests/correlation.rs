//! Whatever an operation causes can be found by its number.

mod driven;

use driven::{hello, op, server};
use wavetank::history::{Change, Observation};
use wavetank::id::{ConnId, OpId};
use wavetank::objectives::{Monitoring, Objectives};
use wavetank::protocol::{Effect, Event, StoreError};
use wavetank_models::message::Message;
use wavetank_models::store::{Commit, Edit, Request};
use wavetank_models::{Config, DocSync, document};

/// What a server says of an operation in its log and its reports.
fn said(effects: &[Effect<DocSync>]) -> Vec<String> {
    let texts = effects.iter().filter_map(|effect| match effect {
        Effect::Claim(Observation::Log { event, fields, .. }) => Some(format!("{event}: {fields}")),
        Effect::Claim(Observation::Report { kind, context, .. }) => {
            Some(format!("{kind}: {context}"))
        }
        _ => None,
    });
    texts.collect()
}

#[test]
fn what_an_operation_causes_in_logs_and_reports_names_it() {
    let monitoring = Some(Monitoring::default());
    let objectives = Objectives { monitoring, ..Objectives::default() };
    let mut server = server(Config::default(), &objectives);
    let conn = ConnId::new(1, 1);
    server.told(0, Event::Accepted(conn, &hello()));
    let Message::Op(asked) = op(7) else { panic!("no operation") };
    let stage = Change::set(document::stage(1), document::value(OpId(7)));
    let edit = Edit::Write([stage].into_iter().collect());
    let refused = server.gets(1, conn, &Message::Op(Commit { edit, ..asked }));
    assert_eq!(said(&refused), ["operation-refused: op=op7, document=doc1"], "{refused:?}");

    let asks = server.gets(2, conn, &op(8));
    let commit = asks.iter().find_map(|effect| match effect {
        Effect::Store(ticket, Request::Commit(_)) => Some(*ticket),
        _ => None,
    });
    let commit = commit.expect("the store is asked");
    let failed = server.told(3, Event::Stored(commit, Err(StoreError::Failed)));
    assert_eq!(said(&failed), ["store-failed: server, store, op=op8"], "{failed:?}");
}
