//! A server instance: rooms of clients, one store behind them.

mod again;
mod check;
mod commit;
mod doors;
mod ends;
mod errors;
mod fanout;
mod heartbeat;
mod instances;
mod limits;
mod load;
mod memory;
mod notices;
mod order;
mod parts;
mod pipeline;
mod rate;
mod refuse;
mod registry;
mod requests;
mod room;
mod steps;
mod sync;
mod version;

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;
use wavetank::history::{Caller, Changes, Position};
use wavetank::id::{ConnId, NodeId, OpId, Topic};
use wavetank::protocol::{Awaiting, Boot, Conns, Event, Node, Outbox};
use wavetank::time::{Mono, Now};

use crate::client::REQUEST_PATH;
use crate::config::{Beat, Config};
use crate::message::{CONFLICT, FORBIDDEN, Message, Word};
use crate::meter::Meter;
use crate::probed::Probed;
use crate::protocol::{DOC, DocSync, Op, Timer};
use crate::store::{self, Commit, Loaded, Reply};
use ends::STOPPED;
use pipeline::Outcome;
use room::Room;
pub use steps::{Entering, Steps};

/// What the server keeps of a connection.
#[derive(Debug)]
pub struct Session {
    /// Who dialled.
    pub from: Caller,
    /// The instance of the client, once it has subscribed.
    pub instance: Option<u64>,
    /// The documents that it is subscribed to, once that was answered.
    pub docs: SmallVec<[Topic; 2]>,
    /// Whether it counts as one that the server holds.
    pub counted: bool,
    /// The document whose room it enters with its next message; the reference has none.
    pub enters: Option<Topic>,
    /// When the peer last gave a sign of life.
    pub heard: Now,
    /// The stamp of the newest ping.
    pub pinged: Option<u64>,
    /// How many events were told on it.
    pub told: u64,
    /// The version of the protocol that is spoken on it.
    pub version: u8,
}

/// What an answer of the store is for.
#[derive(Clone, Debug)]
enum Wait {
    Load(Topic),
    Check(Topic),
    /// What was read is told to nobody before it is sure to last.
    Settle(Topic, Box<Loaded>),
    /// An operation, and when the store was asked for it.
    Commit(Option<ConnId>, Commit, Mono),
    Flush(Option<ConnId>, Commit, Arc<store::Event>),
    /// A refusal is told to nobody before it is sure to last.
    Refusal(Option<ConnId>, Commit),
    /// Who was sent a document enters its room; the reference does not wait for that.
    Enter(ConnId, Topic),
}

impl Wait {
    /// The operation that the store was asked for.
    const fn commit(&self) -> Option<&Commit> {
        match self {
            Self::Commit(_, commit, _) | Self::Flush(_, commit, _) | Self::Refusal(_, commit) => {
                Some(commit)
            }
            Self::Load(_) | Self::Check(_) | Self::Settle(..) | Self::Enter(..) => None,
        }
    }
}

/// A server instance.
pub struct Server {
    me: NodeId,
    /// What the operations of its pipeline are lined up under. What an earlier process wrote is
    /// somebody else's.
    own_instance: u64,
    /// The other instances.
    others: Vec<NodeId>,
    config: Arc<Config>,
    steps: Steps,
    /// The heartbeat that the policy asks for.
    stated_beat: Probed<Beat>,
    limits: limits::Limits,
    load: load::Load,
    doors: doors::Doors,
    rates: rate::Rates,
    /// The smaller of the policy's and the objectives' limits.
    buffer_limit: Probed<u32>,
    sessions: Conns<Session>,
    registry: registry::Registry,
    rooms: BTreeMap<Topic, Room>,
    /// The last event that was written to each client instance. What a client says that it
    /// has, and this, tell how much was lost on the way.
    written: BTreeMap<u64, Position>,
    memory: memory::Memory,
    awaiting: Awaiting<Wait>,
    again: again::Again,
    lines: order::Lines,
    notices: notices::Notices,
    /// Events that are to be told together.
    batch: Vec<Arc<store::Event>>,
    pipeline: pipeline::Pipeline,
    parts: parts::Parts,
    /// Connections for one request each, and who makes it.
    requests: Conns<requests::Asker>,
    /// Whether its operator has stopped it.
    stopped: bool,
    /// Whether anybody reads its log.
    logs: bool,
    /// What is counted while the server is watched.
    meter: Option<Box<Meter>>,
}

