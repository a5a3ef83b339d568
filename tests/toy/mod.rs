//! A protocol with planted mistakes, to see what comes of them: a client asks, a server answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wavetank::engine::{Latency, NodeSpec, Topology};
use wavetank::explore::{Case, Operation};
use wavetank::history::{Changes, Kind, Meaning, Request as Sort, Write};
use wavetank::id::{ConnId, NodeId, OpId};
use wavetank::invariant::Judged;
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Event, Node, Outbox, Protocol, Store};
use wavetank::time::{Now, Span, Time};

/// The protocol.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Toy;

/// What is wrong with its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mistake {
    /// Nothing.
    None,
    /// The client sets its timer to now whenever it goes off.
    Spins,
    /// The server refuses every dial, and the client dials again at once.
    DialsAtOnce,
    /// The client asks again after every answer.
    NeverContent,
    /// The client takes this many real milliseconds over an operation.
    Sleeps(u64),
    /// The server answers in the order of a hash map.
    WalksAHashMap,
    /// The server answers with a number that all runs of the process share.
    SharesACounter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Role {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    Ask,
    Answer(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Timer {
    Retry,
}

/// Nobody keeps anything.
#[derive(Clone, Default)]
pub(crate) struct Nothing;

impl Store for Nothing {
    type Request = ();
    type Reply = ();
    fn apply(&mut self, (): ()) {}
    fn restored(&mut self, _lineage: u32) {}
}

pub(crate) struct Server(Mistake);

impl Node<Toy> for Server {
    fn on_event(&mut self, _now: Now, event: Event<'_, Toy>, out: &mut Outbox<Toy>) {
        match event {
            Event::Accepted(conn, ()) if self.0 == Mistake::DialsAtOnce => out.refuse(conn, 503),
            Event::Message(conn, Message::Ask) => {
                for number in answers(self.0) {
                    out.send(conn, Message::Answer(number)).whatever();
                }
            }
            _ => {}
        }
    }
}

fn answers(mistake: Mistake) -> Vec<u64> {
    match mistake {
        Mistake::WalksAHashMap => in_the_order_of_a_hash_map(),
        Mistake::SharesACounter => vec![shared_counter()],
        _ => vec![1],
    }
}

#[expect(clippy::disallowed_types, reason = "the mistake that is planted")]
fn in_the_order_of_a_hash_map() -> Vec<u64> {
    let numbers: std::collections::HashMap<u64, ()> = (0..12).map(|n| (n, ())).collect();
    numbers.into_keys().collect()
}

fn shared_counter() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static ANSWERS: AtomicU64 = AtomicU64::new(0);
    ANSWERS.fetch_add(1, Ordering::Relaxed)
}

pub(crate) struct Client {
    mistake: Mistake,
    server: NodeId,
    conn: Option<ConnId>,
}

impl Client {
    fn dial(&mut self, out: &mut Outbox<Toy>) {
        self.conn = Some(out.dial(self.server, ()));
    }
    fn operation(&self, now: Now, out: &mut Outbox<Toy>) {
        match self.mistake {
            Mistake::Spins => out.timer(Timer::Retry, now.mono),
            Mistake::Sleeps(millis) => sleep(Duration::from_millis(millis)),
            _ => {
                if let Some(conn) = self.conn {
                    out.send(conn, Message::Ask).whatever();
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the mistake that is planted")]
fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}

impl Node<Toy> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, Toy>, out: &mut Outbox<Toy>) {
        match event {
            Event::Start => self.dial(out),
            Event::Op(..) => self.operation(now, out),
            Event::Message(conn, Message::Answer(_)) if self.mistake == Mistake::NeverContent => {
                out.send(conn, Message::Ask).whatever();
            }
            Event::Refused(..) if self.mistake == Mistake::DialsAtOnce => self.dial(out),
            Event::Refused(..) | Event::Closed(..) => {
                self.conn = None;
                out.timer(Timer::Retry, now.mono + Span::secs(1));
            }
            Event::Timer(Timer::Retry) if self.mistake == Mistake::Spins => {
                out.timer(Timer::Retry, now.mono);
            }
            Event::Timer(Timer::Retry) => self.dial(out),
            _ => {}
        }
    }
}

impl Protocol for Toy {
    const NAME: &'static str = "toy";
    type Message = Message;
    type Op = ();
    type Hello = ();
    type Config = Mistake;
    type Role = Role;
    type Timer = Timer;
    type Task = ();
    type Store = Nothing;
    type Server = Server;
    type Client = Client;
    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(boot: Boot<'_, Self>) -> Server {
        Server(**boot.config)
    }
    fn client(boot: Boot<'_, Self>) -> Client {
        Client { mistake: **boot.config, server: boot.peers[0].id, conn: None }
    }
    fn size(_message: &Message) -> u32 {
        16
    }
    fn meaning(message: &Message) -> Meaning {
        Meaning::of(match message {
            Message::Ask => Kind::SyncRequest,
            Message::Answer(_) => Kind::Delta,
        })
    }
    fn request(_op: OpId, (): &()) -> (Sort, Changes) {
        (Sort::Refresh, Changes::new())
    }
    fn write((): &(), (): &()) -> Option<Write> {
        None
    }
}

impl Judged for Toy {
    fn invariants(_objectives: &Objectives) -> wavetank::invariant::Suite<Self> {
        wavetank::invariant::Suite { history: Vec::new(), state: Vec::new() }
    }
}

/// A server `n0` and a client `n1`, who is asked for something after three seconds.
pub(crate) fn case(mistake: Mistake) -> Case<Toy> {
    let nodes =
        vec![NodeSpec::new(NodeId(0), Role::Server), NodeSpec::new(NodeId(1), Role::Client)];
    let mut case = Case::new(Topology { nodes, stores: Vec::new() }, mistake);
    let at = Time::from_micros(3_200_000);
    case.network.latency = Latency::Constant(Span::micros(300));
    case.operations = vec![Operation { id: OpId(1), at, node: NodeId(1), op: () }];
    case
}
