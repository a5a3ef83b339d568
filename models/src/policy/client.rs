//! The client's half of the policy.

use serde::{Deserialize, Serialize};
use wavetank::time::Span;

use super::access::ClientAuth;
use super::dedup::Dedup;
use super::edit::EditGate;
use super::eviction::Eviction;
use super::fallback::SocketFallback;
use super::inbound::Inbound;
use super::settings::Settings;
use super::tabs::Tabs;
use crate::probed::Probed;

/// What the client does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientPolicy {
    /// How it dials.
    pub dial: Probed<Dial>,
    /// When and how often it tries again.
    pub reconnect: Probed<Reconnect>,
    /// What it makes of the end of a connection.
    pub close_policy: Probed<ClosePolicy>,
    /// How it catches up.
    pub sync: Probed<SyncPolicy>,
    /// When edits are taken.
    pub edit: Probed<EditGate>,
    /// Where edits wait.
    pub outbox: Probed<Outbox>,
    /// What it expects to hear of an edit.
    pub ack: Probed<Ack>,
    /// How it takes in events.
    pub apply: Probed<Apply>,
    /// Events that came ahead of their turn.
    pub reorder: Probed<Reorder>,
    /// How it notices a dead connection.
    pub heartbeat: Probed<Watch>,
    /// What tabs of one device tell each other.
    pub tabs: Probed<Tabs>,
    /// How edits are taken back.
    pub undo: Probed<Undo>,
    /// What is shown for a while only.
    pub ephemeral: Probed<Ephemeral>,
    /// How it recognises what comes again and has no place in the order.
    pub dedup: Probed<Dedup>,
    /// What it does with what comes faster than it can be taken in.
    pub inbound: Probed<Inbound>,
    /// How it shows who it is.
    pub auth: Probed<ClientAuth>,
    /// What it does that cannot have a socket.
    pub fallback: Probed<SocketFallback>,
}

/// How the client dials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dial {
    /// A dial without an answer is given up after this time; 0 waits for ever.
    pub timeout: Span,
}

impl Default for Dial {
    fn default() -> Self {
        Self { timeout: Span::secs(10) }
    }
}

/// How delays between attempts grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The base, doubled with each failed attempt, up to the cap.
    Exponential,
    /// Always the base.
    Constant,
    /// No delay.
    Immediate,
    /// The table's delays in turn, the last one for ever.
    Table,
}

/// What ends the count of failed attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetOn {
    /// A connection that was live for the stable time.
    Stable,
    /// A connection that opened.
    Open,
    /// Nothing.
    Never,
}

/// What leads out of having given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailedExit {
    /// The person presses the button.
    Manual,
    /// The device says that it is online again.
    Online,
    /// A slow probe succeeds.
    Probe,
}

/// What the cap is put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clamp {
    /// What the application demands: the delay with its jitter where the cap is strict.
    AsDemanded,
    /// The nominal delay: jitter may lead beyond the cap.
    BeforeJitter,
    /// The delay with its jitter: no delay is longer than the cap.
    AfterJitter,
}

/// When and how often the client tries again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reconnect {
    /// Whether it tries at all.
    pub enabled: bool,
    /// How delays grow.
    pub schedule: Schedule,
    /// The first delay.
    pub base: Span,
    /// The longest nominal delay; 0 is no cap.
    pub cap: Span,
    /// The delays of a table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<Span>,
    /// How far a delay may lie off its nominal value, in percent of it.
    pub jitter_percent: u32,
    /// Whether the cap is put on before or after the jitter.
    pub clamp: Clamp,
    /// What ends the count of failed attempts.
    pub reset_on: ResetOn,
    /// How long a connection must be live to count as stable.
    pub stable: Span,
    /// Attempts before the person is told that connecting failed; 0 is no limit.
    pub attempts_max: u32,
    /// What leads out of having given up.
    pub failed_exits: Vec<FailedExit>,
    /// The pause between probes once it has given up.
    pub probe: Span,
    /// Whether it dials at once when the device says that it is online.
    pub online_hint: bool,
    /// Whether it makes no attempts while the device says that it is offline.
    pub pause_offline: bool,
    /// What it makes of the base, the cap and the number of attempts that its application sets.
    pub settings: Settings,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            enabled: true,
            schedule: Schedule::Exponential,
            base: Span::secs(1),
            cap: Span::secs(30),
            table: Vec::new(),
            jitter_percent: 20,
            clamp: Clamp::AsDemanded,
            reset_on: ResetOn::Stable,
            stable: Span::secs(10),
            attempts_max: 10,
            failed_exits: vec![FailedExit::Manual, FailedExit::Online, FailedExit::Probe],
            probe: Span::secs(60),
            online_hint: true,
            pause_offline: true,
            settings: Settings::Honoured,
        }
    }
}

/// What to do after a class of close codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnClose {
    /// Try again after the usual delay.
    Retry,
    /// Stay away until the person acts.
    Final,
}

/// What the client makes of the end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClosePolicy {
    /// After 1001, 1006, 1011, 1012, 1013, 4408.
    pub transient: OnClose,
    /// After 1000 from the server.
    pub normal: OnClose,
    /// After 4401, and 4001: the person must sign in.
    pub auth: OnClose,
    /// After 1003 and 1008: the server will not have this client.
    pub policy: OnClose,
    /// After 4003: there are too many connections.
    pub limit: OnClose,
    /// The delay is multiplied by this after 1011 and 1013.
    pub server_error_multiplier: u32,
}

impl Default for ClosePolicy {
    fn default() -> Self {
        Self {
            transient: OnClose::Retry,
            normal: OnClose::Final,
            auth: OnClose::Final,
            policy: OnClose::Final,
            limit: OnClose::Final,
            server_error_multiplier: 2,
        }
    }
}

