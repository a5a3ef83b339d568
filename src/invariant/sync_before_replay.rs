//! Whoever comes back hears what is new before she says what she did.

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Side};
use crate::id::{ConnId, OpId};

/// A client that asks to be brought up to date on a connection sends no operation on it before
/// the answer came.
#[derive(Debug, Default)]
pub struct SyncBeforeReplay {
    asked: Table<ConnId, Asked>,
}

/// What became of the first request on a connection.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// It is not answered; the first operation that was sent meanwhile.
    Waits(Option<OpId>),
    /// It was answered.
    Answered,
}

impl Invariant for SyncBeforeReplay {
    fn name(&self) -> &'static str {
        "sync-before-replay"
    }
    fn statement(&self) -> &'static str {
        "On every connection a client sends no operation before the answer to its first sync request \
         of that connection has come."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_OTHER.and(Interest::DELIVERED_OTHER).and(Interest::CLOSED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Sent { conn, side: Side::Dialler, meaning, .. } => match meaning.kind {
                Kind::Hello | Kind::Subscribe => {
                    self.asked.get_or_insert(conn, Asked::Waits(None));
                }
                Kind::Op => {
                    if let Some(Asked::Waits(early)) = self.asked.get_mut(&conn) {
                        *early = early.or(meaning.op);
                    }
                }
                _ => {}
            },
            Observation::Delivered { conn, side: Side::Dialler, meaning }
                if matches!(meaning.kind, Kind::Snapshot | Kind::Delta) =>
            {
                let answered = self.asked.insert(conn, Asked::Answered);
                if let Some(Asked::Waits(Some(op))) = answered {
                    let message = format!("sent {op} on {conn} before it was up to date there");
                    ruling.violated(seen.node, message);
                }
            }
            Observation::Closed { conn, side: Side::Dialler, .. } => {
                self.asked.remove(&conn);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.asked.retain(|conn, _| *conn >= horizon.conn);
    }
}
