//! Workload W as a protocol: what engines are compared by.
//!
//! One server puts the edits of one document in order; each client makes four edits a second,
//! is cut off for ten seconds once a minute, and comes back asking for what it has missed. One
//! property is checked on every event. `wavetank run w` runs it once.

mod workload;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use wavetank::engine::{Latency, Network, NodeSpec, Seen, Topology};
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::history::{
    Change, Changes, Interest, Kind, Meaning, Observation, Position, Request, Value, Write,
};
use wavetank::id::{ConnId, Field, NodeId, OpId, Topic};
use wavetank::invariant::{Invariant, Judged, Ruling, Suite};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Conns, Event, Node, Outbox, Protocol, Store};
use wavetank::time::{Now, Span, Time};

pub use workload::{
    Cut, Entry, Gapless, LATENCY, Message, PING_EVERY, Page, RETRY_AFTER, Room, Setup,
};

const SERVER: NodeId = NodeId(0);

/// Workload W.
#[derive(Clone, Debug, PartialEq)]
pub struct W;

/// The kinds of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Orders edits.
    Server,
    /// Makes them.
    Client,
}

/// A client's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// The next edit is due.
    Edit,
    /// The next ping is due.
    Ping,
    /// The next dial is due.
    Retry,
}

/// W keeps nothing beyond the life of a node.
#[derive(Clone, Default)]
pub struct NoStore;

impl Store for NoStore {
    type Request = ();
    type Reply = ();
    fn apply(&mut self, (): ()) {}
    fn restored(&mut self, _lineage: u32) {}
}

impl Protocol for W {
    const NAME: &'static str = "w";
    type Message = Message;
    type Op = ();
    type Hello = ();
    type Config = Setup;
    type Role = Role;
    type Timer = Timer;
    type Task = ();
    type Store = NoStore;
    type Server = Server;
    type Client = Client;

    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(boot: Boot<'_, Self>) -> Server {
        let documents = boot.config.documents.max(1) as usize;
        Server {
            documents: (0..documents).map(|_| Document::default()).collect(),
            joined: Conns::default(),
        }
    }
    fn client(boot: Boot<'_, Self>) -> Client {
        Client {
            page: Page::new(boot.me.0, boot.rng),
            conn: None,
            is_open: false,
            setup: **boot.config,
        }
    }
    fn size(message: &Message) -> u32 {
        32 + 16 * Page::entries(message).len() as u32
    }
    fn meaning(message: &Message) -> Meaning {
        let at = |kind, entry: &Entry| Meaning::of(kind).position(Position::new(1, entry.seq));
        match message {
            Message::Join { last, .. } => {
                Meaning::of(Kind::SyncRequest).cursor(Some(Position::new(1, *last)))
            }
            Message::Edit { nth } => Meaning::of(Kind::Op).stamp(*nth),
            Message::Ack(entry) => at(Kind::Ack, entry).stamp(entry.nth),
            Message::Event(entry) => at(Kind::Event, entry),
            Message::Missed(_) => Meaning::of(Kind::Delta),
            Message::Ping => Meaning::of(Kind::Ping),
            Message::Pong => Meaning::of(Kind::Pong),
        }
    }
    fn request(_op: OpId, (): &()) -> (Request, Changes) {
        (Request::Edit, Changes::new())
    }
    fn write((): &(), (): &()) -> Option<Write> {
        None
    }
}

impl Judged for W {
    fn invariants(_objectives: &Objectives) -> Suite<Self> {
        Suite { history: vec![Box::new(Gapless::default())], state: Vec::new() }
    }
}

/// Puts the edits of each document in order.
pub struct Server {
    documents: Vec<Document>,
    /// The document that a connection is about.
    joined: Conns<u32>,
}

#[derive(Default)]
struct Document {
    room: Room,
    members: Conns<u32>,
}

impl Node<W> for Server {
    fn on_event(&mut self, _now: Now, event: Event<'_, W>, out: &mut Outbox<W>) {
        match event {
            Event::Message(conn, message) => self.message(conn, message, out),
            Event::Closed(conn, _) => {
                if let Some(document) = self.joined.remove(conn) {
                    self.documents[document as usize].members.remove(conn);
                }
            }
            _ => {}
        }
    }
}

impl Server {
    fn message(&mut self, conn: ConnId, message: &Message, out: &mut Outbox<W>) {
        match message {
            Message::Join { me, last } => {
                let place = document_of(*me, self.documents.len() as u32);
                let document = &mut self.documents[place as usize];
                self.joined.insert(conn, place);
                document.members.insert(conn, *me);
                out.send(conn, Message::Missed(document.room.since(*last))).whatever();
            }
            Message::Edit { nth } => {
                let Some(place) = self.joined.get(conn) else { return };
                let Document { room, members } = &mut self.documents[*place as usize];
                let Some(author) = members.get(conn) else { return };
                let Some(entry) = room.edit(*author, *nth) else { return };
                out.send(conn, Message::Ack(entry)).whatever();
                let others = members.iter().map(|(other, _)| other).filter(|to| *to != conn);
                out.send_all(others, Message::Event(entry));
            }
            Message::Ping => out.send(conn, Message::Pong).whatever(),
            _ => {}
        }
    }
}

