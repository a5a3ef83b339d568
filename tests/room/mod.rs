//! A small protocol with rooms, to be broken: events are numbered, edits lie on top until their
//! event comes, and what was missed is asked for. One bad habit at a time can be given to it.

mod client;
mod server;

use serde::{Deserialize, Serialize};
use wavetank::engine::{Latency, NodeSpec, Topology};
use wavetank::explore::{Case, Operation};
use wavetank::fault::{Fault, FaultKind, Plan};
use wavetank::history::{Change, Changes, Kind, Meaning, Position, Request as Sort, Value, Write};
use wavetank::id::{Field, NodeId, OpId, StoreId, Topic};
use wavetank::invariant::{Judged, Suite};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Protocol};
use wavetank::time::{Span, Time};

pub(crate) use server::{Log, Reply, Request};

pub(crate) const SERVER: NodeId = NodeId(0);
pub(crate) const ALICE: NodeId = NodeId(1);
pub(crate) const BOB: NodeId = NodeId(2);
pub(crate) const STORE: StoreId = StoreId(1);
pub(crate) const HALL: Topic = Topic(1);
pub(crate) const ATTIC: Topic = Topic(2);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Room;

/// What is wrong with the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Habit {
    Good,
    AcksBeforeFlush,
    NumbersWithHoles,
    NumbersAnew,
    DoesTwice,
    TellsEverybody,
    WaitsForTheSlow,
    JumpsOverGaps,
    LeavesGaps,
    AppliesHalf,
    ForgetsOwnEdits,
    SendsLastFirst,
    SendsOnceAndForgets,
    NeverSendsAgain,
    MixesRooms,
    GoesBack,
    MissesTheTail,
    LeavesOneOut,
    SendsTooEarly,
    AsksInVain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Role {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Op {
    Set(u32),
    Go(Topic),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Edit {
    pub(crate) op: OpId,
    pub(crate) author: NodeId,
    pub(crate) topic: Topic,
    pub(crate) change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) at: Position,
    pub(crate) edit: Edit,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    Join(Topic, Option<Position>),
    Leave(Topic),
    Missed(Topic, Option<Position>),
    Whole(Topic, Position, Vec<Entry>),
    Since(Topic, Position, Vec<Entry>),
    Event(Entry),
    Edit(Edit),
    Done(OpId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Timer {
    Dial,
    Gap,
    Resend,
}

impl Op {
    fn changes(self, op: OpId) -> Changes {
        match self {
            Self::Set(field) => {
                let value = Value::new(u64::from(op.0) + 1);
                [Change::set(Field(field), value)].into_iter().collect()
            }
            Self::Go(_) => Changes::new(),
        }
    }
}

impl Protocol for Room {
    const NAME: &'static str = "room";
    type Message = Message;
    type Op = Op;
    type Hello = ();
    type Config = Habit;
    type Role = Role;
    type Timer = Timer;
    type Task = ();
    type Store = Log;
    type Server = server::Server;
    type Client = client::Client;
    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(boot: Boot<'_, Self>) -> server::Server {
        server::Server::new(**boot.config)
    }
    fn client(boot: Boot<'_, Self>) -> client::Client {
        client::Client::new(boot.me, **boot.config)
    }
    fn size(message: &Message) -> u32 {
        match message {
            Message::Whole(_, _, events) | Message::Since(_, _, events) => {
                100 + 50 * events.len() as u32
            }
            _ => 100,
        }
    }
    fn meaning(message: &Message) -> Meaning {
        match message {
            Message::Join(topic, cursor) => {
                Meaning::of(Kind::Subscribe).topic(*topic).cursor(*cursor)
            }
            Message::Leave(topic) => Meaning::of(Kind::Unsubscribe).topic(*topic),
            Message::Missed(topic, cursor) => {
                Meaning::of(Kind::SyncRequest).topic(*topic).cursor(*cursor)
            }
            Message::Whole(topic, at, _) => Meaning::of(Kind::Snapshot).topic(*topic).position(*at),
            Message::Since(topic, at, _) => Meaning::of(Kind::Delta).topic(*topic).position(*at),
            Message::Event(entry) => Meaning::of(Kind::Event)
                .topic(entry.edit.topic)
                .position(entry.at)
                .op(Some(entry.edit.op)),
            Message::Edit(edit) => Meaning::of(Kind::Op).op(Some(edit.op)),
            Message::Done(op) => Meaning::of(Kind::Ack).op(Some(*op)),
        }
    }
    fn request(id: OpId, op: &Op) -> (Sort, Changes) {
        let sort = if matches!(op, Op::Set(_)) { Sort::Edit } else { Sort::Open };
        (sort, op.changes(id))
    }
    fn write(request: &Request, reply: &Reply) -> Option<Write> {
        let (Request::Commit(edit, _), Reply::Done(entry, fresh)) = (request, reply) else {
            return None;
        };
        Some(Write {
            topic: edit.topic,
            position: entry.at,
            op: Some(edit.op),
            author: Some(edit.author),
            base: None,
            changes: fresh.then_some(edit.change).into_iter().collect(),
        })
    }
}

/// The invariants that a protocol without heartbeats can be held to.
pub(crate) const INVARIANTS: [&str; 19] = [
    "no-false-ack",
    "contiguous-apply",
    "gap-repaired",
    "seq-well-formed",
    "writes-follow-reads",
    "state-matches-cursor",
    "optimistic-preserved",
    "fifo-per-client",
    "outbox-drains",
    "no-lost-edit",
    "at-most-once-effect",
    "no-cross-room-leak",
    "apply-to-right-document",
    "latency-bound",
    "no-state-regression",
    "convergence",
    "delivery-to-all-subscribers",
    "sync-before-replay",
    "resync-justified",
];

impl Judged for Room {
    fn invariants(objectives: &Objectives) -> Suite<Self> {
        let mut suite = Suite::shipped(objectives);
        suite.history.retain(|invariant| INVARIANTS.contains(&invariant.name()));
        suite
    }
}

pub(crate) fn millis(n: u64) -> Time {
    Time::from_micros(n * 1000)
}

/// A fault from one millisecond to another.
pub(crate) fn from(at: u64, until: u64, kind: FaultKind) -> Fault {
    Fault::lasting(millis(at), Span::millis(until - at), kind)
}

/// A server and two people, each way 20 ms.
pub(crate) fn case(habit: Habit, work: &[(u64, NodeId, Op)], faults: Vec<Fault>) -> Case<Room> {
    let topology = Topology {
        nodes: vec![
            NodeSpec::new(SERVER, Role::Server).with_store(STORE),
            NodeSpec::new(ALICE, Role::Client),
            NodeSpec::new(BOB, Role::Client),
        ],
        stores: vec![STORE],
    };
    let mut case = Case::new(topology, habit);
    let operation = |(id, (at, node, op)): (u32, &(u64, NodeId, Op))| Operation {
        id: OpId(id),
        at: millis(*at),
        node: *node,
        op: *op,
    };
    case.operations = (1..).zip(work).map(operation).collect();
    case.plan = Plan::new(faults);
    case.network.latency = Latency::Constant(Span::millis(20));
    case.network.store_latency = Latency::Constant(Span::millis(2));
    case.horizon = millis(20_000);
    case.settle = Span::secs(60);
    case
}
