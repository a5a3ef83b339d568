//! Each shape of work shows in what happens: in the histories of runs of a small protocol whose
//! server passes on to everybody what anybody says.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{
    Case, Scenario, Shape, Workload, case_of_seed, operations, run_recorded, work,
};
use wavetank::history::{Changes, History, Kind, Meaning, Observation, Request, Side, Write};
use wavetank::id::{ConnId, NodeId, OpId};
use wavetank::invariant::{Judged, Suite};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Event, Node, Outbox, Protocol, Store};
use wavetank::time::{Now, Span, Time};

#[derive(Clone, Debug, PartialEq)]
struct Chat;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Role {
    Server,
    Client,
}

/// What is said; the weights are the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Said {
    Word,
    Delete,
    Oversized,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Message(OpId, Said);

#[derive(Clone, Debug, Default)]
struct Nothing;

impl Store for Nothing {
    type Request = ();
    type Reply = ();
    fn apply(&mut self, (): ()) {}
    fn restored(&mut self, _lineage: u32) {}
}

#[derive(Default)]
struct Server(Vec<ConnId>);

impl Node<Chat> for Server {
    fn on_event(&mut self, _now: Now, event: Event<'_, Chat>, out: &mut Outbox<Chat>) {
        match event {
            Event::Accepted(conn, ()) => self.0.push(conn),
            Event::Message(_, message) => out.send_all(self.0.iter().copied(), message.clone()),
            _ => {}
        }
    }
}

struct Client(NodeId, Option<ConnId>);

impl Node<Chat> for Client {
    fn on_event(&mut self, _now: Now, event: Event<'_, Chat>, out: &mut Outbox<Chat>) {
        match (event, self.1) {
            (Event::Start, _) => self.1 = Some(out.dial(self.0, ())),
            (Event::Op(op, said), Some(conn)) => out.send(conn, Message(op, *said)).whatever(),
            _ => {}
        }
    }
}

impl Protocol for Chat {
    const NAME: &'static str = "chat";
    type Message = Message;
    type Op = Said;
    type Hello = ();
    type Config = ();
    type Role = Role;
    type Timer = ();
    type Task = ();
    type Store = Nothing;
    type Server = Server;
    type Client = Client;
    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(_boot: Boot<'_, Self>) -> Server {
        Server::default()
    }
    fn client(boot: Boot<'_, Self>) -> Client {
        Client(boot.peers[0].id, None)
    }
    fn size(_message: &Message) -> u32 {
        16
    }
    fn meaning(message: &Message) -> Meaning {
        Meaning::of(Kind::Op).op(Some(message.0))
    }
    fn request(_id: OpId, _op: &Said) -> (Request, Changes) {
        (Request::Edit, Changes::new())
    }
    fn write((): &(), (): &()) -> Option<Write> {
        None
    }
}

impl Judged for Chat {
    fn invariants(_objectives: &Objectives) -> Suite<Self> {
        Suite { history: Vec::new(), state: Vec::new() }
    }
}

const CLIENTS: u32 = 3;

fn seconds(n: u64) -> Time {
    Time::from_micros(n * 1_000_000)
}

/// Three clients work for half a minute, each once in `pace`.
fn workload(pace: Span, may: &[Shape], must: &[Shape]) -> Workload {
    let clients = (1..=CLIENTS).map(NodeId).collect();
    Workload {
        may: may.to_vec(),
        must: must.to_vec(),
        ..Workload::new(clients, seconds(1), seconds(31), pace)
    }
}

struct Talk(Workload);

impl Scenario<Chat> for Talk {
    fn name(&self) -> &'static str {
        "talk"
    }
    fn about(&self) -> &'static str {
        "Three people talk."
    }
    fn cases(&self, (): &()) -> BoxedStrategy<Case<Chat>> {
        let node = |id, role| NodeSpec::new(NodeId(id), role);
        let clients = (1..=CLIENTS).map(|id| node(id, Role::Client));
        let nodes = std::iter::once(node(0, Role::Server)).chain(clients).collect();
        let case = Case::new(Topology { nodes, stores: Vec::new() }, ());
        let said = prop_oneof![
            8 => Just(Said::Word), 1 => Just(Said::Delete), 1 => Just(Said::Oversized),
        ];
        work(self.0.clone(), said)
            .prop_map(move |work| Case {
                operations: operations(work),
                horizon: seconds(40),
                settle: Span::ZERO,
                ..case.clone()
            })
            .boxed()
    }
}

