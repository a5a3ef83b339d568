//! Operations that are not done: their author has no right to them, or came too late.

use wavetank::id::{ConnId, OpId};
use wavetank::protocol::Outbox;

use super::Server;
use crate::document;
use crate::protocol::DocSync;
use crate::store::Commit;

/// Whether a person asks for what only the pipeline may do.
pub(super) fn is_forbidden(commit: &Commit) -> bool {
    commit.edit.changes().iter().any(|change| document::is_stage(change.field))
}

impl Server {
    /// Tells the author that an operation will not be done.
    pub(super) fn refuse(
        &self,
        conn: Option<ConnId>,
        op: OpId,
        code: u16,
        out: &mut Outbox<DocSync>,
    ) {
        if let Some(conn) = conn.filter(|conn| self.sessions.get(*conn).is_some()) {
            out.mark("edit-rejected");
            if let Some(message) = (self.steps.refusal)(op, code) {
                out.send(conn, message).whatever();
            }
        }
    }
}
