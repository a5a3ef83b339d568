//! Steps of the client that can be done wrong. The defaults are the reference.

use wavetank::history::{Change, Changes, Connection, Position, StaleMarks, Value};
use wavetank::time::Span;

use crate::document::Content;
use crate::message::{Notice, Since};
use crate::probed::Probed;
use crate::store::Event;

/// What to do when nothing was heard for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Leave the connection and try another.
    Leave,
    /// Show that the connection is gone, and leave it at that.
    OnlyShow,
    /// Close the connection, and go on once the peer has answered that.
    AwaitEcho,
}

/// How an operation stands towards the connection when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It is kept until it is acked, and sent when the connection is live.
    Kept,
    /// It is sent on whatever connection there is, and counted as done.
    Gone,
}

/// What may lead to the first question on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// The connection has opened.
    Opened,
    /// The server has sent a ping.
    Ping,
}

/// How a page stands to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// It has caught up on the current connection.
    pub live: bool,
    /// It has asked on the current connection what it missed.
    pub syncing: bool,
    /// The server has told of more than it has.
    pub behind: bool,
}

/// The steps, each named after the path that chooses it.
#[derive(Clone, Copy)]
#[allow(clippy::type_complexity, reason = "the names say what a step is given")]
pub struct Steps {
    /// `client.dial.on`: whether opening the page dials.
    pub dials_on_mount: Probed<fn() -> bool>,
    /// `client.dial.exclusive`: whether a dial ends what it takes the place of.
    pub dials_alone: Probed<fn() -> bool>,
    /// `client.dial.identity`: whether a page that draws itself anew keeps its connection.
    pub keeps_when_drawn: Probed<fn() -> bool>,
    /// `client.lifecycle.leave`: whether a connection that is left is closed.
    pub closes_when_left: Probed<fn() -> bool>,
    /// `client.lifecycle.leave`: whether frames of a connection that was left are passed over.
    pub fences_frames: Probed<fn() -> bool>,
    /// `client.lifecycle.model`: whether news of the beginning and the end of another connection
    /// than the current one is passed over.
    pub fences_ends: Probed<fn() -> bool>,
    /// `client.lifecycle.unmount`: whether a page that goes away closes its connection.
    pub closes_when_unmounted: Probed<fn() -> bool>,
    /// `client.lifecycle.dispose`: whether nothing reaches a page any more that went away.
    pub is_deaf_when_unmounted: Probed<fn() -> bool>,
    /// `client.close_policy.local`: whether it stays away when the person wants no connection.
    pub stays_away: Probed<fn() -> bool>,
    /// `client.reconnect.counter`: how often the delay is doubled, given how many attempts failed.
    pub doublings: Probed<fn(failed: u32) -> u32>,
    /// `client.sync.cursor_tracking` and `client.sync.counts`: what to say that it has, given
    /// what it has applied, and the last of what waits for its turn.
    pub since: Probed<fn(applied: Option<Position>, received: Option<Position>) -> Since>,
    /// `client.sync.start`: what leads to the first question on a connection.
    pub asks_on: Probed<fn(Cue) -> bool>,
    /// `client.subscribe.on`: whether that question names the document, given whether one that
    /// did was sent before.
    pub names_document: Probed<fn(again: bool) -> bool>,
    /// `client.sync.memory`: the cursor that a new connection begins with.
    pub kept_cursor: Probed<fn(Option<Position>) -> Option<Position>>,
    /// `client.status.stale_on_loss` and `client.status.fresh_on`: whether what is shown is
    /// marked as possibly old.
    pub is_stale: Probed<fn(Standing) -> bool>,
    /// `client.status.last_synced`: whether a frame shows the content to be the server's, given
    /// whether nothing is known to be missing.
    pub is_synced: Probed<fn(level: bool) -> bool>,
    /// `client.status.follows` and `client.view.states`: the state to show, given what it is and
    /// what is shown.
    pub shown_state: Probed<fn(is: Connection, shown: Option<Connection>) -> Connection>,
    /// `client.view.reconnect_feedback`: which attempt to show, given which it is.
    pub shown_attempt: Probed<fn(u32) -> u32>,
    /// `client.edit.can_edit`: whether editing is shown as possible, given whether it is and what
    /// is shown.
    pub shown_can_edit: Probed<fn(is: bool, shown: Option<bool>) -> bool>,
    /// `client.edit.kinds`: whether an edit that moves something is taken, given whether the
    /// connection is live.
    pub takes_moves: Probed<fn(live: bool) -> bool>,
    /// `client.view.close_message`: the class of the notice after a close with this code.
    pub notice: Probed<fn(code: u16) -> &'static str>,
    /// `client.tabs.when_limited`: what a page shows that is one too many.
    pub shown_when_limited: Probed<fn() -> Connection>,
    /// `client.request.on_error`: whether a request that gets no answer ends.
    pub request_fails: Probed<fn() -> bool>,
    /// `client.view.notify_on`: whether an event is drawn, given whether it is of one's own.
    pub draws: Probed<fn(own: bool) -> bool>,
    /// `client.lifecycle.history`: how many closes are remembered, given the limit.
    pub remembered: Probed<fn(limit: usize) -> usize>,
    /// `client.sync.snapshot_guard`: whether a snapshot is taken, given the cursor.
    pub takes_snapshot: Probed<fn(at: Position, cursor: Option<Position>) -> bool>,
    /// `client.sync.on_snapshot`: whether a snapshot takes the place of what was there.
    pub snapshot_replaces: Probed<fn() -> bool>,
    /// `client.overlay.on_snapshot`: whether edits that wait survive a snapshot.
    pub snapshot_keeps_pending: Probed<fn() -> bool>,
    /// `client.sync.compare`: how an event lies to the cursor.
    pub is_news: Probed<fn(event: Position, cursor: Position) -> bool>,
    /// `client.apply.old`: whether an event that was applied before is applied again.
    pub applies_old: Probed<fn() -> bool>,
    /// `client.apply.order`: whether an event waits for those before it.
    pub waits_for_turn: Probed<fn() -> bool>,
    /// `client.reorder.duplicates`: as which copy an event ahead of its turn is kept, given how
    /// many are.
    pub copy: Probed<fn(held: u32) -> u32>,
    /// `client.reorder.duplicates`: whether an old event stands in the way of those behind it.
    pub old_blocks: Probed<fn() -> bool>,
    /// `client.apply.concurrency`: for how long an event is worked on beside those that follow.
    pub takes: Probed<fn(&Event) -> Option<Span>>,
    /// `client.inbound.mailbox`: whether each event is looked at when it comes.
    pub looks_at_once: Probed<fn() -> bool>,
    /// `client.decode.unknown`: whether an event of an unknown kind is reported and made up for.
    pub asks_for_novel: Probed<fn() -> bool>,
    /// `client.decode.validate`: what is made of a frame that cannot be read.
    pub reads_anyway: Probed<fn() -> Option<Changes>>,
    /// `client.ephemeral.progress`: what is shown, given what was told and what was shown.
    pub progress: Probed<fn(told: Value, shown: Option<Value>) -> Value>,
    /// `client.dedup.key`: what a word of the server is recognised by.
    pub notice_key: Probed<fn(&Notice) -> Option<u64>>,
    /// `client.apply.patch`: what an event that says this does to the content.
    pub patch: Probed<fn(&Changes) -> Changes>,
    /// `client.apply.reads`: what events are applied to from now on, in place of what there is.
    pub captures: Probed<fn(&Content) -> Option<Content>>,
    /// `client.overlay.on_event`: whether edits that wait stay in the view over an event.
    pub event_keeps_pending: Probed<fn() -> bool>,
    /// `client.overlay.on_reject`: whether an edit that was rejected is taken out of the view.
    pub rolls_back: Probed<fn() -> bool>,
    /// `client.view.publish`: whether what belongs together is shown together.
    pub shows_together: Probed<fn() -> bool>,
    /// `client.heartbeat.pong`: whether a ping is answered.
    pub answers_ping: Probed<fn() -> bool>,
    /// `client.heartbeat.on_expiry`: what to do when nothing was heard for too long.
    pub on_silence: Probed<fn() -> Expiry>,
    /// `client.close_policy.unknown`: whether to try again after a code that is not known.
    pub retries_unknown: Probed<fn() -> bool>,
    /// `client.outbox.send_when`: how an operation is sent while the connection is not live.
    pub sends_when_not_live: Probed<fn() -> Sending>,
    /// `client.outbox.remove_on`: whether the outbox keeps what it has just sent again.
    pub keeps_after_flush: Probed<fn() -> bool>,
    /// `client.outbox.flush_on`: whether coming into step sends what waits.
    pub flushes_on_sync: Probed<fn() -> bool>,
    /// `client.outbox.flush_on`: whether what waits is sent as soon as a connection opens.
    pub flushes_on_open: Probed<fn() -> bool>,
    /// `client.outbox.order`: which of so many edits is sent at each turn.
    pub flush_order: Probed<fn(len: usize, turn: usize) -> usize>,
    /// `client.outbox.replay_base`: what an edit that waited is said to be based on, given what
    /// it was made on and what is there now.
    pub replay_base:
        Probed<fn(made_on: Option<Position>, now: Option<Position>) -> Option<Position>>,
    /// `client.conflict.tell`: whether the person is told of a conflict.
    pub tells_conflict: Probed<fn() -> bool>,
    /// `client.undo.entry`: what is kept of a field to take an edit back, as it was before the
    /// edit or as it is when it is taken back.
    pub undo_value: Probed<fn(before: Change, now: Change) -> Change>,
    /// `client.tabs.versioned`: whether an event from a tab must be the next one.
    pub tab_in_turn: Probed<fn(event: Position, cursor: Position) -> bool>,
    /// `client.errors.show`: whether the person is told of what failed.
    pub shows_errors: Probed<fn() -> bool>,
    /// `client.errors.clear_on_success`: whether the notice of an end goes once that is mended.
    pub clears_notice: Probed<fn() -> bool>,
    /// `client.errors.report`: whether what goes wrong is reported.
    pub reports_errors: Probed<fn() -> bool>,
    /// `client.view.readable`: whether what there is can be asked for, given whether the
    /// connection is live.
    pub answers_query: Probed<fn(live: bool) -> bool>,
    /// `client.view.coalesce`: whether what has changed is drawn, given for how long nothing was.
    pub draws_after: Probed<fn(Span) -> bool>,
    /// `client.heartbeat.pong_priority`: whether a ping waits behind what came before it.
    pub ping_waits: Probed<fn() -> bool>,
    /// `client.apply.work`: whether what takes long is done in slices.
    pub slices_work: Probed<fn() -> bool>,
    /// `client.view.stale_affordances`: how what may be old is marked, given how it should be.
    pub marks: Probed<fn(StaleMarks) -> StaleMarks>,
    /// `client.decode.fragments`: whether parts of a message are put together.
    pub reassembles: Probed<fn() -> bool>,
    /// `client.decode.reset_on_open`: whether nothing is put together that came on two connections.
    pub begins_anew: Probed<fn() -> bool>,
    /// `client.view.panel_source`: whether a panel shows what the page does.
    pub panel_follows: Probed<fn() -> bool>,
    /// `client.subscribe.release_old`: whether a page that goes to another document says that it
    /// wants no more of the old one.
    pub releases: Probed<fn() -> bool>,
    /// `client.sync.match_response`: whether an answer must be about the document that is open.
    pub matches_answer: Probed<fn() -> bool>,
    /// `client.apply.check_document`: whether an event must be of the document that is open.
    pub checks_document: Probed<fn() -> bool>,
}