impl Server {
    /// A server that holds nothing yet.
    pub fn new(boot: Boot<'_, DocSync>) -> Self {
        let mut steps = Steps::default();
        crate::flaws::install_server(&boot.config.flaws, &mut steps);
        let most = boot.objectives.queue_max - boot.objectives.queue_max / 4;
        let buffer_limit =
            boot.config.policy.server.fanout.map(|fanout| match fanout.buffer_limit {
                0 => u32::MAX,
                limit => limit.min(most),
            });
        let beat = &boot.config.policy.server.heartbeat;
        Self {
            me: boot.me,
            own_instance: u64::from(boot.me.0) << 16 | u64::from(boot.incarnation),
            others: instances::others(&boot),
            config: Arc::clone(boot.config),
            stated_beat: beat.map(|beat| Beat { interval: beat.interval, timeout: beat.timeout }),
            steps,
            limits: limits::Limits::new(&boot.config.policy.server.limits, boot.objectives),
            load: load::Load::new(&boot.config.policy.server.overload, boot.objectives),
            rates: rate::Rates::new(&boot.config.policy.server.rate, boot.objectives),
            doors: doors::Doors::new(&boot.config.policy.server.auth, boot.objectives),
            buffer_limit,
            sessions: Conns::default(),
            registry: registry::Registry::default(),
            rooms: BTreeMap::new(),
            written: BTreeMap::new(),
            memory: memory::Memory::default(),
            awaiting: Awaiting::default(),
            again: again::Again::default(),
            lines: order::Lines::default(),
            notices: notices::Notices::default(),
            batch: Vec::new(),
            pipeline: pipeline::Pipeline::new(&boot.objectives.stages),
            parts: parts::Parts::default(),
            requests: Conns::default(),
            stopped: false,
            logs: boot.objectives.monitoring.is_some(),
            meter: Meter::of_server(
                boot.objectives,
                crate::flaws::server_meter(&boot.config.flaws),
            ),
        }
    }

    fn message(&mut self, now: Now, conn: ConnId, message: &Message, out: &mut Outbox<DocSync>) {
        if self.is_too_big(conn, message.size(), out) {
            return;
        }
        if self.ignores(now, conn) {
            return;
        }
        self.heard(now, conn, message, out);
        if self.is_slow(conn, out) || !self.admits(now, conn, message, out) {
            return;
        }
        match message {
            Message::Subscribe { doc, instance, since } => {
                self.subscribe(now, conn, *doc, *instance, *since, out);
            }
            Message::Op(commit) if !self.has_turn(now, conn, commit, out) => {}
            Message::Op(commit) if !self.is_own(conn, commit) => {
                self.refuse(Some(conn), commit, FORBIDDEN, out);
            }
            Message::SyncRequest { doc, since } if self.config.policy.server.sync.answer => {
                self.catch_up(now, conn, *doc, *since, out);
            }
            Message::Unsubscribe { doc } => self.release(conn, *doc),
            Message::Op(commit) => self.take_op(now, Some(conn), commit.clone(), out),
            Message::Ping { stamp, .. } => {
                out.send(conn, Message::Pong { stamp: *stamp, cursor: None }).whatever();
            }
            Message::Pointer { doc, op } => self.pass_on(conn, *doc, *op, out),
            Message::Got => self.send_next_part(conn, out),
            _ => {}
        }
    }

    fn operation(&mut self, now: Now, id: OpId, op: &Op, out: &mut Outbox<DocSync>) {
        match op {
            Op::Stage(stage) => self.report_stage(now, id, *stage, Outcome::Done, out),
            Op::Fail(stage) => self.report_stage(now, id, *stage, Outcome::Failed, out),
            Op::Skip(_) => self.produce(now, id, op.changes(id), None, out),
            Op::Restart => self.restart_pipeline(now, id, out),
            Op::Progress(stage) => self.progress(id, *stage, out),
            Op::Shutdown => self.stop(out),
            _ => {}
        }
    }

    /// Takes an operation of the pipeline, which has seen as much of the document.
    fn produce(
        &mut self,
        now: Now,
        id: OpId,
        changes: Changes,
        base: Option<Position>,
        out: &mut Outbox<DocSync>,
    ) {
        let commit = Commit {
            doc: DOC,
            op: id,
            author: self.me,
            instance: self.own_instance,
            client_seq: 0,
            base,
            edit: store::Edit::Write(changes),
            made: now.wall,
            manner: store::Manner::default(),
        };
        self.take_op(now, None, commit, out);
    }

