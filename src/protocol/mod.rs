//! The sans-IO surface: what a protocol is, and all that can happen to one of its nodes.
//!
//! A node is a state machine. It is told of one [`Event`] at a time and answers with effects
//! in an [`Outbox`]; it cannot read true time, draw from a shared generator, block or spawn.
//! A match on [`Event`] lists all that can happen, and a decorator forwards one method. The
//! same node runs on the discrete engine and on real tokio.
//!
//! A whole protocol, with its invariants and a scenario:
//!
//! ```
#![doc = include_str!("../../tests/examples/counter.rs")]
//! ```

mod outbox;
mod people;
mod tables;

use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "stack")]
pub(crate) use outbox::Account;
pub use outbox::{Buffer, Effect, Outbox};
pub use people::{Answer, Credential, Inquiry};
pub use tables::{Awaiting, Conns};

use crate::history::{
    Caller, Canaries, Change, Changes, Channel, Initiator, Meaning, Name, Refusal, Request, Value,
    Write,
};
use crate::id::{ConnId, Field, NodeId, OpId, Ticket};
use crate::objectives::Objectives;
use crate::rng::Rng;
use crate::time::Now;

/// The types of one protocol, and how to read them. Implemented by a unit struct with the
/// derives `Clone, Debug, PartialEq`.
///
/// The example is a whole protocol:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait Protocol: Clone + Debug + PartialEq + Sized + 'static {
    /// What case files call the protocol.
    const NAME: &'static str;
    /// The marks that its nodes may make.
    const MARKS: &'static [Mark] = &[];
    /// Where a topic says of what in it people may not write just now.
    const GATE: Option<Gate> = None;

    /// What travels on connections and between tabs and instances.
    type Message: Debug + Serialize + DeserializeOwned + Send;
    /// What a person, a page or a pipeline asks of a node.
    type Op: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;
    /// What a dial carries: path, credentials, origin, address, user, instance.
    type Hello: Debug + Serialize + DeserializeOwned + Send;
    /// What the nodes are built from: a policy, numbers, choices of parts.
    type Config: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;
    /// The kinds of node: server, browser, worker ...
    type Role: Copy + Debug + Ord + Serialize + DeserializeOwned + Send + Sync;
    /// The names of timers. Setting a name again moves the timer.
    type Timer: Copy + Debug + Ord + Serialize + Send;
    /// What goes on after an await point.
    type Task: Debug + Serialize + Send;
    /// What nodes keep things in.
    type Store: Store;
    /// The nodes that may be dialled.
    type Server: Node<Self>;
    /// The nodes that dial.
    type Client: Node<Self>;

    /// Whether nodes of this role may be dialled.
    fn serves(role: Self::Role) -> bool;
    /// Builds a node that may be dialled. It starts empty and reads what it needs.
    fn server(boot: Boot<'_, Self>) -> Self::Server;
    /// Builds a node that dials.
    fn client(boot: Boot<'_, Self>) -> Self::Client;

    /// Bytes of a message on the wire.
    fn size(message: &Self::Message) -> u32;
    /// A message in plain fields. Its size is filled in by the engine.
    fn meaning(message: &Self::Message) -> Meaning;
    /// An operation in plain fields: what sort it is, and what it is meant to write.
    fn request(op: OpId, operation: &Self::Op) -> (Request, Changes);
    /// What a store request wrote, in plain fields; nothing where it only read.
    fn write(
        request: &<Self::Store as Store>::Request,
        reply: &<Self::Store as Store>::Reply,
    ) -> Option<Write>;
    /// A hello in plain fields.
    fn caller(_hello: &Self::Hello) -> Caller {
        Caller::default()
    }
    /// The most bytes of one message that a node's WebSocket takes. More than that ends the
    /// connection with code 1009, where messages are carried by a real codec.
    fn message_limit(_role: Self::Role, _config: &Self::Config) -> u32 {
        16 << 20
    }
    /// The path and query that a dial asks for, where whoever is dialled is no node of this
    /// protocol. Without one the hello is carried as JSON.
    fn target(_hello: &Self::Hello) -> Option<String> {
        None
    }
    /// The address that a dial asks for, as proxies and servers write it down.
    fn address(_hello: &Self::Hello) -> Option<&str> {
        None
    }
    /// The canaries in a message, beside the content that it is there to carry.
    fn canaries(_message: &Self::Message) -> Canaries {
        Canaries::new()
    }
    /// Simpler operations that may do in the place of this one, the simplest first: a smaller
    /// number, a shorter text. Shrinking tries them and theirs in turn, so that going from an
    /// operation to a simpler one must come to an end.
    fn simpler(_op: &Self::Op) -> Vec<Self::Op> {
        Vec::new()
    }
    /// A field's name for people.
    fn field(field: Field) -> String {
        field.to_string()
    }
}

/// A state that nodes say they reached, with [`Outbox::mark`]. Campaigns count them; no
/// invariant reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What nodes call it.
    pub name: &'static str,
    /// What has happened where it is made, in a sentence.
    pub about: &'static str,
}

/// A field of a topic that says by its value which others only the server's side may write.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// The field.
    pub field: Field,
    /// Whether this value of it keeps people from writing to another field.
    pub holds: fn(Value, Field) -> bool,
}

