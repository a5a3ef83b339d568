//! What is too large is not taken, and ends the connection that it came on.

use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Kind, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// The code for a message that is too large.
const TOO_BIG: u16 = 1009;
/// A server that has time ends the connection this soon.
const SOON: Span = Span::secs(1);

/// A message above the objectives' limit that reaches a server is answered by nothing but the end
/// of its connection with 1009.
#[derive(Debug)]
pub struct SizeLimit {
    most: u32,
    presence: Presence,
    /// Connections on which too much came: to whom, and how much.
    swamped: Table<ConnId, (NodeId, u32)>,
    dues: Dues<ConnId>,
}

impl SizeLimit {
    /// Judges by `message_bytes`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            most: objectives.message_bytes,
            presence: Presence::default(),
            swamped: Table::new(),
            dues: Dues::default(),
        }
    }
}

impl Invariant for SizeLimit {
    fn name(&self) -> &'static str {
        "size-limit"
    }
    fn statement(&self) -> &'static str {
        "A server handles no message above the limit, and ends the connection that carried one \
         with 1009."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::SENT_OTHER)
            .and(Interest::CLOSED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                if meaning.size > self.most {
                    self.swamped.insert(conn, (seen.node, meaning.size));
                    self.dues.add(seen.at + SOON, conn, ruling);
                }
            }
            Observation::Delivered { .. } => {}
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                let answers = matches!(meaning.kind, Kind::Ack | Kind::Pong | Kind::Welcome);
                if answers && let Some((_, size)) = self.swamped.get(&conn) {
                    let kind = meaning.kind;
                    let message = format!("sent {kind:?} on {conn} after {size} bytes came on it");
                    ruling.violated(seen.node, message);
                }
            }
            Observation::Sent { .. } => {}
            Observation::Closed { conn, side: Side::Acceptor, code, by } => {
                if let Some((_, size)) = self.swamped.remove(&conn)
                    && by == Initiator::Local
                    && code != TOO_BIG
                {
                    let message = format!("ended {conn} with {code} after {size} bytes came on it");
                    ruling.violated(seen.node, message);
                }
            }
            Observation::Node(Life::Crashed) => {
                self.swamped.retain(|_, (server, _)| *server != seen.node);
                self.presence.observe(seen);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(conn) = self.dues.take(at, ruling) {
            let Some((server, size)) = self.swamped.get(&conn).copied() else { continue };
            if self.presence.is_free(server, at) {
                ruling.violated(server, format!("kept {conn} open after {size} bytes came on it"));
            } else {
                self.dues.add(at + SOON + TICK, conn, ruling);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.swamped.retain(|conn, _| *conn >= horizon.conn);
    }
}
