//! Steps of the client that can be done wrong. The defaults are the reference.

use wavetank::history::Position;

use crate::message::Since;

/// What to do when nothing was heard for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Leave the connection and try another.
    Leave,
    /// Show that the connection is gone, and leave it at that.
    OnlyShow,
}

/// How an operation stands towards the connection when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It is kept until it is acked, and sent when the connection is live.
    Kept,
    /// It is sent on whatever connection there is, and counted as done.
    Gone,
}

/// The steps, each named after the path that chooses it.
#[derive(Clone, Copy)]
pub struct Steps {
    /// `client.dial.on`: whether opening the page dials.
    pub dials_on_mount: fn() -> bool,
    /// `client.sync.cursor`: what to say that it has, given what it has applied.
    pub since: fn(applied: Option<Position>) -> Since,
    /// `client.sync.snapshot_guard`: whether a snapshot is taken, given the cursor.
    pub takes_snapshot: fn(at: Position, cursor: Option<Position>) -> bool,
    /// `client.sync.on_snapshot`: whether a snapshot takes the place of what was there.
    pub snapshot_replaces: fn() -> bool,
    /// `client.overlay.on_snapshot`: whether edits that wait survive a snapshot.
    pub snapshot_keeps_pending: fn() -> bool,
    /// `client.sync.compare`: how an event lies to the cursor.
    pub is_news: fn(event: Position, cursor: Position) -> bool,
    /// `client.apply.old`: whether an event that was applied before is applied again.
    pub applies_old: fn() -> bool,
    /// `client.heartbeat.on_expiry`: what to do when nothing was heard for too long.
    pub on_silence: fn() -> Expiry,
    /// `client.close_policy.unknown`: whether to try again after a code that is not known.
    pub retries_unknown: fn() -> bool,
    /// `client.outbox.send_when`: how an operation is sent while the connection is not live.
    pub sends_when_not_live: fn() -> Sending,
    /// `client.outbox.remove_on`: whether the outbox keeps what it has just sent again.
    pub keeps_after_flush: fn() -> bool,
    /// `client.outbox.flush_on`: whether coming into step sends what waits.
    pub flushes_on_sync: fn() -> bool,
    /// `client.tabs.versioned`: whether an event from a tab must be the next one.
    pub tab_in_turn: fn(event: Position, cursor: Position) -> bool,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            dials_on_mount: || true,
            since: |applied| applied.map_or(Since::Nothing, Since::Position),
            takes_snapshot: |at, cursor| cursor.is_none_or(|cursor| at >= cursor),
            snapshot_replaces: || true,
            snapshot_keeps_pending: || true,
            is_news: |event, cursor| event > cursor,
            applies_old: || false,
            on_silence: || Expiry::Leave,
            retries_unknown: || true,
            sends_when_not_live: || Sending::Kept,
            keeps_after_flush: || true,
            flushes_on_sync: || true,
            tab_in_turn: |event, cursor| event == cursor.next(),
        }
    }
}
