//! Nobody is served more than her share.

use super::paces::{Clients, Paces, WINDOW, is_rate_nack};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Meaning, Observation, Side};
use crate::id::{ConnId, OpId};
use crate::objectives::Objectives;
use crate::time::Time;

/// Of the operations of one client that come within a minute, no more than the objectives allow
/// are answered otherwise than by being put off, and no more whole documents are sent to it. A
/// server that crashes forgets what it has served.
#[derive(Debug)]
pub struct RateLimit {
    ops: u32,
    wholes: u32,
    clients: Clients,
    /// When operations came that were not answered yet.
    came: Table<(ConnId, OpId), Time>,
    served: Paces,
    sent: Paces,
}

impl RateLimit {
    /// Judges by `ops_per_minute` and `wholes_per_minute`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            ops: objectives.ops_per_minute,
            wholes: objectives.wholes_per_minute,
            clients: Clients::default(),
            came: Table::new(),
            served: Paces::default(),
            sent: Paces::default(),
        }
    }

    /// Something was sent; gives back what of it was too much.
    fn answered(&mut self, at: Time, conn: ConnId, meaning: &Meaning) -> Option<String> {
        let client = self.clients.of(conn)?;
        match (meaning.kind, meaning.op) {
            (Kind::Ack | Kind::Nack, Some(op)) => {
                let came = self.came.remove(&(conn, op))?;
                if is_rate_nack(meaning) || self.ops == 0 {
                    return None;
                }
                let count = self.served.add(client, came, WINDOW);
                let (most, too_many) = (self.ops, count > self.ops as usize);
                too_many.then(|| format!("served {count} operations within a minute, limit {most}"))
            }
            (Kind::Snapshot, _) if self.wholes > 0 => {
                let count = self.sent.add(client, at, WINDOW);
                let (most, too_many) = (self.wholes, count > self.wholes as usize);
                too_many
                    .then(|| format!("sent {count} whole documents within a minute, limit {most}"))
            }
            _ => None,
        }
    }
}

impl Invariant for RateLimit {
    fn name(&self) -> &'static str {
        "rate-limit"
    }
    fn statement(&self) -> &'static str {
        "In any minute no more operations of one client are served, and no more whole documents \
         sent to it, than the objectives allow."
    }
    fn interest(&self) -> Interest {
        if self.ops == 0 && self.wholes == 0 {
            return Interest::NONE;
        }
        Clients::INTEREST
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::SENT_OTHER)
            .and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                if let (Kind::Op, Some(op)) = (meaning.kind, meaning.op) {
                    self.came.get_or_insert((*conn, op), seen.at);
                }
            }
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                if let Some(message) = self.answered(seen.at, *conn, meaning) {
                    ruling.violated(seen.node, message);
                }
            }
            Observation::Node(Life::Crashed) => {
                self.came.clear();
                self.served.clear();
                self.sent.clear();
            }
            _ => self.clients.observe(seen),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.clients.retain(|conn| conn >= horizon.conn);
        self.came.retain(|(conn, _), _| *conn >= horizon.conn);
    }
}
