//! The policy: what a real system's documentation could state about its reconnection and sync.
//!
//! Every knob's default is the reference value. Durations carry a unit (`250ms`, `30s`,
//! `5min`), and sizes (`256 KB`, `1 MB`) unless they are plain numbers of bytes; 0 stands for "off" or "no limit" where a knob counts or measures.

mod access;
mod bundled;
mod bytes;
mod client;
mod close;
mod dedup;
mod deployment;
mod edit;
mod eviction;
mod fallback;
mod file;
mod inbound;
mod limits;
mod logs;
mod overload;
mod pages;
mod patch;
mod rate;
mod server;
mod settings;
mod shutdown;
mod tabs;
mod version;

use serde::{Deserialize, Serialize};

pub use access::{
    ClientAuth, OnConnect, Origins, Refresh, RefuseAt, ServerAuth, Subscribing, TokenIn,
};
pub use bundled::bundled;
pub use bytes::{Bytes, BytesError};
pub use client::{
    Ack, AckRetry, Apply, Clamp, ClientPolicy, ClosePolicy, Cursor, Dial, Ephemeral, FailedExit,
    Gap, OfflineEdits, OnClose, OnOpen, Outbox, Overflow, Reconnect, Reorder, ResetOn, Schedule,
    SignOfLife, Storage, SyncPolicy, Undo, UndoScope, Watch,
};
pub use close::Close;
pub use dedup::{Dedup, Scope};
pub use deployment::{Channel, Instances};
pub use edit::{EditGate, WhenStale};
pub use eviction::Eviction;
pub use fallback::SocketFallback;
pub use file::{Conformance, Document, PolicyError, PolicyFile, Promise, System};
pub use inbound::Inbound;
pub use limits::{Dimension, Limits};
pub use logs::{Body, Logs};
pub use overload::Overload;
pub use pages::Pages;
pub use patch::{Knob, Patch, PatchError, differences};
pub use rate::{Excess, Rate, RateKey, Weight};
pub use server::{
    AckAfter, Commit, CommitOrder, Counter, EventContent, Events, Fallback, Fanout, Heartbeat, Log,
    ServerAck, ServerPolicy, ServerSync, Shed,
};
pub use settings::Settings;
pub use shutdown::{OnShutdown, Shutdown};
pub use tabs::Tabs;
pub use version::{Choice, Version};

/// A system's reconnection and sync policy, client and server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What the client does.
    pub client: ClientPolicy,
    /// What the server does.
    pub server: ServerPolicy,
}

impl Policy {
    /// Says what in the policy cannot work, by knob; nothing if it can.
    pub fn contradiction(&self) -> Option<(&'static str, String)> {
        let reconnect = &self.client.reconnect;
        if !reconnect.cap.is_zero() && reconnect.cap < reconnect.base {
            let (cap, base) = (reconnect.cap, reconnect.base);
            let message =
                format!("the cap ({cap}) is below the base ({base}); expected at least {base}");
            return Some(("client.reconnect.cap", message));
        }
        if reconnect.jitter_percent > 100 {
            let message = format!("{} % of jitter; expected 0 to 100", reconnect.jitter_percent);
            return Some(("client.reconnect.jitter_percent", message));
        }
        if reconnect.schedule == Schedule::Table && reconnect.table.is_empty() {
            let message = "the schedule is a table and the table is empty; expected delays such \
                           as [\"1s\", \"5s\"]";
            return Some(("client.reconnect.table", message.to_owned()));
        }
        let beat = &self.server.heartbeat;
        if beat.close_silent && !beat.interval.is_zero() && beat.timeout.is_zero() {
            let message = "silent peers are closed after a timeout of nothing; expected a \
                           duration such as 10s";
            return Some(("server.heartbeat.timeout", message.to_owned()));
        }
        None
    }
}
