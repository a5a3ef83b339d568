use serde::{Deserialize, Serialize};
use wavetank::engine::{NodeSpec, Seen, Topology, View, Witness};
use wavetank::explore::{Case, Operation, Scenario, case_of_seed, run};
use wavetank::fault::generate::{Menu, plan};
use wavetank::history::{Changes, Interest, Kind, Meaning, Observation, Request, Write};
use wavetank::id::{NodeId, OpId, StoreId};
use wavetank::invariant::{Invariant, Judged, Ruling, StateInvariant, Suite};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Event, Node, Outbox, Protocol, Store};
use wavetank::time::{Now, Span, Time};
use proptest::prelude::*;

// A client asks a server to count; the server counts in its store and answers.
#[derive(Clone, Debug, PartialEq)]
struct Counter;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Role { Server, Client }

#[derive(Debug, Serialize, Deserialize)]
enum Message { Count(OpId), Counted(OpId) }

#[derive(Clone, Debug, Default)]
struct Total(u64);

impl Store for Total {
    type Request = OpId;
    type Reply = u64;
    fn apply(&mut self, _op: OpId) -> u64 {
        self.0 += 1;
        self.0
    }
    fn restored(&mut self, _lineage: u32) {}
}

#[derive(Default)]
struct Server { waiting: Vec<(wavetank::id::Ticket, wavetank::id::ConnId, OpId)>, total: u64 }

impl Node<Counter> for Server {
    fn on_event(&mut self, _now: Now, event: Event<'_, Counter>, out: &mut Outbox<Counter>) {
        match event {
            Event::Message(conn, Message::Count(op)) => {
                let ticket = out.store(*op);
                self.waiting.push((ticket, conn, *op));
            }
            Event::Stored(ticket, Ok(Some(total))) => {
                self.total = total;
                let place = self.waiting.iter().position(|(known, _, _)| *known == ticket);
                let (_, conn, op) = self.waiting.remove(place.expect("a ticket of ours"));
                out.send(conn, Message::Counted(op)).whatever();
            }
            _ => {}
        }
    }
}

struct Client { server: NodeId, waiting: Vec<OpId>, conn: Option<wavetank::id::ConnId> }

impl Node<Counter> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, Counter>, out: &mut Outbox<Counter>) {
        match event {
            Event::Start | Event::Timer(()) => self.conn = Some(out.dial(self.server, ())),
            Event::Op(op, _) => {
                self.waiting.push(op);
                if let Some(conn) = self.conn {
                    out.send(conn, Message::Count(op)).whatever();
                }
            }
            Event::Message(_, Message::Counted(op)) => self.waiting.retain(|w| w != op),
            Event::Closed(..) | Event::Refused(..) => {
                self.conn = None;
                out.timer((), now.mono + Span::secs(1));
            }
            _ => {}
        }
    }
}

impl Protocol for Counter {
    const NAME: &'static str = "counter";
    type Message = Message;
    type Op = ();
    type Hello = ();
    type Config = ();
    type Role = Role;
    type Timer = ();
    type Task = ();
    type Store = Total;
    type Server = Server;
    type Client = Client;
    fn serves(role: Role) -> bool { role == Role::Server }
    fn server(_boot: Boot<'_, Self>) -> Server { Server::default() }
    fn client(boot: Boot<'_, Self>) -> Client {
        Client { server: boot.peers[0].id, waiting: Vec::new(), conn: None }
    }
    fn size(_message: &Message) -> u32 { 16 }
    fn meaning(message: &Message) -> Meaning {
        match message {
            Message::Count(op) => Meaning::of(Kind::Op).op(Some(*op)),
            Message::Counted(op) => Meaning::of(Kind::Ack).op(Some(*op)),
        }
    }
    fn request(_id: OpId, _op: &()) -> (Request, Changes) { (Request::Edit, Changes::new()) }
    fn write(_request: &OpId, _reply: &u64) -> Option<Write> { None }
}

// A property of histories: an answer comes only to a question.
#[derive(Default)]
struct AnswersFollowQuestions { asked: Vec<OpId> }

impl Invariant for AnswersFollowQuestions {
    fn name(&self) -> &'static str { "answers-follow-questions" }
    fn statement(&self) -> &'static str { "An ack is sent only for an op that was sent." }
    fn interest(&self) -> Interest { Interest::SENT }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Observation::Sent { meaning, .. } = seen.what else { return };
        match (meaning.kind, meaning.op) {
            (Kind::Op, Some(op)) => self.asked.push(op),
            (Kind::Ack, Some(op)) if !self.asked.contains(&op) => {
                ruling.violated(seen.node, format!("{op} was acked and never asked for"));
            }
            _ => {}
        }
    }
}

// A property of the nodes' own state.
struct NobodyWaitsForMany;

impl StateInvariant<Counter> for NobodyWaitsForMany {
    fn name(&self) -> &'static str { "nobody-waits-for-many" }
    fn statement(&self) -> &'static str { "No client waits for more than 100 answers." }
    fn look(&mut self, view: &View<'_, Counter>, ruling: &mut Ruling) {
        for (node, client) in view.clients() {
            if client.waiting.len() > 100 {
                ruling.violated(node, "more than 100 operations wait");
            }
        }
    }
}

impl Judged for Counter {
    fn invariants(_objectives: &Objectives) -> Suite<Self> {
        Suite { history: Vec::new(), state: Vec::new() }
            .and(AnswersFollowQuestions::default())
            .and_state(NobodyWaitsForMany)
    }
}

// Where cases come from.
struct Resets;

impl Scenario<Counter> for Resets {
    fn name(&self) -> &'static str { "resets" }
    fn about(&self) -> &'static str { "One client counts while its connection breaks." }
    fn cases(&self, config: &()) -> BoxedStrategy<Case<Counter>> {
        let server = NodeSpec::new(NodeId(0), Role::Server).with_store(StoreId(1));
        let client = NodeSpec::new(NodeId(1), Role::Client);
        let topology = Topology { nodes: vec![server, client], stores: vec![StoreId(1)] };
        let (case, seconds) = (Case::new(topology, *config), |n: u64| Time::from_micros(n * 1_000_000));
        let menu = Menu {
            clients: vec![NodeId(1)], servers: vec![NodeId(0)], stores: vec![StoreId(1)],
            kinds: vec!["reset", "partition"], from: seconds(1), until: seconds(9), most: 3, ..Menu::default()
        };
        (plan(menu), 1u32..20)
            .prop_map(move |(plan, count)| {
                let operation = |n: u32| Operation {
                    id: OpId(n), at: seconds(u64::from(n) / 2), node: NodeId(1), op: (),
                };
                Case { operations: (1..=count).map(operation).collect(), plan, ..case.clone() }
            })
            .boxed()
    }
}

// Somebody who hears all, for a tool of your own.
#[derive(Default)]
struct Tally(u64);

impl Witness<Counter> for Tally {
    fn wants(&self) -> Interest { Interest::DELIVERED }
    fn observe(&mut self, _seen: &Seen<'_>) { self.0 += 1; }
}

let case = case_of_seed(&Resets, &(), 7);
assert!(run(&case).verdict.held());
assert_eq!(run(&case).digest, run(&case).digest);