/// Makes edits, and shows the document.
pub struct Client {
    page: Page,
    conn: Option<ConnId>,
    is_open: bool,
    setup: Setup,
}

/// The document that a client edits.
const fn document_of(client: u32, documents: u32) -> u32 {
    (client - 1) % documents
}

impl Node<W> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, W>, out: &mut Outbox<W>) {
        if event.conn().is_some_and(|conn| self.conn != Some(conn)) {
            return;
        }
        match event {
            Event::Start => {
                self.conn = Some(out.dial(SERVER, ()));
                if self.setup.edits {
                    out.timer(Timer::Edit, now.mono + self.page.pause());
                }
                if self.setup.pings {
                    out.timer(Timer::Ping, now.mono + PING_EVERY);
                }
            }
            Event::Opened(conn) => {
                self.is_open = true;
                for message in self.page.greeting() {
                    out.send(conn, message).whatever();
                }
            }
            Event::Message(_, message) => self.message(message, out),
            Event::Closed(..) | Event::Refused(..) => {
                self.conn = None;
                self.is_open = false;
                out.timer(Timer::Retry, now.mono + RETRY_AFTER);
            }
            Event::Timer(Timer::Retry) => self.conn = Some(out.dial(SERVER, ())),
            Event::Timer(Timer::Edit) => {
                let edit = self.page.edit();
                self.send(edit, out);
                out.timer(Timer::Edit, now.mono + self.page.pause());
            }
            Event::Timer(Timer::Ping) => {
                self.send(Message::Ping, out);
                out.timer(Timer::Ping, now.mono + PING_EVERY);
            }
            _ => {}
        }
    }
}

impl Client {
    fn send(&self, message: Message, out: &mut Outbox<W>) {
        if let Some(conn) = self.conn.filter(|_| self.is_open) {
            out.send(conn, message).whatever();
        }
    }

    fn message(&mut self, message: &Message, out: &mut Outbox<W>) {
        if matches!(message, Message::Missed(_)) {
            out.mark("joined");
        }
        let topic = Topic(document_of(self.page.me(), self.setup.documents.max(1)));
        for entry in Page::entries(message) {
            self.page.show(*entry);
            let change = Change::set(Field(entry.author), Value::new(entry.nth));
            let pending = self.page.pending() as u32;
            out.show_changes(topic, Position::new(1, entry.seq), pending, [change]);
        }
    }
}

impl Invariant for Gapless {
    fn name(&self) -> &'static str {
        "gapless"
    }
    fn statement(&self) -> &'static str {
        "What a client shows never goes back and leaves nothing out."
    }
    fn interest(&self) -> Interest {
        Interest::CONTENT
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Observation::ShownContent(reading) = seen.what else { return };
        if let Err(due) = self.show(seen.node.0, reading.position.seq) {
            let message = format!("showed {} where {due} was due", reading.position.seq);
            ruling.violated(seen.node, message);
        }
    }
}

/// W as a scenario: a seed changes the latencies and the pauses between edits, and nothing else.
pub struct Workload;

impl Scenario<W> for Workload {
    fn name(&self) -> &'static str {
        "w"
    }
    fn about(&self) -> &'static str {
        "Clients edit one document and are cut off once a minute: what engines are compared by."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["joined"]
    }
    fn cases(&self, setup: &Setup) -> BoxedStrategy<Case<W>> {
        Just(case(setup)).boxed()
    }
}

fn case(setup: &Setup) -> Case<W> {
    let node = |id, role| NodeSpec::new(NodeId(id), role);
    let clients = (1..=setup.clients).map(|id| node(id, Role::Client));
    let nodes = std::iter::once(node(SERVER.0, Role::Server)).chain(clients).collect();
    let mut case = Case::new(Topology { nodes, stores: Vec::new() }, *setup);
    let cuts = setup.cuts().into_iter().flat_map(|cut| {
        let (client, from) = (NodeId(cut.client), Time::ZERO + cut.from);
        let reset = FaultKind::Connection(ConnectionFault::Reset(client, SERVER));
        let cut_off = FaultKind::Link(LinkFault::Partition(vec![client], vec![SERVER]));
        let lasts = cut.until.saturating_sub(cut.from);
        [Fault::at(from, reset), Fault::lasting(from, lasts, cut_off)]
    });
    let down = Fault::lasting(
        Time::ZERO + Span::secs(60),
        Span::secs(10),
        FaultKind::Node(NodeFault::Crash(SERVER)),
    );
    case.plan = Plan::new(cuts.chain(setup.restart.then_some(down)).collect());
    case.network = Network { latency: Latency::Uniform(LATENCY.0, LATENCY.1), ..case.network };
    case.horizon = Time::ZERO + setup.length();
    case.settle = Span::ZERO;
    case.events_max = Some(u64::MAX);
    case
}
