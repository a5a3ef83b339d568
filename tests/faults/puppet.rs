//! A protocol without a will of its own: operations say what a node does, and whatever happens
//! to a node it claims in so many words. What a fault does can be read off the history.

use serde::{Deserialize, Serialize};
use wavetank::engine::{Latency, NodeSpec, Topology};
use wavetank::explore::{Case, Operation, run_recorded};
use wavetank::fault::{Fault, FaultKind, Plan};
use wavetank::history::{
    Changes, Channel, History, Kind, Life, Meaning, Observation, Position, Request as Sort, Write,
};
use wavetank::id::{ConnId, NodeId, OpId, StoreId, Topic};
use wavetank::invariant::{Judged, Suite};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Answer, Boot, Event, Node, Outbox, Protocol, Store};
use wavetank::time::{Now, Span, Time};

pub(crate) const SERVER: NodeId = NodeId(0);
pub(crate) const ALICE: NodeId = NodeId(1);
pub(crate) const BOB: NodeId = NodeId(2);
pub(crate) const STORE: StoreId = StoreId(1);
pub(crate) const TOPIC: Topic = Topic(1);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Puppet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Role {
    Server,
    Client,
}

/// What a node is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Do {
    Dial(NodeId),
    DialRequest(NodeId),
    /// On every open connection, so many messages of so many bytes.
    Send(u32, u32),
    /// Refuse the next dial with this status.
    Refuse(u16),
    Close(u16),
    Timer(u32, Span),
    Put(u32),
    Get,
    Flush,
    Later(u32),
    Busy(Span),
    Cast(NodeId),
    Credential,
    Check(u64),
    Nothing,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    number: u32,
    size: u32,
}

/// A list of numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct List(Vec<u32>, u32);

#[derive(Clone, Debug, Serialize)]
pub(crate) enum Request {
    Put(u32),
    Get,
}

impl Store for List {
    type Request = Request;
    type Reply = Vec<u32>;
    fn apply(&mut self, request: Request) -> Vec<u32> {
        if let Request::Put(number) = request {
            self.0.push(number);
        }
        self.0.clone()
    }
    fn restored(&mut self, lineage: u32) {
        self.1 = lineage;
    }
}

pub(crate) struct Doll {
    conns: Vec<ConnId>,
    refuse: Option<u16>,
    sent: u32,
}

impl Doll {
    fn act(&mut self, now: Now, what: &Do, out: &mut Outbox<Puppet>) {
        match what {
            Do::Dial(to) => drop(out.dial(*to, ())),
            Do::DialRequest(to) => drop(out.dial_over(Channel::Request, *to, ())),
            Do::Send(count, size) => {
                for conn in self.conns.clone() {
                    for _ in 0..*count {
                        self.sent += 1;
                        let parcel = Parcel { number: self.sent, size: *size };
                        if out.send(conn, parcel) == wavetank::protocol::Buffer::Full {
                            out.own("full", &[u64::from(self.sent)]);
                        }
                    }
                }
            }
            Do::Refuse(status) => self.refuse = Some(*status),
            Do::Close(code) => {
                self.conns.drain(..).for_each(|conn| out.close(conn, *code, "told to"));
            }
            Do::Timer(name, after) => out.timer(*name, now.mono + *after),
            Do::Put(number) => drop(out.store(Request::Put(*number))),
            Do::Get => drop(out.store(Request::Get)),
            Do::Flush => drop(out.flush()),
            Do::Later(number) => out.later(*number),
            Do::Busy(span) => out.busy(*span),
            Do::Cast(to) => {
                self.sent += 1;
                out.cast(*to, Parcel { number: self.sent, size: 100 });
            }
            Do::Credential => drop(out.ask_credential()),
            Do::Check(id) => drop(out.check_credential(*id)),
            Do::Nothing => {}
        }
    }
}

