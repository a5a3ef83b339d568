//! A small protocol to try drivers with: a board of fields that everybody sets and sees.

mod client;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use client::Client;

use serde::{Deserialize, Serialize};
use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::Case;
use wavetank::history::{Change, Changes, Kind, Meaning, Position, Request as Sort, Value, Write};
use wavetank::id::{ConnId, Field, NodeId, OpId, StoreId, Topic};
use wavetank::invariant::{
    AtMostOnceEffect, Convergence, EventualReconnect, Judged, NoLostEdit, NoStateRegression, Suite,
};
use wavetank::objectives::Objectives;
use wavetank::protocol::{
    Awaiting, Boot, Conns, Event, Mark, Node, Outbox, Protocol, Store as Keeps,
};
use wavetank::time::{Now, Span};

const BOARD: Topic = Topic(1);
const PING: Span = Span::secs(1);
const SILENCE: Span = Span::secs(4);
/// A store that failed is left alone for so long.
const RETRY: Span = Span::millis(200);

/// The protocol.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Board;

/// What the nodes are built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// How many connections the server takes.
    pub(crate) limit: usize,
    /// Clients leave out every third event. A mistake, to be found.
    pub(crate) deaf: bool,
    /// A mistake that shows only when two things go wrong, one after the other.
    #[serde(default)]
    pub(crate) mistake: Option<Mistake>,
    /// The most bytes of a message that a real codec takes.
    #[serde(default = "longest")]
    pub(crate) longest: u32,
}

const fn longest() -> u32 {
    1 << 20
}

impl Default for Config {
    fn default() -> Self {
        Self { limit: 10, deaf: false, mistake: None, longest: longest() }
    }
}

/// A server, n0, with a store, and two clients, n1 and n2, who have nothing to do yet.
pub(crate) fn two_clients(config: &Config) -> Case<Board> {
    let client = |id| NodeSpec::new(NodeId(id), Role::Client);
    let server = NodeSpec::new(NodeId(0), Role::Server).with_store(StoreId(0));
    let topology = Topology { nodes: vec![server, client(1), client(2)], stores: vec![StoreId(0)] };
    Case::new(topology, config.clone())
}

/// Mistakes of different parts, each of which takes two faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mistake {
    /// A server that was restarted shows clients that come back what it loaded, not what it has.
    StaleResync,
    /// Once its store failed, the server writes what clients that come back send, without asking
    /// whether it has written it already.
    DoubleEffect,
    /// A client that was live and is refused stays away.
    GivesUp,
    /// A client that was live and is refused forgets what waits to be sent.
    DropsWaiting,
    /// A client that comes back does not watch for silence any more.
    DeafToSilence,
}

/// The kinds of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Role {
    Server,
    Client,
}

