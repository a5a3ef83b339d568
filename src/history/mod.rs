//! The history of a run: facts that the engine witnessed and claims that nodes made.
//!
//! One vocabulary for every engine, every protocol and every recorded log of a foreign system.
//! A *fact* is what the engine itself saw happen. A *claim* is what a node let a person or a
//! peer see. No observation carries a judgement: an [invariant](crate::invariant) finds the
//! contradiction between the two, or there is none.

mod canary;
mod claim;
mod interest;
pub mod log;
mod meaning;
pub mod metrics;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use canary::{Canaries, Canary, Place, Secret};
pub use claim::{Connection, OpState, Reading, StaleMarks, Status};
pub use interest::Interest;
pub use meaning::{Caller, Change, Changes, Kind, Meaning, Position, Request, Value, Write};

use crate::id::{ConnId, NodeId, OpId, StoreId, Ticket, Topic};
use crate::time::{Mono, Now, Span, Time, Wall};

/// A word of the protocol's own, or of a foreign log.
pub type Name = Cow<'static, str>;

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The end that dialled.
    Dialler,
    /// The end that was dialled.
    Acceptor,
}

impl Side {
    /// The end across.
    pub const fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Acceptor,
            Self::Acceptor => Self::Dialler,
        }
    }
}

/// Who brought the end of a connection about, as seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initiator {
    /// This side closed it.
    Local,
    /// The peer closed it.
    Remote,
    /// Neither: it broke.
    Network,
}

/// Why a dial failed, as the dialler was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Nobody listens there.
    Unreachable,
    /// The peer answered the handshake with this status instead.
    Status(u16),
    /// Something between refuses this kind of connection.
    Blocked,
}

/// What a connection is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A lasting, two-way stream of messages.
    #[default]
    Socket,
    /// A request and its answer.
    Request,
}

/// A node's life as it is, not as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// Runs for the first time.
    Started,
    /// Has died; what it held in memory is gone.
    Crashed,
    /// Runs again, with a new incarnation.
    Restarted,
    /// Handles nothing, while its transport goes on acknowledging.
    Paused,
    /// Handles what had waited, and goes on.
    Resumed,
    /// Runs slowly, or its timers go off late.
    Burdened,
    /// Runs as usual again.
    Relieved,
}

impl Life {
    /// Whether a process began or ended: what was in memory, and on the screen, is gone.
    pub const fn starts_or_ends(self) -> bool {
        matches!(self, Self::Started | Self::Crashed | Self::Restarted)
    }
}

/// The stages of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Faults and operations happen.
    Chaos,
    /// All faults that heal have healed, and no more work is given.
    Healed,
    /// The settle time has passed.
    Quiet,
}

/// Whether a path carries anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// It carries everything.
    Up,
    /// It is slower than usual, or does to messages what a stream may not.
    Impaired,
    /// It carries what is open; who dials over it is turned away.
    Shut,
    /// It carries nothing.
    Down,
}

/// What the issuer knows of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are named by the types that they hold")]
pub enum Standing {
    /// The user was given a credential that is good until then, by the true wall clock.
    Issued { credential: u64, expires: Wall },
    /// The user asked for a credential and was given none.
    Refused,
    /// A credential of the user is good no more.
    Revoked { credential: u64 },
    /// The user may see this topic no more.
    Withdrawn(Topic),
    /// The user may see this topic again.
    Granted(Topic),
    /// The issuer does not answer the user.
    Silent,
    /// The issuer answers the user again.
    Answering,
}

/// What came of a store request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreOutcome {
    /// It was executed.
    Executed,
    /// It was executed and is durable.
    Flushed,
    /// It was not executed.
    Failed,
    /// It had been executed and is gone.
    Lost,
    /// The store took a copy of its state, to go back to.
    Remembered,
    /// The store went back to its copy.
    Restored,
    /// Nothing is left in the store.
    Emptied,
}

/// How full a queue or table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Entries.
    pub len: u32,
    /// Bytes, where they are counted.
    pub bytes: u32,
    /// Age of the oldest entry.
    pub oldest: Span,
}

