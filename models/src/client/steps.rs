//! Steps of the client that can be done wrong. The defaults are the reference.

use wavetank::history::{Change, Changes, Connection, Position, StaleMarks, Value};
use wavetank::time::Span;

use crate::document::Content;
use crate::message::{Notice, Since};
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
pub struct Steps {
    /// `client.dial.on`: whether opening the page dials.
    pub dials_on_mount: fn() -> bool,
    /// `client.dial.exclusive`: whether a dial ends what it takes the place of.
    pub dials_alone: fn() -> bool,
    /// `client.dial.identity`: whether a page that draws itself anew keeps its connection.
    pub keeps_when_drawn: fn() -> bool,
    /// `client.lifecycle.leave`: whether a connection that is left is closed.
    pub closes_when_left: fn() -> bool,
    /// `client.lifecycle.leave`: whether frames of a connection that was left are passed over.
    pub fences_frames: fn() -> bool,
    /// `client.lifecycle.model`: whether news of the beginning and the end of another connection
    /// than the current one is passed over.
    pub fences_ends: fn() -> bool,
    /// `client.lifecycle.unmount`: whether a page that goes away closes its connection.
    pub closes_when_unmounted: fn() -> bool,
    /// `client.lifecycle.dispose`: whether nothing reaches a page any more that went away.
    pub is_deaf_when_unmounted: fn() -> bool,
    /// `client.close_policy.local`: whether it stays away when the person wants no connection.
    pub stays_away: fn() -> bool,
    /// `client.reconnect.counter`: how often the delay is doubled, given how many attempts failed.
    pub doublings: fn(failed: u32) -> u32,
    /// `client.sync.cursor_tracking` and `client.sync.counts`: what to say that it has, given
    /// what it has applied, and the last of what waits for its turn.
    pub since: fn(applied: Option<Position>, received: Option<Position>) -> Since,
    /// `client.sync.start`: what leads to the first question on a connection.
    pub asks_on: fn(Cue) -> bool,
    /// `client.subscribe.on`: whether that question names the document, given whether one that
    /// did was sent before.
    pub names_document: fn(again: bool) -> bool,
    /// `client.sync.memory`: the cursor that a new connection begins with.
    pub kept_cursor: fn(Option<Position>) -> Option<Position>,
    /// `client.status.stale_on_loss` and `client.status.fresh_on`: whether what is shown is
    /// marked as possibly old.
    pub is_stale: fn(Standing) -> bool,
    /// `client.status.last_synced`: whether a frame shows the content to be the server's, given
    /// whether nothing is known to be missing.
    pub is_synced: fn(level: bool) -> bool,
    /// `client.status.follows` and `client.view.states`: the state to show, given what it is and
    /// what is shown.
    pub shown_state: fn(is: Connection, shown: Option<Connection>) -> Connection,
    /// `client.view.reconnect_feedback`: which attempt to show, given which it is.
    pub shown_attempt: fn(u32) -> u32,
    /// `client.edit.can_edit`: whether editing is shown as possible, given whether it is and what
    /// is shown.
    pub shown_can_edit: fn(is: bool, shown: Option<bool>) -> bool,
    /// `client.edit.kinds`: whether an edit that moves something is taken, given whether the
    /// connection is live.
    pub takes_moves: fn(live: bool) -> bool,
    /// `client.view.close_message`: the class of the notice after a close with this code.
    pub notice: fn(code: u16) -> &'static str,
    /// `client.tabs.when_limited`: what a page shows that is one too many.
    pub shown_when_limited: fn() -> Connection,
    /// `client.request.on_error`: whether a request that gets no answer ends.
    pub request_fails: fn() -> bool,
    /// `client.view.notify_on`: whether an event is drawn, given whether it is of one's own.
    pub draws: fn(own: bool) -> bool,
    /// `client.lifecycle.history`: how many closes are remembered, given the limit.
    pub remembered: fn(limit: usize) -> usize,
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
    /// `client.apply.order`: whether an event waits for those before it.
    pub waits_for_turn: fn() -> bool,
    /// `client.reorder.duplicates`: as which copy an event ahead of its turn is kept, given how
    /// many are.
    pub copy: fn(held: u32) -> u32,
    /// `client.reorder.duplicates`: whether an old event stands in the way of those behind it.
    pub old_blocks: fn() -> bool,
    /// `client.apply.concurrency`: for how long an event is worked on beside those that follow.
    pub takes: fn(&Event) -> Option<Span>,
    /// `client.inbound.mailbox`: whether each event is looked at when it comes.
    pub looks_at_once: fn() -> bool,
    /// `client.decode.unknown`: whether an event of an unknown kind is reported and made up for.
    pub asks_for_novel: fn() -> bool,
    /// `client.decode.validate`: what is made of a frame that cannot be read.
    pub reads_anyway: fn() -> Option<Changes>,
    /// `client.ephemeral.progress`: what is shown, given what was told and what was shown.
    pub progress: fn(told: Value, shown: Option<Value>) -> Value,
    /// `client.dedup.key`: what a word of the server is recognised by.
    pub notice_key: fn(&Notice) -> Option<u64>,
    /// `client.apply.patch`: what an event that says this does to the content.
    pub patch: fn(&Changes) -> Changes,
    /// `client.apply.reads`: what events are applied to from now on, in place of what there is.
    pub captures: fn(&Content) -> Option<Content>,
    /// `client.overlay.on_event`: whether edits that wait stay in the view over an event.
    pub event_keeps_pending: fn() -> bool,
    /// `client.overlay.on_reject`: whether an edit that was rejected is taken out of the view.
    pub rolls_back: fn() -> bool,
    /// `client.view.publish`: whether what belongs together is shown together.
    pub shows_together: fn() -> bool,
    /// `client.heartbeat.pong`: whether a ping is answered.
    pub answers_ping: fn() -> bool,
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
    /// `client.outbox.flush_on`: whether what waits is sent as soon as a connection opens.
    pub flushes_on_open: fn() -> bool,
    /// `client.outbox.order`: which of so many edits is sent at each turn.
    pub flush_order: fn(len: usize, turn: usize) -> usize,
    /// `client.outbox.replay_base`: what an edit that waited is said to be based on, given what
    /// it was made on and what is there now.
    pub replay_base: fn(made_on: Option<Position>, now: Option<Position>) -> Option<Position>,
    /// `client.conflict.tell`: whether the person is told of a conflict.
    pub tells_conflict: fn() -> bool,
    /// `client.undo.entry`: what is kept of a field to take an edit back, as it was before the
    /// edit or as it is when it is taken back.
    pub undo_value: fn(before: Change, now: Change) -> Change,
    /// `client.tabs.versioned`: whether an event from a tab must be the next one.
    pub tab_in_turn: fn(event: Position, cursor: Position) -> bool,
    /// `client.errors.show`: whether the person is told of what failed.
    pub shows_errors: fn() -> bool,
    /// `client.errors.clear_on_success`: whether the notice of an end goes once that is mended.
    pub clears_notice: fn() -> bool,
    /// `client.errors.report`: whether what goes wrong is reported.
    pub reports_errors: fn() -> bool,
    /// `client.view.readable`: whether what there is can be asked for, given whether the
    /// connection is live.
    pub answers_query: fn(live: bool) -> bool,
    /// `client.view.coalesce`: whether what has changed is drawn, given for how long nothing was.
    pub draws_after: fn(Span) -> bool,
    /// `client.heartbeat.pong_priority`: whether a ping waits behind what came before it.
    pub ping_waits: fn() -> bool,
    /// `client.apply.work`: whether what takes long is done in slices.
    pub slices_work: fn() -> bool,
    /// `client.view.stale_affordances`: how what may be old is marked, given how it should be.
    pub marks: fn(StaleMarks) -> StaleMarks,
    /// `client.decode.fragments`: whether parts of a message are put together.
    pub reassembles: fn() -> bool,
    /// `client.decode.reset_on_open`: whether nothing is put together that came on two connections.
    pub begins_anew: fn() -> bool,
    /// `client.view.panel_source`: whether a panel shows what the page does.
    pub panel_follows: fn() -> bool,
    /// `client.subscribe.release_old`: whether a page that goes to another document says that it
    /// wants no more of the old one.
    pub releases: fn() -> bool,
    /// `client.sync.match_response`: whether an answer must be about the document that is open.
    pub matches_answer: fn() -> bool,
    /// `client.apply.check_document`: whether an event must be of the document that is open.
    pub checks_document: fn() -> bool,
}

