//! Ending connections, each with the code of its cause, and stopping at the operator's wish.

use wavetank::id::ConnId;
use wavetank::protocol::Outbox;

use super::Server;
use crate::policy::OnShutdown;
use crate::protocol::DocSync;

/// The status for whoever dials a server that is about to end.
pub(super) const STOPPED: u16 = 503;
/// The code for the connections of such a server.
const RESTART: u16 = 1012;

impl Server {
    /// Ends a connection.
    pub(super) fn end(
        &mut self,
        conn: ConnId,
        code: u16,
        reason: &'static str,
        out: &mut Outbox<DocSync>,
    ) {
        out.close(conn, (self.steps.close_code)(code), reason);
        self.forget(conn, out);
    }

    /// The process is about to end: whoever is connected is told, and nobody else is let in.
    pub(super) fn stop(&mut self, out: &mut Outbox<DocSync>) {
        self.stopped = true;
        if self.config.policy.server.shutdown.close == OnShutdown::Restart {
            let open: Vec<_> = self.sessions.iter().map(|(conn, _)| conn).collect();
            for conn in open {
                self.end(conn, RESTART, "service restart", out);
            }
        }
    }
}