    fn handle(&mut self, now: Now, event: Event<'_, DocSync>, out: &mut Outbox<DocSync>) {
        match event {
            Event::Accepted(conn, _) if self.stopped => out.refuse(conn, STOPPED),
            Event::Accepted(conn, hello) if hello.path == REQUEST_PATH => {
                self.accept_request(now, conn, hello, out);
            }
            Event::Accepted(conn, _) if self.sheds(now, conn, out) => {}
            Event::Accepted(conn, hello) => self.accept(now, conn, hello, out),
            Event::Message(conn, message) if self.requests.get(conn).is_some() => {
                self.answer(now, conn, message, out);
            }
            Event::Message(conn, message) => self.message(now, conn, message, out),
            Event::Malformed(conn, bytes) => self.unreadable(now, conn, bytes, out),
            Event::Closed(conn, closing) => self.gone(conn, closing, out),
            Event::Timer(Timer::Ping(conn)) => self.ping(now, conn, out),
            Event::Timer(Timer::Deadline(conn, caller)) => self.deadline(now, conn, caller, out),
            Event::Timer(Timer::Batch) => self.tell_batch(out),
            Event::Timer(Timer::Door(conn)) => self.look_at_door(now, conn, out),
            Event::Issuer(ticket, answer) => self.door_checked(now, ticket, &answer, out),
            Event::Timer(Timer::Level(doc)) => self.level(doc, out),
            Event::Timer(Timer::Age(conn)) => self.aged(conn, out),
            Event::Cast(_, message) => self.heard_of(now, message, out),
            Event::Op(id, op) => self.operation(now, id, op, out),
            Event::Timer(Timer::Again) => self.probe_store(now, out),
            Event::Stored(ticket, result) => {
                let Some(wait) = self.awaiting.recall(ticket) else { return };
                if let Wait::Commit(_, _, asked) = &wait {
                    let blocked = (self.steps.blocks)(now.mono.since(*asked));
                    if !blocked.is_zero() {
                        out.busy(blocked);
                    }
                }
                match result {
                    Ok(reply) => {
                        self.store_works(now, out);
                        self.stored(now, wait, reply, out);
                    }
                    Err(_) => self.store_failed(now, ticket, wait, out),
                }
            }
            _ => {}
        }
    }

    /// The store has done what it was asked for.
    fn stored(&mut self, now: Now, wait: Wait, reply: Option<Reply>, out: &mut Outbox<DocSync>) {
        match (wait, reply) {
            (Wait::Load(doc), Some(Reply::Loaded(loaded))) => {
                let ticket = out.flush();
                self.awaiting.remember(ticket, Wait::Settle(doc, loaded));
            }
            (Wait::Load(doc), _) => self.load(doc, out),
            (Wait::Settle(doc, loaded), _) => self.loaded(now, doc, *loaded, out),
            (Wait::Check(doc), reply) => self.checked(now, doc, reply, out),
            (Wait::Enter(conn, doc), _) => self.enter(conn, doc, out),
            (Wait::Commit(conn, commit, _), reply) => {
                self.committed(now, conn, commit, reply, out);
            }
            (Wait::Flush(conn, commit, event), _) => {
                let conn = self.asker(conn, &commit);
                if self.is_news(&event) {
                    self.notify(conn, &commit, Word::Done, out);
                }
                self.durable(now, conn, &event, out);
                self.step_up(now, &commit, out);
            }
            (Wait::Refusal(conn, commit), _) => {
                let conn = self.asker(conn, &commit);
                self.refuse(conn, &commit, CONFLICT, out);
                self.step_up(now, &commit, out);
            }
        }
    }
}

impl Node<DocSync> for Server {
    fn on_event(&mut self, now: Now, event: Event<'_, DocSync>, out: &mut Outbox<DocSync>) {
        let Some(mut meter) = self.meter.take() else { return self.handle(now, event, out) };
        let asked = meter.comes(now, &event, None, out);
        let done = out.effects().len();
        self.handle(now, event, out);
        meter.goes(now, done, out);
        if asked {
            meter.scrape(now, out);
        }
        self.meter = Some(meter);
    }
}