impl Gate {
    /// The value that some changes leave the field with: nothing if they do not change it.
    pub(crate) fn after(&self, changes: &[Change]) -> Option<Option<Value>> {
        changes.iter().rev().find(|change| change.field == self.field).map(|change| change.value)
    }

    /// Whether its value keeps people from making one of these changes.
    pub(crate) fn keeps(&self, value: Value, changes: &[Change]) -> bool {
        changes.iter().any(|change| (self.holds)(value, change.field))
    }
}

/// A state machine of a protocol.
///
/// `Server` and `Client` of the example are nodes:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait Node<P: Protocol>: Send {
    /// Handles one event. All effects go through `out` and happen after the call returns, in
    /// the order in which they were asked for.
    fn on_event(&mut self, now: Now, event: Event<'_, P>, out: &mut Outbox<P>);
}

/// Something that is kept beyond the life of a node: a database, a device's storage.
///
/// `Total` of the example is a store:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait Store: Clone + Default + Send {
    /// What is asked of it.
    type Request: Clone + Debug + Serialize + Send;
    /// What it answers.
    type Reply: Debug + Send;

    /// Executes a request. Called at one instant between the request and its reply.
    fn apply(&mut self, request: Self::Request) -> Self::Reply;

    /// Begins a new lineage: called after the store was put back to an older state or emptied,
    /// so that the numbering can say so.
    fn restored(&mut self, lineage: u32);
}

/// Another node that can be dialled or sent a cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer<R> {
    /// Its name.
    pub id: NodeId,
    /// What it is.
    pub role: R,
    /// Whether it shares this node's device.
    pub same_device: bool,
}

/// All that a node is built from.
pub struct Boot<'a, P: Protocol> {
    /// Its own name.
    pub me: NodeId,
    /// What it is to be.
    pub role: P::Role,
    /// How many times it ran before.
    pub incarnation: u32,
    /// Those it may talk to, by name.
    pub peers: &'a [Peer<P::Role>],
    /// The protocol's configuration.
    pub config: &'a Arc<P::Config>,
    /// What the application demands.
    pub objectives: &'a Objectives,
    /// Its own randomness, independent of every other node's.
    pub rng: Rng,
}

/// Why a store request has no reply. The request may have been executed all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store reported a failure.
    #[error("the store reported a failure")]
    Failed,
}

/// How a connection ended, as one side was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The close code; 1006 where no close frame came.
    pub code: u16,
    /// Who brought it about, as seen from here.
    pub by: Initiator,
}

/// All that can happen to a node.
///
/// Order holds within one connection, never across: a `Closed` may come after a successor was
/// opened, or never. Nothing fences a late event of an old connection but the node itself.
#[derive(Debug)]
pub enum Event<'a, P: Protocol> {
    /// The node runs. The first event of every incarnation.
    Start,
    /// An operation is asked for.
    Op(OpId, &'a P::Op),
    /// Somebody dialled. The connection is open unless the handler calls
    /// [`Outbox::refuse`] before it returns.
    Accepted(ConnId, &'a P::Hello),
    /// The dial succeeded.
    Opened(ConnId),
    /// The dial failed; the connection does not exist.
    Refused(ConnId, Refusal),
    /// A whole message came. It is lent: clone what is to be kept.
    Message(ConnId, &'a P::Message),
    /// A whole frame of this many bytes came that is no message: damaged on its way, or sent by
    /// somebody who does not keep to the protocol.
    Malformed(ConnId, u32),
    /// A send buffer that was full has room again.
    Writable(ConnId),
    /// The connection has ended. After a local close this still comes, perhaps late, and
    /// nothing else does.
    Closed(ConnId, Closing),
    /// A message came from a tab or an instance, outside any connection.
    Cast(NodeId, &'a P::Message),
    /// A timer went off. It may be late, never early by the node's own clock.
    Timer(P::Timer),
    /// A store answered a request (a flush answers with no reply).
    Stored(Ticket, Result<Option<<P::Store as Store>::Reply>, StoreError>),
    /// The issuer of credentials answered. It may never do so.
    Issuer(Ticket, Answer),
    /// An await point was passed. Tasks may overtake each other.
    Task(P::Task),
    /// What the device says of its network: true is online. It may be mistaken.
    Device(bool),
}

impl<P: Protocol> Event<'_, P> {
    /// The connection that the event belongs to: one comparison fences off old ones.
    pub const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Accepted(conn, _)
            | Self::Opened(conn)
            | Self::Refused(conn, _)
            | Self::Message(conn, _)
            | Self::Malformed(conn, _)
            | Self::Writable(conn)
            | Self::Closed(conn, _) => Some(*conn),
            _ => None,
        }
    }
}

/// A protocol's dial in plain data.
#[derive(Debug)]
pub struct Dial<H> {
    /// The connection that it will be, if it succeeds.
    pub conn: ConnId,
    /// Whom.
    pub to: NodeId,
    /// What for.
    pub channel: Channel,
    /// What the acceptor is told.
    pub hello: H,
}

/// A close in plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The connection to end.
    pub conn: ConnId,
    /// The code that the peer is told.
    pub code: u16,
    /// The reason that the peer is told.
    pub reason: Name,
}
