//! What a message or a store request means, in plain fields that any invariant can read.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::id::{Field, NodeId, OpId, Topic};
use crate::time::Span;

/// A unique value that an operation wrote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Value(pub NonZeroU64);

impl Value {
    /// The value with this number, which must not be zero.
    ///
    /// # Panics
    /// If `n` is zero: zero stands for nothing.
    pub const fn new(n: u64) -> Self {
        Self(NonZeroU64::new(n).expect("a value is not zero"))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A place in the order of a topic's events. Epochs are ordered as their numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The lineage of the numbering; a store that went back starts a new one. From 1.
    pub epoch: NonZeroU32,
    /// The number within it; the first event is 1, and 0 is before all of them.
    pub seq: u64,
}

impl Position {
    /// Number `seq` of `epoch`.
    ///
    /// # Panics
    /// If `epoch` is zero: the first is 1.
    pub const fn new(epoch: u32, seq: u64) -> Self {
        Self { epoch: NonZeroU32::new(epoch).expect("the first epoch is 1"), seq }
    }
    /// The position after this one in the same epoch.
    pub const fn next(self) -> Self {
        Self { seq: self.seq + 1, ..self }
    }
    /// Whether it comes after another one of the same epoch.
    pub fn follows(self, other: Self) -> bool {
        self.epoch == other.epoch && self.seq > other.seq
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One field and its new value, or nothing where it was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was written.
    pub field: Field,
    /// The value that it has now.
    pub value: Option<Value>,
}

impl Change {
    /// `field` now holds `value`.
    pub const fn set(field: Field, value: Value) -> Self {
        Self { field, value: Some(value) }
    }
    /// `field` is gone.
    pub const fn removed(field: Field) -> Self {
        Self { field, value: None }
    }
}

/// The changes of one event; most have one.
pub type Changes = SmallVec<[Change; 2]>;

/// What a message is for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Greets and says who asks for what.
    Hello,
    /// Answers a hello.
    Welcome,
    /// Asks for events of a topic.
    Subscribe,
    /// Asks for no more events of a topic.
    Unsubscribe,
    /// Asks for what was missed.
    SyncRequest,
    /// Carries a whole topic.
    Snapshot,
    /// Carries the events between two positions.
    Delta,
    /// Carries one numbered event.
    Event,
    /// Carries an operation.
    Op,
    /// Says that an operation took effect.
    Ack,
    /// Says that an operation did not take effect.
    Nack,
    /// Asks for a sign of life.
    Ping,
    /// Gives one.
    Pong,
    /// Says that something failed.
    Error,
    /// Carries something that may be shed: progress, typing.
    Ephemeral,
    /// Carries an unnumbered message that must be shown.
    Notice,
    /// Carries or asks for a credential.
    Credential,
    /// A part of a message.
    Fragment,
    /// Anything else.
    #[default]
    Other,
}

impl Kind {
    /// The word for it in the labels of metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Welcome => "welcome",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::SyncRequest => "sync-request",
            Self::Snapshot => "snapshot",
            Self::Delta => "delta",
            Self::Event => "event",
            Self::Op => "op",
            Self::Ack => "ack",
            Self::Nack => "nack",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Error => "error",
            Self::Ephemeral => "ephemeral",
            Self::Notice => "notice",
            Self::Credential => "credential",
            Self::Fragment => "fragment",
            Self::Other => "other",
        }
    }
}

/// A message in plain fields. What a protocol does not have stays empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meaning {
    /// What the message is for.
    pub kind: Kind,
    /// Whether the protocol may drop it when a queue is full.
    #[serde(default)]
    pub lossy: bool,
    /// The highest published schema version in which it is valid; 0 for none.
    #[serde(default)]
    pub schema: u8,
    /// A close or error code.
    #[serde(default)]
    pub code: u16,
    /// Bytes on the wire.
    #[serde(default)]
    pub size: u32,
    /// What it is about.
    #[serde(default)]
    pub topic: Option<Topic>,
    /// The operation that it carries, answers or results from.
    #[serde(default)]
    pub op: Option<OpId>,
    /// Its own place in the order, or the last place that it covers.
    #[serde(default)]
    pub position: Option<Position>,
    /// What its sender says it has: a cursor, a base.
    #[serde(default)]
    pub cursor: Option<Position>,
    /// A number that an answer repeats, or that is to be shown: the stamp of a ping, the id of a
    /// request, how far something is.
    #[serde(default)]
    pub stamp: u64,
    /// How long the receiver is asked to wait before it tries again.
    #[serde(default)]
    pub retry_after: Option<Span>,
}

impl Meaning {
    /// A message of this kind and nothing else said.
    pub fn of(kind: Kind) -> Self {
        Self { kind, schema: 1, ..Self::default() }
    }
    /// About this topic.
    pub fn topic(self, topic: Topic) -> Self {
        Self { topic: Some(topic), ..self }
    }
    /// At, or up to, this position.
    pub fn position(self, position: Position) -> Self {
        Self { position: Some(position), ..self }
    }
    /// From a sender that has this much.
    pub fn cursor(self, cursor: Option<Position>) -> Self {
        Self { cursor, ..self }
    }
    /// Concerning this operation.
    pub fn op(self, op: Option<OpId>) -> Self {
        Self { op, ..self }
    }
    /// With this number to repeat.
    pub fn stamp(self, stamp: u64) -> Self {
        Self { stamp, ..self }
    }
    /// To be asked again after this time.
    pub fn retry_after(self, span: Option<Span>) -> Self {
        Self { retry_after: span, ..self }
    }
    /// With this code.
    pub fn code(self, code: u16) -> Self {
        Self { code, ..self }
    }
}

/// A hello in plain fields. What a protocol does not have stays zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Caller {
    /// The client: a device, or a profile of a browser on it.
    pub client: u64,
    /// The person.
    pub user: u64,
    /// The network address.
    pub address: u64,
    /// The site whose page dials.
    pub origin: u64,
    /// The number of the credential that is shown, from 1.
    pub credential: u64,
    /// The schema version that is offered.
    pub version: u8,
    /// Which of the client's instances dials: a tab, whatever page it has loaded.
    pub instance: u64,
}

/// What sort of thing an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// The page opens.
    Mount,
    /// The page goes away.
    Unmount,
    /// The person asks for a connection.
    Connect,
    /// The person asks for none.
    Disconnect,
    /// Another topic is opened.
    Open,
    /// Content is to change.
    Edit,
    /// The last edit is to be taken back.
    Undo,
    /// The edit taken back is to be made again.
    Redo,
    /// The person asks what there is.
    Query,
    /// The person asks to try again.
    Retry,
    /// The person asks for fresh content.
    Refresh,
    /// The page draws itself anew with nothing changed.
    Rerender,
    /// The person signs in.
    SignIn,
    /// The person puts a notice away.
    Dismiss,
    /// Something other than a person changes content: a pipeline, a worker.
    Produce,
    /// The operator shuts the node down.
    Shutdown,
    /// The person does what others see in passing, and may not: she points, she types.
    Signal,
    /// The person opens another part of the page.
    Look,
}

/// A store request that wrote, in plain fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// What was written to.
    pub topic: Topic,
    /// The place that the write got in the order.
    pub position: Position,
    /// The operation that asked for it.
    pub op: Option<OpId>,
    /// The node whose operation it was.
    pub author: Option<NodeId>,
    /// What its author had seen.
    pub base: Option<Position>,
    /// The fields written; none where the store found that the operation had been done before.
    pub changes: Changes,
}
