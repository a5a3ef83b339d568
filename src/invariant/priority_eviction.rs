//! What may be lost is lost before what may not.

use super::presence::{Dues, TICK};
use super::sockets::Sockets;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Meaning, Observation, OpState, Request, Side};
use crate::id::{ConnId, NodeId, OpId};
use crate::time::{Span, Time};

/// What waited is sent this soon after the first of it.
const SOON: Span = Span::secs(1);

/// Where a client comes back and sends what was said in passing while it had no connection, it
/// sends what it took of edits as well: none of them gave way to what may be lost. What was given
/// up before that was said is excused.
#[derive(Debug, Default)]
pub struct PriorityEviction {
    sockets: Sockets,
    /// What was said in passing without a connection, and not sent yet.
    waiting: Table<OpId, (NodeId, Time)>,
    /// Operations that were taken without a connection and not sent yet, and when they were given
    /// up if they were.
    taken: Table<(NodeId, OpId), Option<Time>>,
    /// When what was sent had been said, and on which connection.
    sent: Table<NodeId, (ConnId, Time)>,
    dues: Dues<NodeId>,
}

impl PriorityEviction {
    fn told(&mut self, node: NodeId, op: OpId, state: OpState, at: Time) {
        match state {
            OpState::Pending | OpState::QueuedSafe | OpState::QueuedVolatile => {
                if self.sockets.open(node).is_none() {
                    self.taken.insert((node, op), None);
                }
            }
            OpState::Dropped => {
                if let Some(given_up) = self.taken.get_mut(&(node, op)) {
                    given_up.get_or_insert(at);
                }
            }
            _ => drop(self.taken.remove(&(node, op))),
        }
    }

    fn sent(&mut self, seen: &Seen<'_>, conn: ConnId, meaning: &Meaning, ruling: &mut Ruling) {
        let Some(op) = meaning.op else { return };
        if meaning.kind == Kind::Op {
            self.taken.remove(&(seen.node, op));
        } else if let Some((_, said)) = self.waiting.remove(&op)
            && meaning.kind == Kind::Ephemeral
            && !self.sent.contains_key(&seen.node)
        {
            self.sent.insert(seen.node, (conn, said));
            self.dues.add(seen.at + SOON + TICK, seen.node, ruling);
        }
    }
}

impl Invariant for PriorityEviction {
    fn name(&self) -> &'static str {
        "priority-eviction"
    }
    fn statement(&self) -> &'static str {
        "No edit is given up for want of room while what may be lost waits in the same queue."
    }
    fn interest(&self) -> Interest {
        Sockets::INTEREST.and(Interest::GIVEN_OTHER).and(Interest::OP).and(Interest::SENT_PLAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::Given { op, request, .. } => {
                if *request == Request::Signal && self.sockets.open(node).is_none() {
                    self.waiting.insert(*op, (node, at));
                }
            }
            Observation::ShownOp { op, state } => self.told(node, *op, *state, at),
            Observation::Sent { conn, side: Side::Dialler, meaning, .. } => {
                self.sent(seen, *conn, meaning, ruling);
            }
            Observation::Sent { .. } => {}
            Observation::Node(life) if life.starts_or_ends() => {
                self.sockets.observe(seen);
                self.waiting.retain(|_, (of, _)| *of != node);
                self.taken.retain(|(of, _), _| *of != node);
                self.sent.remove(&node);
            }
            _ => self.sockets.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some((conn, said)) = self.sent.remove(&node) else { continue };
            if self.sockets.open(node).is_none_or(|socket| socket.conn != conn) {
                continue;
            }
            let lost = |(key, given_up): (&(NodeId, OpId), &Option<Time>)| {
                let before = given_up.is_some_and(|given_up| given_up <= said);
                (key.0 == node && !before).then_some(key.1)
            };
            if let Some(op) = self.taken.iter().find_map(lost) {
                let message = format!("took {op} and never sent it, but what may be lost");
                ruling.violated(node, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.waiting.retain(|op, _| *op >= horizon.op);
        self.taken.retain(|(_, op), _| *op >= horizon.op);
    }
}
