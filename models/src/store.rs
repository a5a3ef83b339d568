//! The server's store: per document a log of events, what they came to, and which operations
//! were done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wavetank::history::{Change, Changes, Position};
use wavetank::id::{NodeId, OpId, Topic};
use wavetank::protocol::Store;

use crate::document::{self, Attribute, Content};

/// What an operation is to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// These fields.
    Write(Changes),
    /// A new element, which gets its number when it is committed.
    Insert,
}

/// One numbered event of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its document.
    pub doc: Topic,
    /// Its place in the order.
    pub position: Position,
    /// The operation that it came from.
    pub op: OpId,
    /// The node whose operation it was.
    pub author: NodeId,
    /// The instance of the client that sent it.
    pub instance: u64,
    /// Its number among the operations of that instance.
    pub client_seq: u32,
    /// What it wrote.
    pub changes: Changes,
}

/// An operation on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its document.
    pub doc: Topic,
    /// Its name.
    pub op: OpId,
    /// The node whose operation it is.
    pub author: NodeId,
    /// The instance of the client that sends it.
    pub instance: u64,
    /// Its number among the operations of that instance, from 1.
    pub client_seq: u32,
    /// What its author had seen.
    pub base: Option<Position>,
    /// What it is to write.
    pub edit: Edit,
    /// Whether an operation that was done before is recognised.
    pub dedup: bool,
}

/// Which operations of a client instance are done. They may be done out of their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// All up to this number.
    upto: u32,
    /// And these beyond it.
    beyond: BTreeSet<u32>,
}

impl Seen {
    /// One more is done.
    pub fn add(&mut self, client_seq: u32) {
        if client_seq > self.upto {
            self.beyond.insert(client_seq);
        }
        while self.beyond.remove(&(self.upto + 1)) {
            self.upto += 1;
        }
    }
    /// Whether one is done.
    pub fn has(&self, client_seq: u32) -> bool {
        client_seq <= self.upto || self.beyond.contains(&client_seq)
    }
}

/// What a server asks of its store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// A document as it is.
    Load(Topic),
    /// An operation to be done.
    Commit(Commit),
}

/// What a server knows of a document.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its document.
    pub doc: Topic,
    /// The last event's position.
    pub head: Position,
    /// What all events came to.
    pub content: Content,
    /// The events, oldest first.
    pub log: Vec<Arc<Event>>,
    /// Which operations of each client instance are done.
    pub seen: BTreeMap<u64, Seen>,
}

/// What the store answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A document.
    Loaded(Box<Loaded>),
    /// The operation is done.
    Committed(Arc<Event>),
    /// The operation had been done before.
    Duplicate(Arc<Event>),
}

#[derive(Clone, Debug, Default)]
struct Doc {
    seq: u64,
    content: Content,
    log: Vec<Arc<Event>>,
    done: BTreeMap<OpId, Arc<Event>>,
    seen: BTreeMap<u64, Seen>,
    inserted: u32,
}

/// The documents of a server.
#[derive(Clone, Debug)]
pub struct Documents {
    epoch: u32,
    docs: BTreeMap<Topic, Doc>,
}

impl Default for Documents {
    fn default() -> Self {
        Self { epoch: 1, docs: BTreeMap::new() }
    }
}

impl Documents {
    fn commit(&mut self, commit: Commit) -> Reply {
        let Commit { doc, op, author, instance, client_seq, edit, dedup, .. } = commit;
        let epoch = self.epoch;
        let state = self.docs.entry(doc).or_default();
        if let Some(event) = state.done.get(&op).filter(|_| dedup) {
            return Reply::Duplicate(Arc::clone(event));
        }
        let changes = match edit {
            Edit::Write(changes) => changes,
            Edit::Insert => {
                state.inserted += 1;
                let number = document::ELEMENTS + state.inserted;
                let field = document::element(number, Attribute::Label);
                [Change::set(field, document::value(op))].into_iter().collect()
            }
        };
        state.seq += 1;
        let position = Position::new(epoch, state.seq);
        document::apply(&mut state.content, &changes);
        let event = Arc::new(Event { doc, position, op, author, instance, client_seq, changes });
        state.log.push(Arc::clone(&event));
        state.done.insert(op, Arc::clone(&event));
        state.seen.entry(instance).or_default().add(client_seq);
        Reply::Committed(event)
    }
}

impl Store for Documents {
    type Request = Request;
    type Reply = Reply;

    fn apply(&mut self, request: Request) -> Reply {
        match request {
            Request::Load(doc) => {
                let state = self.docs.get(&doc).cloned().unwrap_or_default();
                let head = Position::new(self.epoch, state.seq);
                let Doc { content, log, seen, .. } = state;
                Reply::Loaded(Box::new(Loaded { doc, head, content, log, seen }))
            }
            Request::Commit(commit) => self.commit(commit),
        }
    }

    fn restored(&mut self, lineage: u32) {
        self.epoch = lineage;
    }
}