/// The histories of some cases.
fn histories(workload: Workload) -> impl Iterator<Item = History> {
    (0..40).map(move |seed| {
        let case = case_of_seed(&Talk(workload.clone()), &(), seed);
        case.validate().expect("a case that can be run");
        let (outcome, recording) = run_recorded(&case);
        assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
        recording.history
    })
}

/// When what was asked of whom.
fn given(history: &History) -> Vec<(Time, NodeId)> {
    let given = |what: &Observation| matches!(what, Observation::Given { .. });
    let records = history.iter().filter(|record| given(&record.what));
    records.map(|record| (record.at, record.node)).collect()
}

/// How often each client acted, silent ones included.
fn acts(given: &[(Time, NodeId)]) -> BTreeMap<NodeId, usize> {
    let count = |node| given.iter().filter(|(_, who)| *who == node).count();
    (1..=CLIENTS).map(|id| (NodeId(id), count(NodeId(id)))).collect()
}

/// The longest time without an operation between two of them.
fn longest_gap(given: &[(Time, NodeId)]) -> Span {
    given.windows(2).map(|pair| pair[1].0.since(pair[0].0)).max().unwrap_or(Span::ZERO)
}

/// The most operations within a tenth of a second.
fn most_at_once(given: &[(Time, NodeId)]) -> usize {
    let near = |first: Time| {
        let last = first + Span::millis(100);
        given.iter().filter(|(at, _)| (first..last).contains(at)).count()
    };
    given.iter().map(|(at, _)| near(*at)).max().unwrap_or(0)
}

fn deliveries(history: &History, node: NodeId) -> usize {
    let delivered =
        |what: &Observation| matches!(what, Observation::Delivered { side: Side::Dialler, .. });
    history.iter().filter(|record| record.node == node && delivered(&record.what)).count()
}

#[test]
fn steady_work_keeps_its_pace_for_every_client() {
    for history in histories(workload(Span::millis(500), &[], &[Shape::Steady])) {
        let given = given(&history);
        for from in [1, 11, 21] {
            let part = |at: &Time| (seconds(from)..seconds(from + 10)).contains(at);
            let part: Vec<_> = given.iter().filter(|(at, _)| part(at)).copied().collect();
            assert!(acts(&part).values().all(|count| (19..=21).contains(count)), "{part:?}");
        }
    }
}

#[test]
fn work_of_no_shape_is_some_of_it_at_any_time() {
    let counts: Vec<_> = histories(workload(Span::millis(500), &[], &[]))
        .map(|history| given(&history).len())
        .collect();
    assert!(counts.iter().all(|count| *count <= 180), "{counts:?}");
    assert!(counts.iter().any(|count| *count > 120), "{counts:?}");
    assert!(counts.iter().any(|count| *count < 60), "{counts:?}");
}

#[test]
fn in_quiet_phases_nothing_is_given_for_two_to_five_seconds() {
    let busy = workload(Span::millis(100), &[], &[Shape::Steady]);
    assert!(histories(busy).all(|history| longest_gap(&given(&history)) < Span::secs(1)));
    let quiet = workload(Span::millis(100), &[], &[Shape::Steady, Shape::Quiet]);
    for history in histories(quiet) {
        let given = given(&history);
        let gaps = given.windows(2).map(|pair| pair[1].0.since(pair[0].0));
        let gaps: Vec<_> = gaps.filter(|gap| *gap > Span::secs(1)).collect();
        assert!(!gaps.is_empty(), "no quiet phase");
        let is_quiet = |gap: &Span| (Span::secs(2)..Span::secs(6)).contains(gap);
        assert!(gaps.iter().all(is_quiet), "{gaps:?}");
    }
}

#[test]
fn given_quiet_phases_are_kept_in_every_case() {
    let phase = seconds(8)..seconds(12);
    let quiet = Workload {
        quiet: vec![phase.clone()],
        ..workload(Span::millis(500), &Shape::ALL, &[Shape::Steady])
    };
    for history in histories(quiet) {
        assert!(given(&history).iter().all(|(at, _)| !phase.contains(at)));
    }
}