impl Default for Steps {
    #[allow(clippy::too_many_lines, reason = "a line for each step")]
    fn default() -> Self {
        Self {
            dials_on_mount: Probed::right(|| true),
            dials_alone: Probed::right(|| true),
            keeps_when_drawn: Probed::right(|| true),
            closes_when_left: Probed::right(|| true),
            fences_frames: Probed::right(|| true),
            fences_ends: Probed::right(|| true),
            closes_when_unmounted: Probed::right(|| true),
            is_deaf_when_unmounted: Probed::right(|| true),
            stays_away: Probed::right(|| true),
            doublings: Probed::right(|failed| failed),
            since: Probed::right(|applied, _| applied.map_or(Since::Nothing, Since::Position)),
            asks_on: Probed::right(|cue| cue == Cue::Opened),
            names_document: Probed::right(|_| true),
            kept_cursor: Probed::right(|cursor| cursor),
            is_stale: Probed::right(|standing| !standing.live || standing.behind),
            is_synced: Probed::right(|level| level),
            shown_state: Probed::right(|is, _| is),
            shown_attempt: Probed::right(|attempt| attempt),
            shown_can_edit: Probed::right(|is, _| is),
            takes_moves: Probed::right(|_| true),
            notice: Probed::right(super::notices::class),
            shown_when_limited: Probed::right(|| Connection::Limit),
            request_fails: Probed::right(|| true),
            draws: Probed::right(|_| true),
            remembered: Probed::right(|limit| limit),
            takes_snapshot: Probed::right(|at, cursor| cursor.is_none_or(|cursor| at >= cursor)),
            snapshot_replaces: Probed::right(|| true),
            snapshot_keeps_pending: Probed::right(|| true),
            is_news: Probed::right(|event, cursor| event > cursor),
            applies_old: Probed::right(|| false),
            waits_for_turn: Probed::right(|| true),
            copy: Probed::right(|_| 0),
            old_blocks: Probed::right(|| false),
            takes: Probed::right(|_| None),
            looks_at_once: Probed::right(|| true),
            asks_for_novel: Probed::right(|| true),
            reads_anyway: Probed::right(|| None),
            progress: Probed::right(|told, _| told),
            notice_key: Probed::right(|notice| notice.id),
            patch: Probed::right(Changes::clone),
            captures: Probed::right(|_| None),
            event_keeps_pending: Probed::right(|| true),
            rolls_back: Probed::right(|| true),
            shows_together: Probed::right(|| true),
            answers_ping: Probed::right(|| true),
            on_silence: Probed::right(|| Expiry::Leave),
            retries_unknown: Probed::right(|| true),
            sends_when_not_live: Probed::right(|| Sending::Kept),
            keeps_after_flush: Probed::right(|| true),
            flushes_on_sync: Probed::right(|| true),
            flushes_on_open: Probed::right(|| false),
            flush_order: Probed::right(|_, turn| turn),
            replay_base: Probed::right(|made_on, _| made_on),
            tells_conflict: Probed::right(|| true),
            undo_value: Probed::right(|before, _| before),
            tab_in_turn: Probed::right(|event, cursor| event == cursor.next()),
            shows_errors: Probed::right(|| true),
            clears_notice: Probed::right(|| true),
            reports_errors: Probed::right(|| true),
            answers_query: Probed::right(|_| true),
            draws_after: Probed::right(|_| true),
            ping_waits: Probed::right(|| false),
            slices_work: Probed::right(|| true),
            marks: Probed::right(|marks| marks),
            reassembles: Probed::right(|| true),
            begins_anew: Probed::right(|| true),
            panel_follows: Probed::right(|| true),
            releases: Probed::right(|| true),
            matches_answer: Probed::right(|| true),
            checks_document: Probed::right(|| true),
        }
    }
}
