//! A connection that works is not given up.

use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Channel, Connection, Initiator, Interest, Kind, Life, Meaning, Observation, Request, Side,
};
use crate::id::{ConnId, NodeId, OpId};
use crate::objectives::Objectives;
use crate::protocol::Conns;
use crate::time::{Mono, Span};

/// What a clock's rounding and a timer may be early by.
const SLACK: Span = Span::millis(10);
/// The codes with which a codec ends a connection whose frames it cannot read.
const UNREADABLE: [u16; 3] = [1002, 1007, 1009];
/// A command or a device event explains a close this long.
const GRACE: Span = Span::secs(1);

/// A client ends an open connection by itself only after an unmount, disconnect, open or retry
/// command, news of its device or credential, silence on it for the heartbeat's interval and
/// timeout, a sync that took the time for connecting, an operation that was not answered within
/// its time, the opening of its successor, or a frame that ends the protocol. What a client
/// does right after a pause is excused.
#[derive(Debug)]
pub struct NoNeedlessReconnect {
    silence: Span,
    sync: Span,
    ack: Span,
    ends: Conns<End>,
    nodes: Table<NodeId, Page>,
    /// The channels that are no sockets and not open yet.
    others: Set<ConnId>,
    /// What is sent on it next is a flood's, and begins nothing.
    repeated: Option<ConnId>,
}

#[derive(Debug)]
struct End {
    /// When the last sync on it began.
    began: Mono,
    heard: Mono,
    /// Whether the client has shown `live` on it.
    was_live: bool,
    /// Whether the peer said that something failed.
    failed: bool,
    /// Operations that were sent on it and not answered there, and when.
    asked: Table<OpId, Mono>,
}

#[derive(Debug, Default)]
struct Page {
    /// When there last was a reason to change connections, on the node's own clock.
    reason: Option<Mono>,
    newest: Option<ConnId>,
}

impl NoNeedlessReconnect {
    /// Judges by `heartbeat_interval`, `heartbeat_timeout`, `connect_timeout` and `ack_timeout`.
    pub fn new(objectives: &Objectives) -> Self {
        let silence = objectives.heartbeat_interval + objectives.heartbeat_timeout;
        Self {
            silence: silence.saturating_sub(GRACE),
            sync: objectives.connect_timeout.saturating_sub(SLACK),
            ack: objectives.ack_timeout.saturating_sub(SLACK),
            ends: Conns::default(),
            nodes: Table::new(),
            others: Set::new(),
            repeated: None,
        }
    }

    fn delivered(&mut self, now: Mono, conn: ConnId, meaning: &Meaning) {
        let Some(end) = self.ends.get_mut(conn) else { return };
        end.heard = now;
        // What is no message at all has no schema.
        end.failed |= meaning.kind == Kind::Error || meaning.schema == 0;
        if let (Kind::Ack | Kind::Nack, Some(op)) = (meaning.kind, meaning.op) {
            end.asked.remove(&op);
        }
    }

    /// Whether something explains that a client ended a connection.
    fn is_needed(&self, node: NodeId, now: Mono, conn: ConnId, end: &End) -> bool {
        let page = self.nodes.get(&node);
        let asked = page.and_then(|page| page.reason).is_some_and(|at| now.since(at) <= GRACE);
        let newest = page.and_then(|page| page.newest).filter(|newest| *newest > conn);
        let succeeded = newest.is_some_and(|newest| self.ends.get(newest).is_some());
        let lost = end.asked.values().any(|sent| now.since(*sent) >= self.ack);
        asked
            || succeeded
            || lost
            || end.failed
            || now.since(end.heard) >= self.silence
            || !end.was_live && now.since(end.began) >= self.sync
    }
}

const fn is_reason(request: Request) -> bool {
    !matches!(
        request,
        Request::Rerender | Request::Edit | Request::Undo | Request::Redo | Request::Query
    )
}

impl Invariant for NoNeedlessReconnect {
    fn name(&self) -> &'static str {
        "no-needless-reconnect"
    }
    fn statement(&self) -> &'static str {
        "A client ends an open connection by itself only for a command, a device event, silence, \
         an answer that does not come, a successor or a frame that ends the protocol."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN
            .and(Interest::NODE)
            .and(Interest::DEVICE)
            .and(Interest::CREDENTIAL)
            .and(Interest::DIALLED)
            .and(Interest::OPENED)
            .and(Interest::CLOSED)
            .and(Interest::SENT_OTHER)
            .and(Interest::REPEATED)
            .and(Interest::DELIVERED)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (node, now) = (seen.node, seen.now.mono);
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, meaning } => {
                self.delivered(now, *conn, meaning);
            }
            Observation::Repeated { conn } => self.repeated = Some(*conn),
            Observation::Sent { conn, .. } if self.repeated == Some(*conn) => self.repeated = None,
            Observation::Sent { conn, side: Side::Dialler, meaning, .. }
                if meaning.kind == Kind::Op =>
            {
                if let Some((end, op)) = self.ends.get_mut(*conn).zip(meaning.op) {
                    end.asked.get_or_insert(op, now);
                }
            }
            Observation::Sent { conn, side: Side::Dialler, meaning, .. }
                if matches!(meaning.kind, Kind::Hello | Kind::Subscribe) =>
            {
                if let Some(end) = self.ends.get_mut(*conn) {
                    (end.began, end.was_live) = (now, false);
                }
            }
            Observation::Opened { conn, side: Side::Dialler } => {
                if self.others.remove(conn).is_some() {
                    return;
                }
                let asked = Table::new();
                let end = End { began: now, heard: now, was_live: false, failed: false, asked };
                self.ends.insert(*conn, end);
            }
            Observation::Closed { conn, side: Side::Dialler, code, by } => {
                let Some(end) = self.ends.remove(*conn) else { return };
                let refuses = UNREADABLE.contains(code);
                if *by == Initiator::Local && !refuses && !self.is_needed(node, now, *conn, &end) {
                    let silent = now.since(end.heard);
                    let message = format!("ended {conn} {silent} after a frame came on it");
                    ruling.violated(node, message);
                }
            }
            Observation::ShownStatus(status) if status.connection == Connection::Live => {
                let newest = self.nodes.get(&node).and_then(|page| page.newest);
                if let Some(end) = newest.and_then(|conn| self.ends.get_mut(conn)) {
                    end.was_live = true;
                }
            }
            Observation::Dialled { conn, channel: Channel::Socket, .. } => {
                self.nodes.of(node).newest = Some(*conn);
            }
            Observation::Dialled { conn, .. } => _ = self.others.insert(*conn, ()),
            Observation::Given { request, .. } if !is_reason(*request) => {}
            Observation::Given { .. }
            | Observation::Device { .. }
            | Observation::Credential(_)
            | Observation::Node(Life::Resumed | Life::Restarted) => {
                self.nodes.of(node).reason = Some(now);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.others.retain(|conn, ()| *conn >= horizon.conn);
    }
}
