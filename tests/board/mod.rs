//! A small protocol to try drivers with: a board of fields that everybody sets and sees.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wavetank::history::{
    Change, Changes, Connection, Kind, Meaning, OpState, Position, Request as Sort, Value, Write,
};
use wavetank::id::{ConnId, Field, NodeId, OpId, Topic};
use wavetank::invariant::{
    AtMostOnceEffect, Convergence, Judged, NoLostEdit, NoStateRegression, Suite,
};
use wavetank::objectives::Objectives;
use wavetank::protocol::{
    Awaiting, Boot, Conns, Event, Mark, Node, Outbox, Protocol, Store as Keeps,
};
use wavetank::rng::Rng;
use wavetank::time::{Mono, Now, Span};

const BOARD: Topic = Topic(1);
const PING: Span = Span::secs(1);
const SILENCE: Span = Span::secs(4);

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
        Server { limit: boot.config.limit, ..Server::default() }
    }
    fn client(boot: Boot<'_, Self>) -> Client {
        let tab = boot.peers.iter().find(|peer| peer.same_device).map(|peer| peer.id);
        let server = boot.peers.iter().find(|peer| peer.role == Role::Server);
        Client {
            me: boot.me,
            tab,
            server: server.expect("a case with a server").id,
            deaf: boot.config.deaf,
            rng: boot.rng,
            conn: None,
            joined: false,
            seq: 0,
            pending: Vec::new(),
        }
    }
    fn size(message: &Message) -> u32 {
        match message {
            Message::Whole(_, fields) => 16 + 12 * fields.len() as u32,
            _ => 24,
        }
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
        let (Request::Set(edit), Reply::Set { seq, new }) = (request, reply) else { return None };
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
    fn invariants(_objectives: &Objectives) -> Suite<Self> {
        Suite { history: Vec::new(), state: Vec::new() }
            .and(Convergence::new(Self::field))
            .and(NoLostEdit::default())
            .and(AtMostOnceEffect::default())
            .and(NoStateRegression::default())
    }
}

/// Keeps the board, and tells everybody what is new.
#[derive(Default)]
pub(crate) struct Server {
    limit: usize,
    loaded: bool,
    seq: u64,
    fields: BTreeMap<Field, Value>,
    /// Whether each connection has joined.
    conns: Conns<bool>,
    asked: Awaiting<(ConnId, Edit)>,
}