impl Default for Steps {
    #[allow(clippy::too_many_lines, reason = "a line for each step")]
    fn default() -> Self {
        Self {
            dials_on_mount: || true,
            dials_alone: || true,
            keeps_when_drawn: || true,
            closes_when_left: || true,
            fences_frames: || true,
            fences_ends: || true,
            closes_when_unmounted: || true,
            is_deaf_when_unmounted: || true,
            stays_away: || true,
            doublings: |failed| failed,
            since: |applied, _| applied.map_or(Since::Nothing, Since::Position),
            asks_on: |cue| cue == Cue::Opened,
            names_document: |_| true,
            kept_cursor: |cursor| cursor,
            is_stale: |standing| !standing.live || standing.behind,
            is_synced: |level| level,
            shown_state: |is, _| is,
            shown_attempt: |attempt| attempt,
            shown_can_edit: |is, _| is,
            takes_moves: |_| true,
            notice: super::notices::class,
            shown_when_limited: || Connection::Limit,
            request_fails: || true,
            draws: |_| true,
            remembered: |limit| limit,
            takes_snapshot: |at, cursor| cursor.is_none_or(|cursor| at >= cursor),
            snapshot_replaces: || true,
            snapshot_keeps_pending: || true,
            is_news: |event, cursor| event > cursor,
            applies_old: || false,
            waits_for_turn: || true,
            copy: |_| 0,
            old_blocks: || false,
            takes: |_| None,
            looks_at_once: || true,
            asks_for_novel: || true,
            reads_anyway: || None,
            progress: |told, _| told,
            notice_key: |notice| notice.id,
            patch: Changes::clone,
            captures: |_| None,
            event_keeps_pending: || true,
            rolls_back: || true,
            shows_together: || true,
            answers_ping: || true,
            on_silence: || Expiry::Leave,
            retries_unknown: || true,
            sends_when_not_live: || Sending::Kept,
            keeps_after_flush: || true,
            flushes_on_sync: || true,
            flushes_on_open: || false,
            flush_order: |_, turn| turn,
            replay_base: |made_on, _| made_on,
            tells_conflict: || true,
            undo_value: |before, _| before,
            tab_in_turn: |event, cursor| event == cursor.next(),
            shows_errors: || true,
            clears_notice: || true,
            reports_errors: || true,
            answers_query: |_| true,
            draws_after: |_| true,
            ping_waits: || false,
            slices_work: || true,
            marks: |marks| marks,
            reassembles: || true,
            begins_anew: || true,
            panel_follows: || true,
            releases: || true,
            matches_answer: || true,
            checks_document: || true,
        }
    }
}
