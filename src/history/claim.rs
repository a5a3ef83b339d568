//! What nodes say: the parts of claims that a person or a peer would see.

use serde::{Deserialize, Serialize};

use super::meaning::{Changes, Position};
use super::{Name, Observation};
use crate::id::Topic;
use crate::time::Mono;

/// The state of the connection as the person sees it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    /// Nothing was ever shown yet.
    #[default]
    Loading,
    /// Content follows the server.
    Live,
    /// The connection is gone and attempts go on.
    Reconnecting,
    /// The device has no network.
    Offline,
    /// Attempts have ended; the person may retry.
    Failed,
    /// The person must sign in.
    SignIn,
    /// Too many connections.
    Limit,
    /// Closed on purpose.
    Closed,
}

impl Connection {
    /// The word for it in the labels of metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Offline => "offline",
            Self::Failed => "failed",
            Self::SignIn => "sign-in",
            Self::Limit => "limit",
            Self::Closed => "closed",
        }
    }
}

/// What the person sees of the connection and of the freshness of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The state of the connection.
    pub connection: Connection,
    /// The attempt that is under way or awaited, from 1; 0 for none.
    pub attempt: u16,
    /// Whether the content is marked as possibly old.
    pub stale: bool,
    /// Whether edits are taken.
    pub can_edit: bool,
    /// When the content last was known to be the server's.
    pub last_synced: Option<Mono>,
    /// How it is marked where it matters that the content may be old.
    #[serde(default)]
    pub marks: StaleMarks,
}

/// How a page marks what may be old, beside saying so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleMarks {
    /// A badge at the head of the page.
    pub badge: bool,
    /// A border around what may be old.
    pub border: bool,
    /// Why controls are disabled, where they are.
    pub reason: bool,
}

/// What the person sees of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The topic.
    pub topic: Topic,
    /// The place in the order up to which the content is complete.
    pub position: Position,
    /// Which part of the page: 0 is the main one, 1 what is shown in passing, and others show the
    /// same content in other places.
    pub part: u8,
    /// How many of the person's own operations lie on top.
    pub pending: u32,
    /// Whether `changes` is all there is, not just what changed.
    pub whole: bool,
    /// The fields and the values shown.
    pub changes: Changes,
}

/// What the person sees of one of her operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpState {
    /// Taken, and on its way.
    Pending,
    /// Kept on the device; a crash does not lose it.
    QueuedSafe,
    /// Kept in memory; shown as not saved on the device.
    QueuedVolatile,
    /// Saved by the server.
    Saved,
    /// Not taken.
    Refused,
    /// Taken back by the server.
    Rejected,
    /// Meets a change of somebody else.
    Conflict,
    /// Given up, and said so.
    Dropped,
    /// Failed, and said so.
    Failed,
    /// Not sent any more: a later edit of hers, to the same fields, stands for it.
    Superseded,
}

impl OpState {
    /// Whether the person was told that the operation will not take effect as given.
    pub const fn is_told_off(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::Rejected
                | Self::Conflict
                | Self::Dropped
                | Self::Failed
                | Self::Superseded
        )
    }
}

impl Observation {
    /// Which kind of claim this is: what it is about, and the word that it puts it in, whatever
    /// else it says. Nothing for a fact.
    pub fn claim(&self) -> Option<(&'static str, Name)> {
        let word = |word: &dyn std::fmt::Debug| Name::Owned(format!("{word:?}"));
        Some(match self {
            Self::ShownStatus(status) => ("status", word(&status.connection)),
            Self::ShownContent(reading) => ("content", word(&reading.part)),
            Self::ShownOp { state, .. } => ("op", word(state)),
            Self::ShownNotice { class, .. } => ("notice", class.clone()),
            Self::ShownAnswer { .. } => ("answer", Name::Borrowed("")),
            Self::Holds { what, .. } => ("holds", what.clone()),
            Self::Metric { name, .. } => ("metric", name.clone()),
            Self::Alert { name, .. } => ("alert", name.clone()),
            Self::Log { event, .. } => ("log", event.clone()),
            Self::Report { kind, .. } => ("report", kind.clone()),
            Self::Own { name, .. } => ("own", name.clone()),
            Self::Given { .. }
            | Self::Phase(_)
            | Self::Node(_)
            | Self::Link { .. }
            | Self::Device { .. }
            | Self::Clock { .. }
            | Self::Credential(_)
            | Self::Dialled { .. }
            | Self::Opened { .. }
            | Self::Refused { .. }
            | Self::Closed { .. }
            | Self::Sent { .. }
            | Self::Delivered { .. }
            | Self::CastSent { .. }
            | Self::CastDelivered { .. }
            | Self::Stored { .. }
            | Self::TimerSet { .. }
            | Self::TimerFired { .. }
            | Self::Busy { .. }
            | Self::Waiting { .. }
            | Self::Canary { .. }
            | Self::Carrying { .. }
            | Self::Repeated { .. } => return None,
        })
    }
}