#[test]
fn in_a_burst_four_operations_are_given_within_a_tenth_of_a_second() {
    let calm = workload(Span::secs(3), &[], &[Shape::Steady]);
    let calm: Vec<_> = histories(calm).map(|history| most_at_once(&given(&history))).collect();
    assert!(calm.iter().all(|most| *most <= 3), "{calm:?}");
    let bursts = workload(Span::secs(3), &[], &[Shape::Steady, Shape::Bursts]);
    let bursts: Vec<_> = histories(bursts).map(|history| most_at_once(&given(&history))).collect();
    let seen = bursts.iter().filter(|most| **most >= 4).count();
    assert!(seen * 10 >= bursts.len() * 9, "{bursts:?}");
}

#[test]
fn the_parts_of_a_burst_are_a_tenth_of_a_second_apart() {
    let bursts = workload(Span::secs(3), &[], &[Shape::Steady, Shape::Bursts]);
    let apart = histories(bursts).filter(|history| {
        let given = given(history);
        let has = |at: Time| given.iter().any(|(other, _)| *other == at);
        let follows = |at: Time| (1..4).all(|n| has(at + Span::millis(10) * n));
        given.iter().any(|(at, _)| follows(*at) && has(*at + Span::millis(100)))
    });
    assert!(apart.count() >= 20);
}

#[test]
fn a_client_that_only_listens_is_told_and_says_nothing() {
    for history in histories(workload(Span::secs(1), &[], &[Shape::Steady, Shape::Listeners])) {
        let acts = acts(&given(&history));
        let silent: Vec<_> = acts.iter().filter(|(_, count)| **count == 0).collect();
        assert!((1..CLIENTS as usize).contains(&silent.len()), "{acts:?}");
        assert!(silent.iter().all(|(node, _)| deliveries(&history, **node) > 20));
    }
}

#[test]
fn a_client_that_leaves_never_acts_again() {
    let left = seconds(11);
    let stays = |given: &[(Time, NodeId)]| {
        let later: Vec<_> = given.iter().filter(|(at, _)| *at >= left).copied().collect();
        acts(&later).values().filter(|count| **count > 0).count()
    };
    let leave = workload(Span::secs(1), &[], &[Shape::Steady, Shape::Leavers]);
    for history in histories(Workload { left: Some(left), ..leave }) {
        let given = given(&history);
        let before: Vec<_> = given.iter().filter(|(at, _)| *at < left).copied().collect();
        assert!(acts(&before).values().all(|count| *count > 0), "{given:?}");
        assert!(stays(&given) < CLIENTS as usize, "{given:?}");
    }
    let stay = workload(Span::secs(1), &[], &[Shape::Steady]);
    assert!(histories(stay).all(|history| stays(&given(&history)) == CLIENTS as usize));
}

#[test]
fn each_case_has_some_of_the_shapes() {
    let (mut empty, mut quiet, mut bursts, mut listens) = (0, 0, 0, 0);
    for history in histories(workload(Span::secs(1), &Shape::ALL, &[])) {
        let given = given(&history);
        empty += u32::from(given.is_empty());
        quiet += u32::from(longest_gap(&given) >= Span::secs(2));
        bursts += u32::from(most_at_once(&given) >= 4);
        listens += u32::from(acts(&given).values().any(|count| *count == 0));
    }
    let seen = [quiet, bursts, listens];
    assert!(seen.iter().all(|count| (4..=36).contains(count)), "{seen:?} of 40");
    assert!(empty <= 4, "{empty} of 40");
}

#[test]
fn operations_are_of_the_callers_kinds_and_at_most_as_many_as_it_says() {
    let few = Workload { most: 7, ..workload(Span::millis(500), &Shape::ALL, &[]) };
    let mut kinds = BTreeMap::new();
    for seed in 0..100 {
        let case = case_of_seed(&Talk(few.clone()), &(), seed);
        assert!(case.operations.len() <= 7);
        for operation in case.operations {
            *kinds.entry(operation.op).or_insert(0) += 1;
        }
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(kinds[&Said::Word] > 4 * kinds[&Said::Delete], "{kinds:?}");
}

#[test]
fn nobody_to_act_and_no_time_to_act_make_no_work() {
    let nobody = Workload { clients: Vec::new(), ..workload(Span::secs(1), &Shape::ALL, &[]) };
    let no_time = Workload { until: seconds(1), ..workload(Span::secs(1), &Shape::ALL, &[]) };
    for workload in [nobody, no_time] {
        assert!(histories(workload).all(|history| given(&history).is_empty()));
    }
}