/// One thing seen at one node. The first part are facts, the second claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are named by the types that they hold")]
pub enum Observation {
    /// A person, a page or an operator gave the node an operation.
    Given { op: OpId, request: Request, changes: Changes },
    /// The run entered a stage. Told of node 0, whichever it is.
    Phase(Phase),
    /// The node's process changed state.
    Node(Life),
    /// The truth about the path from this node to another.
    Link { to: NodeId, path: Path },
    /// What the device told its node about its network: true is online.
    Device { online: bool },
    /// A clock of the node was set to run differently.
    Clock { wall_step_us: i64, drift_ppm: i32 },
    /// Truth of the issuer about this node as a user.
    Credential(Standing),
    /// The node started a dial.
    Dialled { conn: ConnId, to: NodeId, channel: Channel, caller: Caller },
    /// The dial succeeded, as this side was told.
    Opened { conn: ConnId, side: Side },
    /// The dial failed, as the dialler was told.
    Refused { conn: ConnId, refusal: Refusal },
    /// This side was told that the connection has ended, or ended it. 1006: no close frame.
    Closed { conn: ConnId, side: Side, code: u16, by: Initiator },
    /// The node handed a message to a connection; `live` is false if it had ended.
    Sent { conn: ConnId, side: Side, live: bool, meaning: Meaning },
    /// A whole message reached the node.
    Delivered { conn: ConnId, side: Side, meaning: Meaning },
    /// The node sent a message outside any connection.
    CastSent { to: NodeId, meaning: Meaning },
    /// A message from outside any connection reached the node.
    CastDelivered { from: NodeId, meaning: Meaning },
    /// A store did something on behalf of the node.
    Stored { store: StoreId, ticket: Ticket, outcome: StoreOutcome, write: Option<Box<Write>> },
    /// The node set or moved a timer.
    TimerSet { timer: Name, at: Mono },
    /// A timer went off.
    TimerFired { timer: Name },
    /// The node declared that it handles nothing for this long.
    Busy { span: Span },
    /// A queue that the engine owns reached a new greatest length.
    Waiting { queue: Name, size: Size },
    /// A planted value was in what the node handed on.
    Canary { canary: Canary, place: Place },

    /// What the person sees of the connection and of the freshness of data.
    ShownStatus(Status),
    /// What the person sees of a topic: the changes since the last time, or all of it.
    ShownContent(Reading),
    /// What the person sees of one of her operations.
    ShownOp { op: OpId, state: OpState },
    /// A notice appeared or went away.
    ShownNotice { class: Name, code: u16, op: Option<OpId>, on: bool },
    /// The answer to a query.
    ShownAnswer { op: OpId, position: Option<Position>, stale: bool },
    /// The size of what the node holds under a name.
    Holds { what: Name, size: Size },
    /// A sample of a metric.
    Metric { name: Name, labels: Name, value: i64 },
    /// An alert went on or off.
    Alert { name: Name, on: bool },
    /// A structured log record.
    Log { event: Name, conn: Option<ConnId>, code: u16, fields: Name },
    /// An error was reported to monitoring.
    Report { kind: Name, code: u16, context: Name },
    /// A claim in the protocol's own words.
    Own { name: Name, values: Vec<u64> },

    /// A fact again, last so that digests of claims stay what they were: a narrow path has until
    /// then to carry a message that the node handed to a connection, and so for ten seconds or
    /// longer, unless the path changes meanwhile.
    Carrying { conn: ConnId, side: Side, until: Time },
    /// A fact: the message that is sent next on a connection is the last one once more, and not
    /// the node's doing.
    Repeated { conn: ConnId },
}

/// One line of a history: what was seen, where, and when by the true clock and the node's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// True time.
    pub at: Time,
    /// The node that it happened at.
    pub node: NodeId,
    /// That node's own clocks.
    pub now: Now,
    /// What happened.
    pub what: Observation,
}

/// A whole run's observations, in order.
pub type History = Vec<Record>;
