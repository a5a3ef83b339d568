//! A server instance: rooms of clients, one store behind them.

mod check;
mod commit;
mod fanout;
mod heartbeat;
mod order;
mod refuse;
mod room;
mod sync;

use std::collections::BTreeMap;
use std::sync::Arc;

use wavetank::history::Position;
use wavetank::id::{ConnId, Field, NodeId, OpId, Topic};
use wavetank::protocol::{Awaiting, Boot, Conns, Event, Node, Outbox};
use wavetank::time::{Mono, Now};

use crate::config::Config;
use crate::message::{CONFLICT, Message, Since};
use crate::protocol::{DOC, DocSync, Op, Timer};
use crate::store::{self, Commit, Loaded, Reply};
use room::Room;

/// What the server keeps of a connection.
#[derive(Debug)]
pub struct Session {
    /// The instance of the client, once it has subscribed.
    pub instance: Option<u64>,
    /// The document that it is subscribed to, once that was answered.
    pub doc: Option<Topic>,
    /// When the peer last gave a sign of life.
    pub heard: Mono,
    /// The stamp of the newest ping.
    pub pinged: Option<u64>,
}

/// Steps of the server that can be done wrong. The defaults are the reference.
#[derive(Clone, Copy)]
pub struct Steps {
    /// `server.heartbeat.check`: when to look whether a connection is silent, given when it
    /// would be too long and when the next ping is due.
    pub check_silence: fn(limit: Mono, next_ping: Mono) -> Mono,
    /// `server.sync.resume_from`: where to resume, given what the client says that it has and
    /// what was written to it so far.
    pub resume_from: fn(stated: Since, written: Option<Position>) -> Since,
    /// `server.sync.snapshot_parts`: whether a field is part of a snapshot.
    pub snapshot_holds: fn(Field) -> bool,
    /// `server.log.covers`: whether an event is told to the room.
    pub covers: fn(&store::Event) -> bool,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            check_silence: |limit, _| limit,
            resume_from: |stated, _| stated,
            snapshot_holds: |_| true,
            covers: |_| true,
        }
    }
}

/// What an answer of the store is for.
#[derive(Clone, Debug)]
enum Wait {
    Load(Topic),
    Check(Topic),
    /// What was read is told to nobody before it is sure to last.
    Settle(Topic, Box<Loaded>),
    Commit(Option<ConnId>, Commit),
    Flush(Option<ConnId>, Commit, Arc<store::Event>),
    /// A refusal is told to nobody before it is sure to last.
    Refusal(Option<ConnId>, Commit),
}

/// A server instance.
pub struct Server {
    me: NodeId,
    config: Arc<Config>,
    steps: Steps,
    /// The smaller of the policy's and the objectives' limits.
    buffer_limit: u32,
    sessions: Conns<Session>,
    rooms: BTreeMap<Topic, Room>,
    /// The last event that was written to each client instance. What a client says that it
    /// has, and this, tell how much was lost on the way.
    written: BTreeMap<u64, Position>,
    awaiting: Awaiting<Wait>,
    lines: order::Lines,
}

impl Server {
    /// A server that holds nothing yet.
    pub fn new(boot: Boot<'_, DocSync>) -> Self {
        let mut steps = Steps::default();
        crate::flaws::install_server(&boot.config.flaws, &mut steps);
        let buffer_limit = match boot.config.policy.server.fanout.buffer_limit {
            0 => u32::MAX,
            limit => limit.min(boot.objectives.queue_max - boot.objectives.queue_max / 4),
        };
        Self {
            me: boot.me,
            config: Arc::clone(boot.config),
            steps,
            buffer_limit,
            sessions: Conns::default(),
            rooms: BTreeMap::new(),
            written: BTreeMap::new(),
            awaiting: Awaiting::default(),
            lines: order::Lines::default(),
        }
    }

    fn message(&mut self, now: Now, conn: ConnId, message: &Message, out: &mut Outbox<DocSync>) {
        self.heard(now, conn, message);
        match message {
            Message::Subscribe { doc, instance, since } => {
                self.subscribe(now, conn, *doc, *instance, *since, out);
            }
            Message::SyncRequest { doc, since } => self.catch_up(now, conn, *doc, *since, out),
            Message::Op(commit) => self.take_op(now, Some(conn), commit.clone(), out),
            Message::Ping { stamp, .. } => {
                out.send(conn, Message::Pong { stamp: *stamp, cursor: None }).whatever();
            }
            _ => {}
        }
    }

    fn operation(&mut self, now: Now, id: OpId, op: &Op, out: &mut Outbox<DocSync>) {
        match op {
            Op::Stage(_) => {}
            Op::Progress(stage) => return self.progress(id, *stage, out),
            _ => return,
        }
        let commit = Commit {
            doc: DOC,
            op: id,
            author: self.me,
            instance: u64::from(self.me.0),
            client_seq: 0,
            base: None,
            edit: store::Edit::Write(op.changes(id)),
            dedup: true,
        };
        self.take_op(now, None, commit, out);
    }
}

impl Node<DocSync> for Server {
    fn on_event(&mut self, now: Now, event: Event<'_, DocSync>, out: &mut Outbox<DocSync>) {
        match event {
            Event::Accepted(conn, _) => self.accept(now, conn, out),
            Event::Message(conn, message) => self.message(now, conn, message, out),
            Event::Closed(conn, _) => self.forget(conn, out),
            Event::Timer(Timer::Ping(conn)) => self.ping(now, conn, out),
            Event::Timer(Timer::Deadline(conn)) => self.deadline(now, conn, out),
            Event::Op(id, op) => self.operation(now, id, op, out),
            Event::Stored(ticket, result) => {
                let Some(wait) = self.awaiting.recall(ticket) else { return };
                if result.is_err() {
                    out.mark("store-failed");
                }
                match (wait, result) {
                    (Wait::Load(doc), Ok(Some(Reply::Loaded(loaded)))) => {
                        let ticket = out.flush();
                        self.awaiting.remember(ticket, Wait::Settle(doc, loaded));
                    }
                    (Wait::Settle(doc, loaded), Ok(_)) => self.loaded(now, doc, *loaded, out),
                    (Wait::Load(doc) | Wait::Settle(doc, _), _) => self.load(doc, out),
                    (Wait::Check(doc), result) => self.checked(doc, result.ok().flatten(), out),
                    (Wait::Commit(conn, commit), result) => {
                        self.committed(conn, commit, result.ok().flatten(), out);
                    }
                    (Wait::Flush(conn, commit, event), Ok(_)) => {
                        self.durable(now, conn, &event, out);
                        self.step_up(&commit, out);
                    }
                    (Wait::Refusal(conn, commit), Ok(_)) => {
                        self.refuse(conn, commit.op, CONFLICT, out);
                        self.step_up(&commit, out);
                    }
                    (Wait::Flush(conn, commit, _) | Wait::Refusal(conn, commit), Err(_)) => {
                        self.commit(conn, commit, out);
                    }
                }
            }
            _ => {}
        }
    }
}
