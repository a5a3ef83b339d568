//! The person asks what there is.

use wavetank::id::OpId;
use wavetank::protocol::Outbox;

use super::{Client, Phase};
use crate::protocol::DocSync;

impl Client {
    /// Answers out of memory, whatever becomes of the connection.
    pub(super) fn query(&self, id: OpId, out: &mut Outbox<DocSync>) {
        if (self.steps.answers_query)(self.phase == Phase::Live) {
            let stale = self.shown.is_none_or(|shown| shown.stale);
            out.show_answer(id, self.cursor, stale);
        }
    }
}
