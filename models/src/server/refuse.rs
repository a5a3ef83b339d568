//! Operations that are not done: their author has no right to them, or came too late.

use wavetank::history::metrics;
use wavetank::id::ConnId;
use wavetank::protocol::Outbox;

use super::Server;
use crate::document;
use crate::policy::Body;
use crate::protocol::DocSync;
use crate::secrets;
use crate::store::Commit;

/// Whether a person asks for what only the pipeline may do.
pub(super) fn is_forbidden(commit: &Commit) -> bool {
    commit.edit.changes().iter().any(|change| document::is_of_pipeline(change.field))
}

impl Server {
    /// Whether an operation is of the page that has subscribed on its connection.
    pub(super) fn is_own(&self, conn: ConnId, commit: &Commit) -> bool {
        let said = self.sessions.get(conn).and_then(|session| session.instance);
        said.is_none_or(|instance| instance == commit.instance)
    }

    /// Tells the author that an operation will not be done.
    pub(super) fn refuse(
        &self,
        conn: Option<ConnId>,
        commit: &Commit,
        code: u16,
        out: &mut Outbox<DocSync>,
    ) {
        if let Some(conn) = conn.filter(|conn| self.sessions.get(*conn).is_some()) {
            out.mark("edit-rejected");
            if let Some(message) = (self.steps.refusal)(commit, code) {
                out.send(conn, message).whatever();
            }
            if self.logs {
                let mut fields = format!("op={}, document={}", commit.op, commit.doc);
                if self.config.policy.server.logs.body == Body::Full {
                    fields.push_str(&format!(", body={}", secrets::in_full(commit)));
                }
                out.log(metrics::LOG_REFUSED, Some(conn), code, fields);
            }
        }
    }
}
