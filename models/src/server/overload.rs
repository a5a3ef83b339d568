//! No more handshakes than the server can make: whoever comes on top of them is to come later.

use wavetank::id::ConnId;
use wavetank::protocol::Outbox;
use wavetank::time::{Mono, Now, Span};

use super::Server;
use crate::protocol::DocSync;

/// The code for a connection that the server has no time for.
const TRY_LATER: u16 = 1013;
/// Handshakes are counted over this time.
const WINDOW: Span = Span::secs(1);

/// The handshakes of the last window.
#[derive(Debug, Default)]
pub(super) struct Overload {
    since: Option<Mono>,
    made: u32,
}

impl Overload {
    /// Whether one more can be made, where at most so many are within a window.
    fn admits(&mut self, now: Mono, most: u32) -> bool {
        if self.since.is_none_or(|since| now.since(since) >= WINDOW) {
            self.since = Some(now);
            self.made = 0;
        }
        self.made += 1;
        most == 0 || self.made <= most
    }
}

impl Server {
    /// Somebody dialled: takes the time that a handshake takes, or has none.
    pub(super) fn greet(&mut self, now: Now, conn: ConnId, caller: u64, out: &mut Outbox<DocSync>) {
        if let Some(cost) = self.config.handshake {
            if !self.overload.admits(now.mono, self.config.policy.server.overload.handshakes_max) {
                out.mark("handshake-shed");
                out.close(conn, TRY_LATER, "try again later");
                return;
            }
            out.busy(cost);
        }
        self.accept(now, conn, caller, out);
    }
}
