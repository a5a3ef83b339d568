//! The server's half of the policy.

use serde::{Deserialize, Serialize};
use wavetank::time::Span;

use super::access::ServerAuth;
use super::close::Close;
use super::deployment::Instances;
use super::limits::Limits;
use super::logs::Logs;
use super::overload::Overload;
use super::pages::Pages;
use super::rate::Rate;
use super::shutdown::Shutdown;
use super::version::Version;
use crate::probed::Probed;

/// What the server does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerPolicy {
    /// How it keeps connections alive and notices dead ones.
    pub heartbeat: Probed<Heartbeat>,
    /// How it answers who catches up.
    pub sync: Probed<ServerSync>,
    /// When it acks.
    pub ack: Probed<ServerAck>,
    /// How it commits.
    pub commit: Probed<Commit>,
    /// How it tells a room.
    pub fanout: Probed<Fanout>,
    /// What its events say.
    pub events: Probed<Events>,
    /// What it does when its operator stops it.
    pub shutdown: Probed<Shutdown>,
    /// Which version it speaks with whom.
    pub version: Probed<Version>,
    /// How it sends what is large.
    pub pages: Probed<Pages>,
    /// What it takes at most.
    pub limits: Probed<Limits>,
    /// What it does when more come at once than it can serve.
    pub overload: Probed<Overload>,
    /// How much it does for one client in a minute.
    pub rate: Probed<Rate>,
    /// How it lets people in.
    pub auth: Probed<ServerAuth>,
    /// How it numbers them.
    pub log: Probed<Log>,
    /// How several instances of it work together.
    pub instances: Probed<Instances>,
    /// With which codes it ends connections.
    pub close: Probed<Close>,
    /// What it writes into its log.
    pub logs: Probed<Logs>,
}

/// How the server keeps connections alive and notices dead ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Heartbeat {
    /// The pause between pings; 0 sends none.
    pub interval: Span,
    /// How long after a ping is due its answer may take.
    pub timeout: Span,
    /// How long a peer may be silent where no pings are sent; 0 is for ever.
    pub unasked: Span,
    /// Whether it ends a connection on which it hears nothing.
    pub close_silent: bool,
    /// The code that it ends it with.
    pub close_code: u16,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            interval: Span::secs(30),
            timeout: Span::secs(10),
            unasked: Span::ZERO,
            close_silent: true,
            close_code: 4408,
        }
    }
}

/// What the server answers when its log does not reach back to a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fallback {
    /// All there is.
    Snapshot,
    /// Nothing: the client goes on from where the server is.
    None,
}

/// How the server answers who catches up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSync {
    /// How many events its log reaches back; 0 is no limit.
    pub window: u32,
    /// How long its log reaches back; 0 is no limit.
    pub window_age: Span,
    /// Whether its log outlives its process.
    pub durable_log: bool,
    /// What it answers when its log does not reach back far enough.
    pub fallback: Fallback,
    /// Whether it answers a client that asks for what is missing on a live connection.
    pub answer: bool,
}

impl Default for ServerSync {
    fn default() -> Self {
        Self {
            window: 1000,
            window_age: Span::ZERO,
            durable_log: true,
            fallback: Fallback::Snapshot,
            answer: true,
        }
    }
}

/// What has happened to an edit when it is acked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AckAfter {
    /// The store has executed and flushed it.
    Durable,
    /// The server has received it.
    Receipt,
}

/// When the server acks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerAck {
    /// What has happened to an edit when it is acked.
    pub after: AckAfter,
}

impl Default for ServerAck {
    fn default() -> Self {
        Self { after: AckAfter::Durable }
    }
}

/// How the server commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Commit {
    /// Whether an operation that was done before is recognised by its id.
    pub dedup: bool,
    /// Whether an edit is refused that writes over what its author had not seen.
    pub base_check: bool,
    /// Which of two writes of a field stays.
    pub order: CommitOrder,
}

impl Default for Commit {
    fn default() -> Self {
        Self { dedup: true, base_check: true, order: CommitOrder::Server }
    }
}

/// Which of two writes of a field stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitOrder {
    /// The one that the store does later.
    Server,
    /// The one that its author's wall clock says was made later.
    ClientTimestamp,
}

/// How the server tells a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fanout {
    /// Messages that may wait for one connection before it is ended as too slow; 0 is no
    /// limit. The objectives' limit holds as well.
    pub buffer_limit: u32,
    /// What becomes of what does not fit.
    pub shed: Shed,
    /// How long events are gathered before they are told together; 0 tells each at once.
    pub batch: Span,
}

impl Default for Fanout {
    fn default() -> Self {
        Self { buffer_limit: 1000, shed: Shed::LossyOnly, batch: Span::ZERO }
    }
}

/// What the server does with an event for a connection that has too much waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shed {
    /// Progress is left out; an event never is, and the connection is ended instead.
    LossyOnly,
    /// Whatever comes is left out.
    Newest,
}

/// How much an event says of what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventContent {
    /// The new values.
    Full,
    /// Only that something has changed.
    IdOnly,
}

/// What events say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// How much an event says of what has changed.
    pub content: EventContent,
}

impl Default for Events {
    fn default() -> Self {
        Self { content: EventContent::Full }
    }
}

/// What events are numbered within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counter {
    /// Their document.
    #[default]
    PerDocument,
    /// The whole store.
    Global,
}

/// How events are numbered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What they are numbered within.
    pub counter: Counter,
}