impl Node<Puppet> for Doll {
    fn on_event(&mut self, now: Now, event: Event<'_, Puppet>, out: &mut Outbox<Puppet>) {
        let serial = |conn: ConnId| u64::from(conn.serial());
        match event {
            Event::Start => out.own("start", &[]),
            Event::Op(op, what) => {
                out.own("op", &[u64::from(op.0), now.wall.as_micros(), now.mono.as_micros()]);
                self.act(now, what, out);
            }
            Event::Accepted(conn, ()) => match self.refuse.take() {
                Some(status) => out.refuse(conn, status),
                None => {
                    self.conns.push(conn);
                    out.own("accepted", &[serial(conn)]);
                }
            },
            Event::Opened(conn) => {
                self.conns.push(conn);
                out.own("opened", &[serial(conn)]);
            }
            Event::Refused(conn, _) => out.own("refused", &[serial(conn)]),
            Event::Message(conn, parcel) => {
                out.own("message", &[u64::from(parcel.number), serial(conn)]);
            }
            Event::Malformed(_, bytes) => out.own("malformed", &[u64::from(bytes)]),
            Event::Writable(conn) => out.own("writable", &[serial(conn)]),
            Event::Closed(conn, closing) => {
                self.conns.retain(|open| *open != conn);
                out.own("closed", &[u64::from(closing.code), serial(conn)]);
            }
            Event::Cast(from, parcel) => {
                out.own("cast", &[u64::from(parcel.number), u64::from(from.0)]);
            }
            Event::Timer(name) => {
                out.own("timer", &[u64::from(name), now.mono.as_micros(), now.wall.as_micros()]);
            }
            Event::Stored(_, Ok(Some(list))) => {
                let list: Vec<u64> = list.into_iter().map(u64::from).collect();
                out.own("stored", &list);
            }
            Event::Stored(_, Ok(None)) => out.own("flushed", &[]),
            Event::Stored(_, Err(_)) => out.own("failed", &[]),
            Event::Issuer(_, Answer::Issued(credential)) => {
                out.own("issued", &[credential.id, credential.expires.as_micros()]);
            }
            Event::Issuer(_, Answer::Refused) => out.own("no-credential", &[]),
            Event::Issuer(_, Answer::Good { denied }) => {
                let denied: Vec<u64> = denied.into_iter().map(|topic| topic.0.into()).collect();
                out.own("good", &denied);
            }
            Event::Issuer(_, Answer::Bad) => out.own("bad", &[]),
            Event::Task(number) => out.own("task", &[u64::from(number)]),
            Event::Device(online) => out.own("device", &[u64::from(online)]),
        }
    }
}

impl Protocol for Puppet {
    const NAME: &'static str = "puppet";
    type Message = Parcel;
    type Op = Do;
    type Hello = ();
    type Config = ();
    type Role = Role;
    type Timer = u32;
    type Task = u32;
    type Store = List;
    type Server = Doll;
    type Client = Doll;
    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(_boot: Boot<'_, Self>) -> Doll {
        Doll { conns: Vec::new(), refuse: None, sent: 0 }
    }
    fn client(boot: Boot<'_, Self>) -> Doll {
        Self::server(boot)
    }
    fn size(parcel: &Parcel) -> u32 {
        parcel.size
    }
    fn meaning(parcel: &Parcel) -> Meaning {
        Meaning::of(Kind::Other).stamp(parcel.number.into())
    }
    fn request(_id: OpId, _op: &Do) -> (Sort, Changes) {
        (Sort::Edit, Changes::new())
    }
    fn write(request: &Request, reply: &Vec<u32>) -> Option<Write> {
        let Request::Put(_) = request else { return None };
        Some(Write {
            topic: TOPIC,
            position: Position::new(1, reply.len() as u64),
            op: None,
            author: None,
            base: None,
            changes: Changes::new(),
        })
    }
}

impl Judged for Puppet {
    fn invariants(_objectives: &Objectives) -> Suite<Self> {
        Suite { history: Vec::new(), state: Vec::new() }
    }
}

