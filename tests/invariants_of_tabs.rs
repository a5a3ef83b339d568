//! The invariants of tabs of one device, each with a history that breaks it and one that does not.

mod told;

use told::{CLIENT, Happened, SERVER, Told, conn};
use wavetank::history::{
    Caller, Change, Channel, Connection, Initiator, Kind, Meaning, Observation, Path, Phase,
    Position, Reading, Request, Side, Value,
};
use wavetank::id::{Field, NodeId, Topic};
use wavetank::objectives::{Objectives, TabPolicy};

const OTHER: NodeId = NodeId(2);

/// A page of a client, that has asked for the topic.
fn page(node: NodeId, client: u64) -> Vec<Happened> {
    let conn = conn(node.0);
    let caller = Caller { client, ..Caller::default() };
    let dialled = Observation::Dialled { conn, to: SERVER, channel: Channel::Socket, caller };
    let meaning = Meaning::of(Kind::Hello).topic(Topic(1));
    let asked = Observation::Sent { conn, side: Side::Dialler, live: true, meaning };
    vec![(0, node, dialled), (10, node, asked)]
}

fn shows(node: NodeId, seq: u64, value: u64) -> Happened {
    let changes = [Change::set(Field(1), Value::new(value))].into_iter().collect();
    let (topic, position) = (Topic(1), Position::new(1, seq));
    let reading = Reading { topic, position, part: 0, pending: 0, whole: true, changes };
    (20, node, Observation::ShownContent(reading))
}

fn turned_away(node: NodeId, shown: Connection) -> Vec<Happened> {
    let (side, by) = (Side::Dialler, Initiator::Remote);
    let closed = Observation::Closed { conn: conn(node.0), side, code: 4003, by };
    vec![(30, node, closed), (30, node, Told::status(shown))]
}

/// Whether an invariant finds something where two pages of these clients do this.
fn broken(told: &Told, clients: [u64; 2], does: Vec<Vec<Happened>>) -> bool {
    let pages = [page(CLIENT, clients[0]), page(OTHER, clients[1])].concat();
    let end = vec![(9000, CLIENT, Observation::Phase(Phase::Quiet))];
    told.broken([pages, does.concat(), end].concat())
}

#[test]
fn tabs_of_one_client_show_the_same_in_the_end() {
    let told = Told::of("tab-convergence");
    let behind = || vec![shows(CLIENT, 3, 1), shows(OTHER, 2, 2)];
    let level = || vec![shows(CLIENT, 3, 1), shows(OTHER, 3, 1)];
    assert!(broken(&told, [5, 5], vec![behind()]));
    assert!(!broken(&told, [5, 5], vec![level()]));
    assert!(broken(&told, [5, 5], vec![vec![shows(CLIENT, 3, 1), shows(OTHER, 3, 2)]]));
    assert!(!broken(&told, [5, 6], vec![behind()]), "they are of two clients");
    assert!(broken(&told, [5, 5], vec![vec![shows(CLIENT, 3, 1)]]), "one shows nothing");
    let gone = (40, OTHER, Told::given(1, Request::Unmount));
    assert!(!broken(&told, [5, 5], vec![behind(), vec![gone]]));
    let left = (40, OTHER, Told::status(Connection::Closed));
    assert!(!broken(&told, [5, 5], vec![behind(), vec![left]]));
    let cut = (40, OTHER, Observation::Link { to: CLIENT, path: Path::Down });
    assert!(!broken(&told, [5, 5], vec![behind(), vec![cut]]));
    let differ = Objectives { tabs: TabPolicy::Accept, ..Objectives::default() };
    let accepted = Told { objectives: differ, ..Told::of("tab-convergence") };
    assert!(!broken(&accepted, [5, 5], vec![behind()]));
}

#[test]
fn a_tab_that_is_one_too_many_says_so_and_follows_the_others() {
    let told = Told::of("tab-convergence");
    let level = vec![shows(CLIENT, 3, 1), shows(OTHER, 3, 1)];
    let behind = vec![shows(CLIENT, 3, 1), shows(OTHER, 2, 2)];
    let limit = turned_away(OTHER, Connection::Limit);
    assert!(!broken(&told, [5, 5], vec![level.clone(), limit.clone()]));
    assert!(broken(&told, [5, 5], vec![behind, limit]));
    assert!(broken(&told, [5, 5], vec![level, turned_away(OTHER, Connection::Closed)]));
}

#[test]
fn tabs_that_may_differ_say_so() {
    let differ = Objectives { tabs: TabPolicy::Accept, ..Objectives::default() };
    let told = Told { objectives: differ, ..Told::of("status-truthful") };
    let say = |node, on| {
        let class = "other-tabs".into();
        (20, node, Observation::ShownNotice { class, code: 0, op: None, on })
    };
    let both = vec![say(CLIENT, true), say(OTHER, true)];
    assert!(!broken(&told, [5, 5], vec![both.clone()]));
    assert!(broken(&told, [5, 5], vec![vec![say(CLIENT, true)]]));
    assert!(broken(&told, [5, 5], vec![both, vec![say(OTHER, false)]]));
    assert!(!broken(&told, [5, 6], vec![]), "each has one tab");
    let gone = (40, OTHER, Told::given(1, Request::Unmount));
    assert!(!broken(&told, [5, 5], vec![vec![gone]]));
}
