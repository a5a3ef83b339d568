//! How far the pipeline is: shown for as long as it is known.

use wavetank::history::{Change, Reading, Value};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Client;
use crate::document;
use crate::protocol::{DocSync, Timer};

/// The part of the page that shows how far the pipeline is.
const PART: u8 = 1;

impl Client {
    /// The pipeline tells how far it is.
    pub(super) fn progress(&mut self, now: Now, stage: u32, out: &mut Outbox<DocSync>) {
        if self.cursor.is_none() {
            return;
        }
        let told = document::progress_of(stage);
        self.progress = Some((self.steps.progress)(told, self.progress));
        let expiry = self.config.policy.client.ephemeral.expiry;
        if !expiry.is_zero() {
            out.timer(Timer::Ephemeral, now.mono + expiry);
        }
        self.show_progress(out);
    }

    /// Nothing was heard of progress for so long, or will be, that what is shown may be wrong.
    pub(super) fn forget_progress(&mut self, out: &mut Outbox<DocSync>) {
        if self.progress.is_some() && !self.config.policy.client.ephemeral.expiry.is_zero() {
            self.progress = None;
            out.cancel(Timer::Ephemeral);
            self.show_progress(out);
        }
    }

    fn show_progress(&self, out: &mut Outbox<DocSync>) {
        let Some(position) = self.cursor else { return };
        let pending = self.pending_here();
        let progress: Option<Value> = self.progress;
        let changes = [Change { field: document::PROGRESS, value: progress }];
        let changes = changes.into_iter().collect();
        out.show(Reading { topic: self.doc, position, part: PART, pending, whole: false, changes });
    }
}
