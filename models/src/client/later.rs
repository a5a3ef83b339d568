//! Waiting when the server has had enough.

use wavetank::id::OpId;
use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::{Client, Cue, Phase};
use crate::protocol::{DocSync, Timer};

impl Client {
    /// The server has put something off: an operation, or the question for a whole document.
    pub(super) fn put_off(
        &mut self,
        now: Now,
        op: Option<OpId>,
        retry_after: Span,
        out: &mut Outbox<DocSync>,
    ) {
        let again = now.mono + retry_after;
        match op {
            Some(op) if self.put_back(op) => {
                self.later = Some(again);
                out.timer(Timer::Later, again);
            }
            Some(_) => {}
            None if self.phase == Phase::Syncing => {
                out.cancel(Timer::SyncTimeout);
                out.timer(Timer::Later, again);
            }
            None if self.phase == Phase::Live && self.cursor < self.head => {
                self.gap_armed = true;
                out.timer(Timer::Gap, again);
            }
            None => {}
        }
    }

    /// The time is over.
    pub(super) fn try_again(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.later = None;
        match (self.phase, self.conn) {
            (Phase::Live, _) => self.send_rest(now, out),
            (Phase::Syncing, Some(conn)) => self.cued(now, Cue::Opened, conn, out),
            _ => {}
        }
    }
}
