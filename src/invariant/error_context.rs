//! An error says what it is about.

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation};
use crate::id::ConnId;

/// Each refusal names the operation that it refuses. An error that names neither an operation nor
/// a topic answers a frame that could not be read, of which nobody knows what it was about.
#[derive(Debug, Default)]
pub struct ErrorContext {
    /// Frames that could not be read and were not answered, by connection.
    unreadable: Table<ConnId, u32>,
}

impl Invariant for ErrorContext {
    fn name(&self) -> &'static str {
        "error-context"
    }
    fn statement(&self) -> &'static str {
        "Every refusal names its operation, and every error names what it is about, unless it \
         answers a frame that could not be read."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_ERROR.and(Interest::DELIVERED_UNREADABLE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, .. } => *self.unreadable.of(*conn) += 1,
            Observation::Sent { conn, meaning, .. } if meaning.op.is_none() => {
                let unreadable = self.unreadable.get_mut(conn).filter(|count| **count > 0);
                match unreadable {
                    Some(count) if meaning.kind == Kind::Error => *count -= 1,
                    _ if meaning.kind == Kind::Error && meaning.topic.is_some() => {}
                    _ => {
                        let code = meaning.code;
                        let message =
                            format!("says on {conn} that something failed ({code}), but not what");
                        ruling.violated(seen.node, message);
                    }
                }
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.unreadable.retain(|conn, _| *conn >= horizon.conn);
    }
}
