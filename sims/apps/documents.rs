//! Documents and what is said of them, with nothing of a network: the part that two servers
//! share. None of these files knows that there is such a thing as a simulation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// A place in the order of a document's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    epoch: u32,
    seq: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    field: u32,
    value: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub enum Since {
    Nothing,
    Position(Position),
    Time(u64),
    Whatever,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Restore {
    of: u32,
    wrote: Vec<Change>,
    before: Vec<Change>,
}

#[derive(Clone, Debug, Deserialize)]
pub enum Edit {
    Write(Vec<Change>),
    Insert,
    Paste(Vec<Change>, u32),
    Restore(Restore),
}

/// An operation as a page sends it.
#[derive(Clone, Debug, Deserialize)]
pub struct Operation {
    doc: u32,
    op: u32,
    author: u32,
    instance: u64,
    client_seq: u32,
    base: Option<Position>,
    edit: Edit,
}

#[derive(Clone, Debug, Serialize)]
pub struct Event {
    doc: u32,
    position: Position,
    op: u32,
    author: u32,
    instance: u64,
    client_seq: u32,
    changes: Vec<Change>,
}

impl Operation {
    pub const fn id(&self) -> u32 {
        self.op
    }
}

impl Event {
    pub const fn doc(&self) -> u32 {
        self.doc
    }
    pub const fn op(&self) -> u32 {
        self.op
    }
    pub const fn position(&self) -> Position {
        self.position
    }
}

/// The operations of a page that were done: runs of their numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Seen {
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Run {
    first: u32,
    last: u32,
}

impl Seen {
    /// What is refused leaves a gap, and numbers may come in any order.
    fn add(&mut self, number: u32) {
        let is_known = |run: &Run| (run.first..=run.last).contains(&number);
        if self.runs.iter().any(is_known) {
            return;
        }
        self.runs.push(Run { first: number, last: number });
        self.runs.sort_unstable_by_key(|run| run.first);
        self.runs.dedup_by(|next, run| {
            let follows = next.first == run.last + 1;
            if follows {
                run.last = next.last;
            }
            follows
        });
    }
}

/// What pages say.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromPage {
    Subscribe { doc: u32, instance: u64, since: Since },
    SyncRequest { doc: u32, since: Since },
    Op(Operation),
    Ping { stamp: u64 },
    Pong {},
}

/// What pages are told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToPage {
    Welcome { doc: u32, head: Position },
    Snapshot { doc: u32, at: Position, seen: Seen, content: Vec<Change> },
    Delta { doc: u32, to: Position, events: Vec<Arc<Event>> },
    Event(Arc<Event>),
    Ack { op: u32, position: Position },
    Nack { op: u32, code: u16 },
    Ping { stamp: u64, head: Option<Position> },
    Pong { stamp: u64, cursor: Option<Position> },
}

impl ToPage {
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("messages are plain data")
    }
}

/// What came of an operation.
pub enum Done {
    /// It is an event now.
    New(Arc<Event>),
    /// It was one already.
    Known(Arc<Event>),
    /// It is none, for this reason.
    Refused(u16),
}

const FORBIDDEN: u16 = 403;
const CONFLICT: u16 = 409;
/// Fields below this belong to the pipeline.
const ELEMENTS: u32 = 2 << 28;
/// The elements that a document has from the start.
const FIRST_ELEMENTS: u32 = 8;

#[derive(Default)]
struct Document {
    events: Vec<Arc<Event>>,
    content: BTreeMap<u32, u64>,
    done: BTreeMap<u32, Arc<Event>>,
    refused: BTreeSet<u32>,
    seen: BTreeMap<u64, Seen>,
    inserted: u32,
}

impl Document {
    fn head(&self) -> Position {
        Position { epoch: 1, seq: self.events.len() as u64 }
    }

    fn allows(&self, restore: &Restore, operation: &Operation) -> bool {
        let Some(base) = operation.base else { return false };
        let unseen = self.events.iter().filter(|event| event.position > base);
        let mut of_others = unseen.filter(|event| event.instance != operation.instance);
        let untouched = |old: &Change| self.content.get(&old.field).copied() == old.value;
        let shares = |change: &Change| restore.wrote.iter().any(|old| old.field == change.field);
        self.done.contains_key(&restore.of)
            && restore.wrote.iter().all(untouched)
            && !of_others.any(|event| event.changes.iter().any(shares))
    }
}

/// The database: it outlives the server.
#[derive(Clone, Default)]
pub struct Database(Arc<Mutex<BTreeMap<u32, Document>>>);

impl Database {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u32, Document>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn head(&self, doc: u32) -> Position {
        self.open().entry(doc).or_default().head()
    }

    /// What brings somebody up to date who has seen everything up to `since`.
    pub fn catch_up(&self, doc: u32, instance: u64, since: Since) -> ToPage {
        let mut documents = self.open();
        let document = documents.entry(doc).or_default();
        let head = document.head();
        match since {
            Since::Position(position) if position <= head && position.epoch == head.epoch => {
                let events = document.events[position.seq as usize..].to_vec();
                ToPage::Delta { doc, to: head, events }
            }
            _ => {
                let seen = document.seen.get(&instance).cloned().unwrap_or_default();
                let content = document.content.iter();
                let content =
                    content.map(|(field, value)| Change { field: *field, value: Some(*value) });
                ToPage::Snapshot { doc, at: head, seen, content: content.collect() }
            }
        }
    }

    /// Does an operation once, however often it is sent.
    pub fn perform(&self, operation: &Operation) -> Done {
        let mut documents = self.open();
        let document = documents.entry(operation.doc).or_default();
        if let Some(event) = document.done.get(&operation.op) {
            return Done::Known(event.clone());
        }
        if document.refused.contains(&operation.op) {
            return Done::Refused(CONFLICT);
        }
        let changes = match &operation.edit {
            Edit::Write(changes) | Edit::Paste(changes, _) => changes.clone(),
            Edit::Insert => {
                document.inserted += 1;
                let field = ELEMENTS | (FIRST_ELEMENTS + document.inserted) << 4;
                vec![Change { field, value: Some(u64::from(operation.op) + 1) }]
            }
            Edit::Restore(restore) => {
                if !document.allows(restore, operation) {
                    document.refused.insert(operation.op);
                    return Done::Refused(CONFLICT);
                }
                restore.before.clone()
            }
        };
        if changes.iter().any(|change| change.field < ELEMENTS) {
            return Done::Refused(FORBIDDEN);
        }
        for change in &changes {
            match change.value {
                Some(value) => document.content.insert(change.field, value),
                None => document.content.remove(&change.field),
            };
        }
        let head = document.head();
        let event = Arc::new(Event {
            doc: operation.doc,
            position: Position { seq: head.seq + 1, ..head },
            op: operation.op,
            author: operation.author,
            instance: operation.instance,
            client_seq: operation.client_seq,
            changes,
        });
        document.events.push(event.clone());
        document.done.insert(operation.op, event.clone());
        let seen = document.seen.entry(operation.instance).or_default();
        seen.add(operation.client_seq);
        Done::New(event)
    }
}