pub(crate) fn millis(n: u64) -> Time {
    Time::from_micros(n * 1000)
}

/// A server and two clients, each way 10 ms and nothing left to chance; `work` is done at
/// milliseconds of the run.
pub(crate) fn case(work: &[(u64, NodeId, Do)], faults: Vec<Fault>) -> Case<Puppet> {
    let mut case = Case::new(
        Topology {
            nodes: vec![
                NodeSpec::new(SERVER, Role::Server).with_store(STORE),
                NodeSpec::new(ALICE, Role::Client),
                NodeSpec::new(BOB, Role::Client),
            ],
            stores: vec![STORE],
        },
        (),
    );
    case.operations = (1..)
        .zip(work)
        .map(|(id, (at, node, op))| Operation {
            id: OpId(id),
            at: millis(*at),
            node: *node,
            op: op.clone(),
        })
        .collect();
    case.plan = Plan::new(faults);
    case.network.latency = Latency::Constant(Span::millis(10));
    case.network.local_latency = Latency::Constant(Span::millis(1));
    case.network.store_latency = Latency::Constant(Span::millis(2));
    case.network.task_latency = Latency::Constant(Span::millis(1));
    case.horizon = millis(20_000);
    case.settle = Span::secs(10);
    case
}

/// A fault from one millisecond to another.
pub(crate) fn from(at: u64, until: u64, kind: FaultKind) -> Fault {
    Fault::lasting(millis(at), Span::millis(until - at), kind)
}

/// What happened in a run.
pub(crate) struct Told(History);

/// Runs a case.
pub(crate) fn told(case: &Case<Puppet>) -> Told {
    case.validate().expect("a case that can be run");
    let text = case.to_json();
    assert_eq!(Case::from_json(&text).expect("what was written can be read"), *case);
    let (outcome, recording) = run_recorded(case);
    assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
    Told(recording.history)
}

impl Told {
    /// When a node claimed something, in milliseconds, and with which numbers.
    pub(crate) fn all(&self, node: NodeId, word: &str) -> Vec<(u64, Vec<u64>)> {
        let claims = self.0.iter().filter(|record| record.node == node);
        let claims = claims.filter_map(|record| match &record.what {
            Observation::Own { name, values } if name == word => {
                Some((record.at.as_micros() / 1000, values.clone()))
            }
            _ => None,
        });
        claims.collect()
    }

    /// The first number of each of these claims.
    pub(crate) fn numbers(&self, node: NodeId, word: &str) -> Vec<u64> {
        self.all(node, word).into_iter().filter_map(|(_, v)| v.first().copied()).collect()
    }

    /// When a node claimed something, in milliseconds.
    pub(crate) fn times(&self, node: NodeId, word: &str) -> Vec<u64> {
        self.all(node, word).into_iter().map(|(at, _)| at).collect()
    }

    /// Whether the engine witnessed something.
    /// What became of a node's process.
    pub(crate) fn lives(&self, of: NodeId) -> Vec<Life> {
        let of = self.0.iter().filter(|record| record.node == of);
        of.filter_map(|record| match record.what {
            Observation::Node(life) => Some(life),
            _ => None,
        })
        .collect()
    }

    pub(crate) fn saw(&self, fact: impl Fn(NodeId, &Observation) -> bool) -> bool {
        self.0.iter().any(|record| fact(record.node, &record.what))
    }
}

/// Alice dials the server at the start of the run.
pub(crate) fn dialled() -> (u64, NodeId, Do) {
    (0, ALICE, Do::Dial(SERVER))
}

/// Alice dials, and sends a message each 100 ms from `first` to `last`.
pub(crate) fn chatter(first: u64, last: u64) -> Vec<(u64, NodeId, Do)> {
    let sends = (first..=last).step_by(100).map(|at| (at, ALICE, Do::Send(1, 100)));
    std::iter::once(dialled()).chain(sends).collect()
}
