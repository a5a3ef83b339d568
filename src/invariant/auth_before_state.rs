//! Nobody sees or changes a document before it is known that she may.

use super::passes::Passes;
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Channel, Interest, Kind, Meaning, Observation, Side, Standing};
use crate::id::{ConnId, NodeId, OpId, Topic};
use crate::objectives::{Access, Objectives};
use crate::time::Time;

/// Where people have to sign in, state of a document is sent on a connection only after its
/// welcome if it is a socket, and only if it was dialled from an allowed origin, showed a credential that was good,
/// and its user could see that document when she asked for it or later. An operation is committed
/// only if it came on such a connection, from somebody who could see the document since the
/// connection was first heard on or later.
#[derive(Debug)]
pub struct AuthBeforeState {
    access: Access,
    origin: u64,
    passes: Passes,
    welcomed: Set<ConnId>,
    /// Since when a user may not see a topic.
    denied: Table<(NodeId, Topic), Time>,
    asked: Table<(ConnId, Topic), Time>,
    /// When something first came on a connection.
    met: Table<ConnId, Time>,
    /// Operations that came, and whether they came from somebody who may.
    ops: Table<OpId, bool>,
}

impl AuthBeforeState {
    /// Judges by `access` and `origin`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            access: objectives.access,
            origin: objectives.origin,
            passes: Passes::default(),
            welcomed: Set::new(),
            denied: Table::new(),
            asked: Table::new(),
            met: Table::new(),
            ops: Table::new(),
        }
    }

    /// What is wrong with the caller of a connection.
    fn fault(&self, conn: ConnId) -> Option<&'static str> {
        let pass = self.passes.of(conn)?;
        if self.origin != 0 && pass.caller.origin != self.origin {
            return Some("which was dialled from another origin");
        }
        match self.passes.good(conn) {
            None => Some("which showed no credential that was good"),
            Some(_) => None,
        }
    }

    /// Whether what is sent on a connection follows a welcome: a request is answered without.
    fn is_socket(&self, conn: ConnId) -> bool {
        self.passes.of(conn).is_none_or(|pass| pass.channel == Channel::Socket)
    }

    /// Whether the user of a connection might not see a topic at a time, nor since.
    fn is_denied(&self, conn: ConnId, topic: Topic, at: Option<&Time>) -> bool {
        let user = self.passes.good(conn).map(|issued| issued.user);
        let since = user.and_then(|user| self.denied.get(&(user, topic)));
        since.zip(at).is_some_and(|(since, at)| since <= at)
    }

    fn delivered(&mut self, at: Time, conn: ConnId, meaning: &Meaning) {
        self.met.get_or_insert(conn, at);
        match (meaning.kind, meaning.topic, meaning.op) {
            (Kind::Hello | Kind::Subscribe, Some(topic), _) => {
                self.asked.insert((conn, topic), at);
            }
            (Kind::SyncRequest, Some(topic), _) if !self.is_socket(conn) => {
                self.asked.insert((conn, topic), at);
            }
            (Kind::Op, topic, Some(op)) => {
                let met = self.met.get(&conn);
                let denied = topic.is_some_and(|topic| self.is_denied(conn, topic, met));
                let may = self.fault(conn).is_none() && !denied;
                *self.ops.of(op) |= may;
            }
            _ => {}
        }
    }

    fn sent(&mut self, seen: &Seen<'_>, conn: ConnId, meaning: &Meaning, ruling: &mut Ruling) {
        let what = match meaning.kind {
            Kind::Welcome => {
                self.welcomed.insert(conn, ());
                return;
            }
            Kind::Event | Kind::Snapshot | Kind::Delta | Kind::Ephemeral => meaning.kind,
            _ => return,
        };
        let why = match (self.fault(conn), meaning.topic) {
            (Some(fault), _) => fault,
            (None, Some(topic)) if self.is_denied(conn, topic, self.asked.get(&(conn, topic))) => {
                "whose user may not see it"
            }
            _ if self.is_socket(conn) && !self.welcomed.contains_key(&conn) => "before its welcome",
            _ => return,
        };
        ruling.violated(seen.node, format!("sent {what:?} on {conn}, {why}"));
    }
}

impl Invariant for AuthBeforeState {
    fn name(&self) -> &'static str {
        "auth-before-state"
    }
    fn statement(&self) -> &'static str {
        "State is sent on, and operations are committed from, only connections of an allowed \
         origin that showed a good credential and whose user may see the document."
    }
    fn interest(&self) -> Interest {
        match self.access {
            Access::Open => Interest::NONE,
            Access::SignedIn => Passes::INTEREST.and(Interest::SENT).and(Interest::STORED_OTHER),
        }
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        self.passes.observe(seen);
        match seen.what {
            Observation::Credential(Standing::Withdrawn(topic)) => {
                self.denied.get_or_insert((seen.node, *topic), seen.at);
            }
            Observation::Credential(Standing::Granted(topic)) => {
                self.denied.remove(&(seen.node, *topic));
            }
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                self.delivered(seen.at, *conn, meaning);
            }
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                self.sent(seen, *conn, meaning, ruling);
            }
            Observation::Stored { write: Some(write), .. } if !write.changes.is_empty() => {
                if let Some(op) = write.op.filter(|op| self.ops.get(op) == Some(&false)) {
                    let message = format!("{op} was committed, and came from nobody who may");
                    ruling.violated(seen.node, message);
                }
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.welcomed.remove(conn);
                self.met.remove(conn);
                self.asked.retain(|(of, _), _| of != conn);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.passes.retain(|conn| conn >= horizon.conn);
        self.welcomed.retain(|conn, ()| *conn >= horizon.conn);
        self.met.retain(|conn, _| *conn >= horizon.conn);
        self.asked.retain(|(conn, _), _| *conn >= horizon.conn);
        self.ops.retain(|op, _| *op >= horizon.op);
    }
}
