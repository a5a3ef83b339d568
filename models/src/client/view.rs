//! What the person sees: the confirmed content with her own edits on top, and the state of the
//! connection.

use wavetank::history::{Change, Connection, StaleMarks, Status};
use wavetank::id::Field;
use wavetank::protocol::Outbox;

use super::{Client, Phase, Standing};
use crate::document::{self, Content};
use crate::policy::{OfflineEdits, WhenStale};
use crate::protocol::DocSync;

impl Client {
    /// What a field shows: the newest edit on it, or what is confirmed.
    pub(super) fn seen(&self, field: Field) -> Change {
        let newest = |changes: &[Change]| changes.iter().rev().copied().find(|c| c.field == field);
        let edited = self.of_document().rev().find_map(|pending| newest(&pending.changes));
        edited.unwrap_or(Change { field, value: self.confirmed.get(&field).copied() })
    }

    /// Shows fields that may have changed. Before the first sync there is nothing to show.
    pub(super) fn publish(&self, fields: &[Field], out: &mut Outbox<DocSync>) {
        let Some(cursor) = self.cursor else { return };
        let pending = self.pending_here();
        let together = if (self.steps.shows_together)() { fields.len().max(1) } else { 1 };
        let mut rest = fields;
        loop {
            let (now, later) = rest.split_at(together.min(rest.len()));
            out.show_changes(self.doc, cursor, pending, now.iter().map(|field| self.seen(*field)));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        self.draw_panel(Some(fields), out);
    }

    /// Shows everything anew, without the edits that wait.
    pub(super) fn publish_confirmed(&self, out: &mut Outbox<DocSync>) {
        let Some(cursor) = self.cursor else { return };
        let content = document::whole(&self.confirmed);
        out.show_whole(self.doc, cursor, self.pending_here(), content);
        self.draw_panel(None, out);
    }

    /// All that the page shows.
    pub(super) fn view(&self) -> Content {
        let mut view = self.confirmed.clone();
        for pending in self.of_document() {
            document::apply(&mut view, &pending.changes);
        }
        view
    }

    /// Shows everything anew.
    pub(super) fn publish_whole(&self, out: &mut Outbox<DocSync>) {
        let Some(cursor) = self.cursor else { return };
        let content = document::whole(&self.view());
        out.show_whole(self.doc, cursor, self.pending_here(), content);
        self.draw_panel(None, out);
    }

    /// The state of the connection as the person is to see it.
    fn state(&self) -> Connection {
        match self.phase {
            Phase::Live => Connection::Live,
            Phase::Stopped(shown) => shown,
            Phase::Failed => Connection::Failed,
            Phase::Dialling | Phase::Syncing
                if self.has_given_up() && !self.was_live && !self.is_yet_to_try() =>
            {
                Connection::Failed
            }
            Phase::Offline => Connection::Offline,
            _ if self.cursor.is_none() => Connection::Loading,
            _ => Connection::Reconnecting,
        }
    }

    /// Whether the last attempt waits for what it has to show.
    fn is_yet_to_try(&self) -> bool {
        let failed = self.shown.is_some_and(|shown| shown.connection == Connection::Failed);
        self.phase == Phase::Dialling && self.conn.is_none() && !failed
    }

    /// Whether an edit is taken now.
    pub(super) fn can_edit(&self) -> bool {
        let is = self.state();
        let waits = || {
            let refuses = self.config.policy.client.outbox.offline == OfflineEdits::Refuse;
            !refuses && (self.edit_policy.allows(is) || *self.when_stale == WhenStale::Accept)
        };
        is == Connection::Live || waits()
    }

    /// Shows the state of the connection, if it is not what is shown already.
    pub(super) fn show(&mut self, out: &mut Outbox<DocSync>) {
        let is = self.state();
        let connection = (self.steps.shown_state)(is, self.shown.map(|shown| shown.connection));
        let live = is == Connection::Live;
        let can_edit = self.can_edit();
        let could_edit = self.shown.map(|shown| shown.can_edit);
        let attempt = match is {
            Connection::Live => 0,
            // One at once, by hand or since the network is back, has no failed one before it.
            Connection::Reconnecting => self.attempts.max(1),
            _ => self.attempts,
        };
        let attempt = (self.steps.shown_attempt)(attempt).min(u32::from(u16::MAX)) as u16;
        // What is known to be missing may come at any moment, and may not.
        let stale = (self.steps.is_stale)(Standing {
            live,
            syncing: self.phase == Phase::Syncing,
            behind: self.cursor < self.head,
        });
        let status = Status {
            connection,
            attempt,
            stale,
            can_edit: (self.steps.shown_can_edit)(can_edit, could_edit),
            last_synced: self.last_synced,
            marks: (self.steps.marks)(StaleMarks {
                badge: stale,
                border: stale,
                reason: !can_edit,
            }),
        };
        let key = |status: Status| (status.connection, status.attempt, status.stale);
        if self.shown.is_none_or(|shown| key(shown) != key(status)) {
            self.shown = Some(status);
            out.show_status(status);
        }
    }
}
