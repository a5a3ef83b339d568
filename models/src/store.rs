//! The server's store: per document a log of events, what they came to, and which operations
//! were done.

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wavetank::history::{Change, Changes, Position};
use wavetank::id::{Field, NodeId, OpId, Topic};
use wavetank::protocol::Store;
use wavetank::time::Wall;

use crate::document::{self, Attribute, Content};
use crate::policy::{self, CommitOrder, Counter};

/// What an operation is to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// These fields.
    Write(Changes),
    /// A new element, which gets its number when it is committed.
    Insert,
    /// These fields, with a text of this many bytes.
    Paste(Changes, u32),
    /// What an earlier operation wrote is taken back. Boxed, since few edits are one of these
    /// and every message would have room for one.
    Restore(Box<Restore>),
}

/// An operation taken back. It is done only if nobody else has changed its fields since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// The operation that is taken back.
    pub of: OpId,
    /// What it wrote.
    pub wrote: Changes,
    /// What there was before.
    pub before: Changes,
}

impl Edit {
    /// The fields that are written, as far as they are known before it is done.
    pub fn changes(&self) -> &[Change] {
        match self {
            Self::Write(changes) | Self::Paste(changes, _) => changes,
            Self::Restore(restore) => &restore.before,
            Self::Insert => &[],
        }
    }

    /// Bytes on the wire.
    pub const fn size(&self) -> u32 {
        const PLAIN: u32 = 64;
        match self {
            Self::Paste(_, bytes) => PLAIN.saturating_add(*bytes),
            _ => PLAIN,
        }
    }
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

impl Event {
    /// Whether it is of a kind that the first version of the protocol does not know.
    pub fn is_novel(&self) -> bool {
        let passed = |change: &Change| change.value.is_none() && document::is_stage(change.field);
        self.changes.len() == 1 && self.changes.iter().all(passed)
    }
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
    /// When it was made, by its author's wall clock.
    #[serde(default)]
    pub made: Wall,
    /// How it is to be done, which the server decides.
    #[serde(default)]
    pub manner: Manner,
}

/// How an operation is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manner {
    /// Whether one that was done before is recognised.
    pub dedup: bool,
    /// Whether one is refused that writes over what its author had not seen.
    pub base_check: bool,
    /// Which of two writes of a field stays.
    pub order: CommitOrder,
    /// What its event is numbered within.
    #[serde(default)]
    pub counter: Counter,
    /// How many bits the number of its event has.
    #[serde(default = "all_bits")]
    pub seq_bits: u32,
}

const fn all_bits() -> u32 {
    u64::BITS
}

impl Default for Manner {
    fn default() -> Self {
        Self::from(&policy::ServerPolicy::default())
    }
}

impl From<&policy::ServerPolicy> for Manner {
    fn from(policy: &policy::ServerPolicy) -> Self {
        let policy::Commit { dedup, base_check, order } = *policy.commit;
        let counter = policy.log.counter;
        Self { dedup, base_check, order, counter, seq_bits: all_bits() }
    }
}

/// Which operations of a client instance are done. They may be done out of their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// In their order; what is refused leaves a hole for good.
    runs: Vec<Run>,
}

/// Operations of which none is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The number of the first.
    first: u32,
    /// The number of the last.
    last: u32,
}

impl Seen {
    /// One more is done.
    pub fn add(&mut self, client_seq: u32) {
        if self.has(client_seq) {
            return;
        }
        let place = self.runs.partition_point(|run| run.first < client_seq);
        let follows = place > 0 && self.runs[place - 1].last + 1 == client_seq;
        let precedes =
            self.runs.get(place).is_some_and(|next| next.first == client_seq.saturating_add(1));
        match (follows, precedes) {
            (true, true) => {
                let next = self.runs.remove(place);
                self.runs[place - 1].last = next.last;
            }
            (true, false) => self.runs[place - 1].last = client_seq,
            (false, true) => self.runs[place].first = client_seq,
            (false, false) => self.runs.insert(place, Run { first: client_seq, last: client_seq }),
        }
    }
    /// Whether one is done.
    pub fn has(&self, client_seq: u32) -> bool {
        let place = self.runs.partition_point(|run| run.last < client_seq);
        self.runs.get(place).is_some_and(|run| run.first <= client_seq)
    }
}

/// What a server asks of its store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// A document as it is. One that is not there yet is begun, and its events are numbered
    /// after this.
    Load(Topic, u64),
    /// An operation to be done.
    Commit(Commit),
    /// The position of a document's last event.
    Head(Topic),
    /// An edit to be kept on a device until it is forgotten.
    Keep(Commit),
    /// An edit that need not be kept any more.
    Forget(OpId),
    /// The edits of this node that a device keeps.
    Kept(NodeId),
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
    /// The operation is not done, now or ever.
    Refused,
    /// The position of the last event.
    Head(Position),
    /// The edits that a device keeps, in the order in which they were made.
    Kept(Vec<Commit>),
    /// A device has done as it was told.
    Noted,
}