/// What is asked of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Op {
    Set(Field),
    Whisper,
    Leave,
    Trip,
    Spin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Edit {
    op: OpId,
    author: NodeId,
    field: Field,
    value: Value,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    Join,
    Whole(u64, Vec<(Field, Value)>),
    Set(Edit),
    Saved(OpId),
    Event(u64, Edit),
    Ping,
    Pong,
    Whisper(OpId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Timer {
    Ping,
    Silence(ConnId),
    Retry,
    Spin,
}

/// What the server keeps.
#[derive(Clone, Default)]
pub(crate) struct Store {
    seq: u64,
    fields: BTreeMap<Field, Value>,
    done: BTreeMap<OpId, u64>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) enum Request {
    Load,
    Set(Edit),
    /// Without a look at what was done already.
    SetBlindly(Edit),
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Loaded(u64, BTreeMap<Field, Value>),
    Set { seq: u64, new: bool },
}

impl Keeps for Store {
    type Request = Request;
    type Reply = Reply;

    fn apply(&mut self, request: Request) -> Reply {
        match request {
            Request::Load => Reply::Loaded(self.seq, self.fields.clone()),
            Request::SetBlindly(edit) => {
                self.done.remove(&edit.op);
                self.apply(Request::Set(edit))
            }
            Request::Set(edit) => {
                if let Some(seq) = self.done.get(&edit.op) {
                    return Reply::Set { seq: *seq, new: false };
                }
                self.seq += 1;
                self.fields.insert(edit.field, edit.value);
                self.done.insert(edit.op, self.seq);
                Reply::Set { seq: self.seq, new: true }
            }
        }
    }
    fn restored(&mut self, _lineage: u32) {}
}

fn value(op: OpId) -> Value {
    Value::new(u64::from(op.0) + 1)
}

impl Protocol for Board {
    const NAME: &'static str = "board";
    const MARKS: &'static [Mark] =
        &[Mark { name: "resync", about: "A client that knows the board is told all of it." }];
    type Message = Message;
    type Op = Op;
    type Hello = String;
    type Config = Config;
    type Role = Role;
    type Timer = Timer;
    type Task = OpId;
    type Store = Store;
    type Server = Server;
    type Client = Client;

    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(boot: Boot<'_, Self>) -> Server {
        Server {
            limit: boot.config.limit,
            mistake: boot.config.mistake,
            restarted: boot.incarnation > 0,
            ..Server::default()
        }
    }
    fn client(boot: Boot<'_, Self>) -> Client {
        Client::new(boot)
    }
    fn size(message: &Message) -> u32 {
        match message {
            Message::Whole(_, fields) => 16 + 12 * fields.len() as u32,
            _ => 24,
        }
    }
    fn message_limit(_role: Role, config: &Config) -> u32 {
        config.longest
    }
    fn meaning(message: &Message) -> Meaning {
        let (kind, op) = match message {
            Message::Join => (Kind::Subscribe, None),
            Message::Whole(..) => (Kind::Snapshot, None),
            Message::Set(edit) => (Kind::Op, Some(edit.op)),
            Message::Saved(op) => (Kind::Ack, Some(*op)),
            Message::Event(_, edit) => (Kind::Event, Some(edit.op)),
            Message::Ping => (Kind::Ping, None),
            Message::Pong => (Kind::Pong, None),
            Message::Whisper(op) => {
                return Meaning::of(Kind::Notice).stamp(u64::from(op.0));
            }
        };
        Meaning::of(kind).op(op).topic(BOARD)
    }
    fn request(op: OpId, operation: &Op) -> (Sort, Changes) {
        match operation {
            Op::Set(field) => (Sort::Edit, [Change::set(*field, value(op))].into_iter().collect()),
            Op::Leave => (Sort::Disconnect, Changes::new()),
            Op::Whisper | Op::Trip | Op::Spin => (Sort::Rerender, Changes::new()),
        }
    }
    fn write(request: &Request, reply: &Reply) -> Option<Write> {
        let (Request::Set(edit) | Request::SetBlindly(edit), Reply::Set { seq, new }) =
            (request, reply)
        else {
            return None;
        };
        let change = new.then(|| Change::set(edit.field, edit.value));
        Some(Write {
            topic: BOARD,
            position: Position::new(1, *seq),
            op: Some(edit.op),
            author: Some(edit.author),
            base: None,
            changes: change.into_iter().collect(),
        })
    }
}

impl Judged for Board {
    fn invariants(objectives: &Objectives) -> Suite<Self> {
        Suite { history: Vec::new(), state: Vec::new() }
            .and(Convergence::new(Self::field))
            .and(NoLostEdit::default())
            .and(AtMostOnceEffect::default())
            .and(NoStateRegression::default())
            .and(EventualReconnect::new(objectives))
    }
}

/// Keeps the board, and tells everybody what is new.
#[derive(Default)]
pub(crate) struct Server {
    limit: usize,
    mistake: Option<Mistake>,
    restarted: bool,
    store_failed: bool,
    /// Who was here, and what was loaded first.
    met: BTreeSet<String>,
    first: Option<(u64, BTreeMap<Field, Value>)>,
    loaded: bool,
    seq: u64,
    fields: BTreeMap<Field, Value>,
    /// Whether each connection has joined.
    conns: Conns<bool>,
    back: Conns<bool>,
    asked: Awaiting<(ConnId, Edit)>,
    failed: Vec<(ConnId, Edit)>,
}

impl Server {
    fn welcome(&mut self, conn: ConnId, out: &mut Outbox<Board>) {
        let stale = self.mistake == Some(Mistake::StaleResync) && self.restarted;
        let (seq, fields) = match &self.first {
            Some((seq, fields)) if stale && self.is_back(conn) => (*seq, fields),
            _ => (self.seq, &self.fields),
        };
        let fields = fields.iter().map(|(field, value)| (*field, *value)).collect();
        out.send(conn, Message::Whole(seq, fields)).whatever();
    }
    /// Whether a client had another connection before, in this life of the server.
    fn is_back(&self, conn: ConnId) -> bool {
        self.back.get(conn).is_some_and(|back| *back)
    }
    fn set(&self, conn: ConnId, edit: Edit) -> Request {
        let blind = self.mistake == Some(Mistake::DoubleEffect) && self.store_failed;
        if blind && self.is_back(conn) { Request::SetBlindly(edit) } else { Request::Set(edit) }
    }
    fn joined(&self) -> Vec<ConnId> {
        self.conns.iter().filter(|(_, joined)| **joined).map(|(conn, _)| conn).collect()
    }
    fn forget(&mut self, conn: ConnId, out: &mut Outbox<Board>) {
        self.conns.remove(conn);
        self.back.remove(conn);
        out.cancel(Timer::Silence(conn));
    }
    fn wrote(&mut self, conn: ConnId, edit: Edit, reply: Reply, out: &mut Outbox<Board>) {
        let Reply::Set { seq, new } = reply else { return };
        if new {
            self.seq = seq;
            self.fields.insert(edit.field, edit.value);
            out.send_all(self.joined(), Message::Event(seq, edit));
        }
        if self.conns.get(conn).is_some() {
            out.send(conn, Message::Saved(edit.op)).whatever();
        }
    }
}

impl Node<Board> for Server {
    fn on_event(&mut self, now: Now, event: Event<'_, Board>, out: &mut Outbox<Board>) {
        if let Event::Message(conn, _) = event {
            out.timer(Timer::Silence(conn), now.mono + SILENCE);
        }
        match event {
            Event::Start => {
                out.store(Request::Load);
                out.timer(Timer::Ping, now.mono + PING);
            }
            Event::Accepted(conn, hello) => {
                assert!(hello.starts_with("client n"), "{hello}");
                if self.conns.len() >= self.limit {
                    return out.refuse(conn, 503);
                }
                self.conns.insert(conn, false);
                self.back.insert(conn, !self.met.insert(hello.clone()));
                out.timer(Timer::Silence(conn), now.mono + SILENCE);
            }
            Event::Message(conn, Message::Join) => {
                self.conns.insert(conn, true);
                if self.loaded {
                    self.welcome(conn, out);
                }
            }
            Event::Message(conn, Message::Set(edit)) => {
                let ticket = out.store(self.set(conn, *edit));
                self.asked.remember(ticket, (conn, *edit));
            }
            Event::Stored(ticket, answer) => match (self.asked.recall(ticket), answer) {
                (_, Ok(Some(Reply::Loaded(seq, fields)))) => {
                    self.first.get_or_insert_with(|| (seq, fields.clone()));
                    (self.loaded, self.seq, self.fields) = (true, seq, fields);
                    for conn in self.joined() {
                        self.welcome(conn, out);
                    }
                }
                (None, _) => out.timer(Timer::Retry, now.mono + RETRY),
                (Some((conn, edit)), Ok(Some(reply))) => self.wrote(conn, edit, reply, out),
                (Some(asked), _) => {
                    self.store_failed = true;
                    self.failed.push(asked);
                    out.timer(Timer::Retry, now.mono + RETRY);
                }
            },
            Event::Timer(Timer::Retry) => {
                for (conn, edit) in std::mem::take(&mut self.failed) {
                    let ticket = out.store(self.set(conn, edit));
                    self.asked.remember(ticket, (conn, edit));
                }
                // What is in the store may be more than what is known here.
                out.store(Request::Load);
            }
            Event::Timer(Timer::Ping) => {
                out.send_all(self.joined(), Message::Ping);
                out.timer(Timer::Ping, now.mono + PING);
            }
            Event::Timer(Timer::Silence(conn)) => {
                out.close(conn, 4000, "silent");
                self.forget(conn, out);
            }
            Event::Closed(conn, _) => self.forget(conn, out),
            _ => {}
        }
    }
}