impl Server {
    fn welcome(&self, conn: ConnId, out: &mut Outbox<Board>) {
        let fields = self.fields.iter().map(|(field, value)| (*field, *value)).collect();
        out.send(conn, Message::Whole(self.seq, fields)).whatever();
    }
    fn joined(&self) -> Vec<ConnId> {
        self.conns.iter().filter(|(_, joined)| **joined).map(|(conn, _)| conn).collect()
    }
    fn forget(&mut self, conn: ConnId, out: &mut Outbox<Board>) {
        self.conns.remove(conn);
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
                out.timer(Timer::Silence(conn), now.mono + SILENCE);
            }
            Event::Message(conn, Message::Join) => {
                self.conns.insert(conn, true);
                if self.loaded {
                    self.welcome(conn, out);
                }
            }
            Event::Message(conn, Message::Set(edit)) => {
                let ticket = out.store(Request::Set(*edit));
                self.asked.remember(ticket, (conn, *edit));
            }
            Event::Stored(ticket, answer) => match (self.asked.recall(ticket), answer) {
                (_, Ok(Some(Reply::Loaded(seq, fields)))) => {
                    (self.loaded, self.seq, self.fields) = (true, seq, fields);
                    for conn in self.joined() {
                        self.welcome(conn, out);
                    }
                }
                (None, _) => drop(out.store(Request::Load)),
                (Some((conn, edit)), Ok(Some(reply))) => self.wrote(conn, edit, reply, out),
                (Some((conn, edit)), _) => {
                    let ticket = out.store(Request::Set(edit));
                    self.asked.remember(ticket, (conn, edit));
                    // What is in the store may be more than what is known here.
                    out.store(Request::Load);
                }
            },
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

/// Sets fields, and shows the board.
pub(crate) struct Client {
    me: NodeId,
    tab: Option<NodeId>,
    server: NodeId,
    deaf: bool,
    rng: Rng,
    conn: Option<ConnId>,
    joined: bool,
    seq: u64,
    pending: Vec<Edit>,
}

impl Client {
    fn dial(&mut self, now: Now, out: &mut Outbox<Board>) {
        let conn = out.dial(self.server, format!("client {}", self.me));
        self.conn = Some(conn);
        out.show_connection(Connection::Reconnecting);
        out.timer(Timer::Silence(conn), now.mono + SILENCE);
    }
    fn lost(&mut self, now: Mono, out: &mut Outbox<Board>) {
        if let Some(conn) = self.conn.take() {
            out.cancel(Timer::Silence(conn));
        }
        self.joined = false;
        out.show_connection(Connection::Reconnecting);
        let delay = self.rng.span(Span::millis(300), Span::millis(900));
        out.timer(Timer::Retry, now + delay);
    }
    fn whole(
        &mut self,
        conn: ConnId,
        seq: u64,
        fields: &[(Field, Value)],
        out: &mut Outbox<Board>,
    ) {
        if self.seq > 0 {
            out.mark("resync");
        }
        if self.joined && seq < self.seq {
            return;
        }
        (self.joined, self.seq) = (true, seq);
        let content = fields.iter().map(|(field, value)| Change::set(*field, *value));
        out.show_whole(BOARD, Position::new(1, seq), 0, content);
        out.show_connection(Connection::Live);
        for edit in &self.pending {
            out.send(conn, Message::Set(*edit)).whatever();
        }
    }
    fn op(&mut self, now: Now, op: OpId, operation: &Op, out: &mut Outbox<Board>) {
        match operation {
            Op::Set(field) => {
                let edit = Edit { op, author: self.me, field: *field, value: value(op) };
                self.pending.push(edit);
                out.show_op(op, OpState::Pending);
                if let Some(conn) = self.conn.filter(|_| self.joined) {
                    out.send(conn, Message::Set(edit)).whatever();
                }
            }
            Op::Whisper => {
                if let Some(tab) = self.tab {
                    out.cast(tab, Message::Whisper(op));
                }
            }
            Op::Leave => {
                if let Some(conn) = self.conn.take() {
                    out.close(conn, 4001, "bye");
                    out.cancel(Timer::Silence(conn));
                }
                out.show_connection(Connection::Closed);
            }
            Op::Trip => panic!("Bob tripped"),
            Op::Spin => out.timer(Timer::Spin, now.mono),
        }
    }
}

impl Node<Board> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, Board>, out: &mut Outbox<Board>) {
        if event.conn().is_some_and(|conn| self.conn != Some(conn)) {
            return;
        }
        if let Event::Message(conn, _) = event {
            out.timer(Timer::Silence(conn), now.mono + SILENCE);
        }
        match event {
            Event::Start => self.dial(now, out),
            Event::Op(id, op) => self.op(now, id, op, out),
            Event::Opened(conn) => out.send(conn, Message::Join).whatever(),
            Event::Message(conn, Message::Whole(seq, fields)) => {
                self.whole(conn, *seq, fields, out);
            }
            Event::Message(conn, Message::Event(seq, edit)) if self.joined => {
                if *seq > self.seq + 1 {
                    return out.send(conn, Message::Join).whatever();
                }
                if *seq <= self.seq {
                    return;
                }
                self.seq = *seq;
                let change = Change::set(edit.field, edit.value);
                let shown = (!self.deaf || seq % 3 != 0).then_some(change);
                out.show_changes(BOARD, Position::new(1, *seq), 0, shown);
            }
            Event::Message(_, Message::Saved(op)) => {
                self.pending.retain(|edit| edit.op != *op);
                out.show_op(*op, OpState::Saved);
            }
            Event::Message(conn, Message::Ping) => out.send(conn, Message::Pong).whatever(),
            Event::Timer(Timer::Silence(conn)) if self.conn == Some(conn) => {
                out.close(conn, 4000, "silent");
                self.lost(now.mono, out);
            }
            Event::Timer(Timer::Retry) => self.dial(now, out),
            Event::Timer(Timer::Spin) => out.timer(Timer::Spin, now.mono),
            Event::Refused(..) | Event::Closed(..) => self.lost(now.mono, out),
            _ => {}
        }
    }
}