/// What the client asks for when a connection has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnOpen {
    /// What came after its cursor.
    Resume,
    /// Everything, on every connection.
    Snapshot,
    /// Nothing: it goes on with what comes next.
    AdoptHead,
}

/// What the client says that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cursor {
    /// The position that it has applied up to.
    Applied,
    /// The time of its own wall clock when it last heard something.
    WallClock,
}

/// How the client catches up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncPolicy {
    /// What it asks for when a connection has opened.
    pub on_open: OnOpen,
    /// What it says that it has.
    pub cursor: Cursor,
    /// A connection on which no answer comes within this time is left; 0 waits for ever.
    pub timeout: Span,
}

impl Default for SyncPolicy {
    fn default() -> Self {
        Self { on_open: OnOpen::Resume, cursor: Cursor::Applied, timeout: Span::secs(10) }
    }
}

/// What becomes of an edit while there is no live connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfflineEdits {
    /// It is kept and sent later.
    Queue,
    /// It is shown, and forgotten.
    Discard,
    /// It is refused, visibly.
    Refuse,
}

/// What becomes of an edit when the outbox is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overflow {
    /// It is refused, visibly.
    RefuseAndTell,
    /// It is shown, and forgotten.
    DropSilently,
}

/// Where the outbox is kept, and what the person is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// In memory, shown as not saved on the device.
    MemoryWithWarning,
    /// In memory, shown as saved on the device.
    MemoryClaimingDurable,
    /// On the device, and shown as not saved there until it is. What waits there when the page
    /// goes away is sent by the next one.
    Device,
}

/// Where edits wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outbox {
    /// What becomes of an edit while there is no live connection.
    pub offline: OfflineEdits,
    /// The most edits that wait; 0 is no limit. The objectives' limit holds as well.
    pub limit: u32,
    /// What becomes of an edit when the outbox is full.
    pub overflow: Overflow,
    /// An edit that waits for longer is not sent any more, and nobody is told; 0 is never.
    pub expire: Span,
    /// Where the outbox is kept.
    pub storage: Storage,
    /// What gives way when the outbox is full.
    pub eviction: Eviction,
    /// Whether of moves of one element in a row, none of them sent, only the last one is kept.
    pub coalesce: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            offline: OfflineEdits::Queue,
            limit: 1000,
            overflow: Overflow::RefuseAndTell,
            expire: Span::ZERO,
            storage: Storage::MemoryWithWarning,
            eviction: Eviction::EphemeralOnly,
            coalesce: true,
        }
    }
}

/// What the client does when an ack does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AckRetry {
    /// It leaves the connection and sends again on the next.
    TimeoutAndReconnect,
    /// It sends again on the same connection.
    Resend,
    /// Nothing.
    Never,
}

/// What the client expects to hear of an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ack {
    /// Whether an edit stays in the outbox until it is acked.
    pub required: bool,
    /// How long an ack may take.
    pub timeout: Span,
    /// What happens when it takes longer.
    pub retry: AckRetry,
}

impl Default for Ack {
    fn default() -> Self {
        Self { required: true, timeout: Span::secs(10), retry: AckRetry::TimeoutAndReconnect }
    }
}

/// What the client does when an event is ahead of its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// It keeps the event, and asks for what is missing if that does not come.
    StopAndRepair,
    /// It applies the event and forgets what is missing.
    Skip,
}

/// How the client takes in events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Apply {
    /// What it does when an event is ahead of its turn.
    pub gap: Gap,
    /// How long it waits for what is missing before it asks; 0 never asks.
    pub gap_timer: Span,
    /// Events of others are dropped for this long after an edit of one's own; 0 is never.
    pub edit_window: Span,
}

impl Default for Apply {
    fn default() -> Self {
        Self { gap: Gap::StopAndRepair, gap_timer: Span::secs(2), edit_window: Span::ZERO }
    }
}

/// Events that came ahead of their turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reorder {
    /// The most that are kept; 0 is no limit. The objectives' limit holds as well.
    pub limit: u32,
}

impl Default for Reorder {
    fn default() -> Self {
        Self { limit: 1000 }
    }
}

/// What the client takes for a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignOfLife {
    /// A frame that the server itself has sent.
    ApplicationFrame,
    /// That the transport has taken all that was written.
    TransportAck,
}

/// How the client notices a dead connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// Whether it leaves a connection on which it hears nothing.
    pub watch: bool,
    /// How long it may hear nothing.
    pub timeout: Span,
    /// What it takes for a sign of life.
    pub sign_of_life: SignOfLife,
    /// How often it sends a ping of its own; 0 is never.
    pub interval: Span,
    /// Whether it compares the head that a ping tells with its cursor.
    pub compare_head: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            watch: true,
            timeout: Span::secs(40),
            sign_of_life: SignOfLife::ApplicationFrame,
            interval: Span::ZERO,
            compare_head: true,
        }
    }
}

/// What comes back when an edit is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndoScope {
    /// What the edit wrote over.
    Op,
    /// The whole document as it was before the edit.
    WholeDocument,
}

/// How edits are taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Undo {
    /// What comes back when an edit is taken back.
    pub scope: UndoScope,
}

impl Default for Undo {
    fn default() -> Self {
        Self { scope: UndoScope::Op }
    }
}

/// What is shown for a while only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ephemeral {
    /// How long after it was last told it is shown; 0 is until something else is told.
    pub expiry: Span,
}

impl Default for Ephemeral {
    fn default() -> Self {
        Self { expiry: Span::secs(10) }
    }
}
