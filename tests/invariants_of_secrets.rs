//! The invariants of what only some may see and of what is no message, each with a history that
//! breaks it and one that looks alike and does not.

mod told;

use told::{CLIENT, SERVER, Told, conn, op};
use wavetank::history::{
    Caller, Canary, Change, Channel, Kind, Meaning, Observation, Place, Request, Secret, Side,
    Value,
};
use wavetank::id::{Field, NodeId};

const OTHER: NodeId = NodeId(2);

fn of_client(secret: Secret) -> Canary {
    Canary { secret, owner: CLIENT }
}

fn said(secret: Secret, to: NodeId, kind: Kind) -> Observation {
    let place = Place::Message { conn: conn(1), to, kind };
    Observation::Canary { canary: of_client(secret), place }
}

fn dials(user: u64) -> Observation {
    let (channel, caller) = (Channel::Socket, Caller { user, ..Caller::default() });
    Observation::Dialled { conn: conn(1), to: SERVER, channel, caller }
}

/// Whether it is a breach that a node, which belongs to nobody known, does this.
fn leaks(node: NodeId, what: Observation) -> bool {
    Told::of("secret-taint").broken(vec![(1, node, what)])
}

#[test]
fn a_canary_is_found_in_a_text_and_nothing_else_is() {
    let canary = of_client(Secret::Personal);
    let found: Vec<_> = Canary::all_in(&format!("to <{canary}@x>, {canary}")).collect();
    assert_eq!(found, [canary; 2]);
    assert_eq!(Canary::all_in("canary-personal, canary-other-n1, canary-content-1").count(), 0);
}

#[test]
fn a_credential_is_shown_by_its_owner_and_by_nobody_else() {
    assert!(!leaks(CLIENT, said(Secret::Credential, SERVER, Kind::Credential)));
    assert!(!leaks(SERVER, said(Secret::Credential, CLIENT, Kind::Credential)));
    assert!(leaks(SERVER, said(Secret::Credential, OTHER, Kind::Credential)));
    assert!(leaks(CLIENT, said(Secret::Credential, SERVER, Kind::Op)));
    let place = Place::Address { conn: conn(1) };
    assert!(leaks(CLIENT, Observation::Canary { canary: of_client(Secret::Credential), place }));
}

#[test]
fn what_is_told_of_a_person_goes_to_her_only() {
    assert!(!leaks(SERVER, said(Secret::Personal, CLIENT, Kind::Event)));
    assert!(leaks(SERVER, said(Secret::Personal, OTHER, Kind::Event)));
    let told = Told::of("secret-taint");
    let tabs = |user| {
        let told_other = (2, SERVER, said(Secret::Personal, OTHER, Kind::Event));
        told.broken(vec![(0, CLIENT, dials(7)), (1, OTHER, dials(user)), told_other])
    };
    assert!(!tabs(7));
    assert!(tabs(8));
}

#[test]
fn no_secret_is_in_an_error_a_log_or_a_report() {
    assert!(!leaks(SERVER, said(Secret::Content, OTHER, Kind::Event)));
    assert!(leaks(SERVER, said(Secret::Content, CLIENT, Kind::Nack)));
    let log = |fields: String| {
        let event = "operation-refused".into();
        Observation::Log { event, conn: None, code: 409, fields: fields.into() }
    };
    assert!(!leaks(SERVER, log("op7, t1".to_owned())));
    assert!(leaks(SERVER, log(format!("op7: \"{}\"", of_client(Secret::Content)))));
    let context = of_client(Secret::Credential).to_string();
    let report = Observation::Report { kind: "failed".into(), code: 0, context: context.into() };
    assert!(leaks(SERVER, report));
}

#[test]
fn what_is_no_message_is_not_written() {
    let told = Told::of("schema-total");
    let given = |number| (0, CLIENT, Told::given(number, Request::Edit));
    let frame = |meaning| {
        let (conn, side) = (conn(1), Side::Acceptor);
        (1, SERVER, Observation::Delivered { conn, side, meaning })
    };
    let wrote = |number| {
        let change = Change::set(Field(1), Value::new(9));
        let mut stored = Told::stored(1, [change].into_iter().collect());
        if let Observation::Stored { write: Some(write), .. } = &mut stored {
            write.op = Some(op(number));
        }
        (2, SERVER, stored)
    };
    let (nonsense, edit) = (Meaning::default(), Meaning::of(Kind::Op).op(Some(op(3))));
    assert!(!told.broken(vec![given(3), frame(nonsense), wrote(3)]));
    assert!(!told.broken(vec![given(3), frame(edit), wrote(4)]));
    assert!(told.broken(vec![given(3), frame(nonsense), wrote(4)]));
}
