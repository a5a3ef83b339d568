//! The server's half of the policy.

use serde::{Deserialize, Serialize};
use wavetank::time::Span;

/// What the server does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerPolicy {
    /// How it keeps connections alive and notices dead ones.
    pub heartbeat: Heartbeat,
    /// How it answers who catches up.
    pub sync: ServerSync,
    /// When it acks.
    pub ack: ServerAck,
    /// How it commits.
    pub commit: Commit,
    /// How it tells a room.
    pub fanout: Fanout,
}

/// How the server keeps connections alive and notices dead ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Heartbeat {
    /// The pause between pings; 0 sends none.
    pub interval: Span,
    /// How long after a ping is due its answer may take.
    pub timeout: Span,
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
}

impl Default for ServerSync {
    fn default() -> Self {
        Self {
            window: 1000,
            window_age: Span::ZERO,
            durable_log: true,
            fallback: Fallback::Snapshot,
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
}

impl Default for Commit {
    fn default() -> Self {
        Self { dedup: true }
    }
}

/// How the server tells a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fanout {
    /// Messages that may wait for one connection before it is ended as too slow; 0 is no
    /// limit. The objectives' limit holds as well.
    pub buffer_limit: u32,
}

impl Default for Fanout {
    fn default() -> Self {
        Self { buffer_limit: 1000 }
    }
}