#[derive(Clone, Debug, Default)]
struct Doc {
    /// The number before that of the first event.
    after: u64,
    seq: u64,
    content: Content,
    log: Vec<Arc<Event>>,
    done: BTreeMap<OpId, Arc<Event>>,
    /// Operations whose authors may have been told that they will not be done: a second copy
    /// must not be.
    refused: BTreeSet<OpId>,
    seen: BTreeMap<u64, Seen>,
    inserted: u32,
    /// When the value of each field was made, where that decides.
    made: BTreeMap<Field, Wall>,
}

impl Doc {
    /// Whether somebody else has written to one of these fields what an instance that has seen
    /// everything up to `base` has not seen.
    fn conflicts(&self, changes: &[Change], instance: u64, base: Option<Position>) -> bool {
        let unseen = self.log.iter().rev().take_while(|event| Some(event.position) > base);
        let mut others = unseen.filter(|event| event.instance != instance);
        let shares = |old: &Change| changes.iter().any(|new| new.field == old.field);
        others.any(|event| event.changes.iter().any(shares))
    }

    /// Of these changes, those that were made later than what is there; for the others, what is
    /// there.
    fn newest(&mut self, changes: &[Change], made: Wall) -> Changes {
        let mut newest = |change: &Change| {
            let known = self.made.entry(change.field).or_insert(made);
            if *known > made {
                return Change { value: self.content.get(&change.field).copied(), ..*change };
            }
            *known = made;
            *change
        };
        changes.iter().map(&mut newest).collect()
    }

    /// Whether nothing has come between an operation and its being taken back by an instance
    /// that has seen everything up to `base`.
    fn allows(&self, restore: &Restore, instance: u64, base: Position) -> bool {
        let untouched = |old: &Change| self.content.get(&old.field).copied() == old.value;
        self.done.contains_key(&restore.of)
            && restore.wrote.iter().all(untouched)
            && !self.conflicts(&restore.wrote, instance, Some(base))
    }
}

/// The documents of a server, or what a device keeps for its pages. Written down, documents are
/// their logs and what logs do not tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "kept::Kept", into = "kept::Kept")]
pub struct Documents {
    epoch: u32,
    docs: BTreeMap<Topic, Doc>,
    /// Edits that wait on a device.
    outbox: BTreeMap<OpId, Commit>,
}

impl Default for Documents {
    fn default() -> Self {
        Self { epoch: 1, docs: BTreeMap::new(), outbox: BTreeMap::new() }
    }
}

impl Documents {
    fn commit(&mut self, commit: Commit) -> Reply {
        let Commit { doc, op, author, instance, client_seq, base, edit, .. } = commit;
        let Manner { dedup, base_check, order, counter, seq_bits } = commit.manner;
        let epoch = self.epoch;
        let last = self.docs.values().map(|state| state.seq).filter(|_| counter == Counter::Global);
        let last = last.max();
        let state = self.docs.entry(doc).or_default();
        if let Some(event) = state.done.get(&op).filter(|_| dedup) {
            return Reply::Duplicate(Arc::clone(event));
        }
        if dedup && state.refused.contains(&op) {
            return Reply::Refused;
        }
        if document::is_held(&state.content, edit.changes()) {
            state.refused.insert(op);
            return Reply::Refused;
        }
        let changes = match edit {
            Edit::Write(changes) | Edit::Paste(changes, _) => {
                if base_check && state.conflicts(&changes, instance, base) {
                    state.refused.insert(op);
                    return Reply::Refused;
                }
                match order {
                    CommitOrder::Server => changes,
                    CommitOrder::ClientTimestamp => state.newest(&changes, commit.made),
                }
            }
            Edit::Restore(restore) => {
                let base = base.filter(|base| base.epoch.get() == epoch);
                if !base.is_some_and(|base| state.allows(&restore, instance, base)) {
                    state.refused.insert(op);
                    return Reply::Refused;
                }
                restore.before
            }
            Edit::Insert => {
                state.inserted += 1;
                let number = document::ELEMENTS + state.inserted;
                let field = document::element(number, Attribute::Label);
                [Change::set(field, document::value(op))].into_iter().collect()
            }
        };
        let greatest = u64::MAX >> u64::BITS.saturating_sub(seq_bits);
        state.seq = (last.unwrap_or(state.seq) + 1) & greatest;
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
            Request::Load(doc, after) => {
                let begun = || Doc { after, seq: after, ..Doc::default() };
                let state = self.docs.entry(doc).or_insert_with(begun).clone();
                let head = Position::new(self.epoch, state.seq);
                let Doc { content, log, seen, .. } = state;
                Reply::Loaded(Box::new(Loaded { doc, head, content, log, seen }))
            }
            Request::Commit(commit) => self.commit(commit),
            Request::Head(doc) => {
                let seq = self.docs.get(&doc).map_or(0, |state| state.seq);
                Reply::Head(Position::new(self.epoch, seq))
            }
            Request::Keep(commit) => {
                self.outbox.insert(commit.op, commit);
                Reply::Noted
            }
            Request::Forget(op) => {
                self.outbox.remove(&op);
                Reply::Noted
            }
            Request::Kept(node) => {
                let own = self.outbox.values().filter(|commit| commit.author == node);
                Reply::Kept(own.cloned().collect())
            }
        }
    }

    fn restored(&mut self, lineage: u32) {
        self.epoch = lineage;
    }
}
