//! The sockets that each node is dialling or holds open, read off the facts.

use smallvec::SmallVec;

use super::table::{Set, Table};
use crate::engine::Seen;
use crate::history::{Channel, Interest, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::time::Time;

/// A connection that its dialler has neither closed nor been told the end of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) conn: ConnId,
    pub(crate) dialled: Time,
    pub(crate) opened: Option<Time>,
}

/// Connections that are no sockets: each is for one request, and says nothing of the page's.
#[derive(Debug, Default)]
pub(crate) struct Requests(Set<ConnId>);

impl Requests {
    /// Whether an observation is of the beginning or the end of one at its dialler.
    pub(crate) fn are_meant(&mut self, what: &Observation) -> bool {
        match *what {
            Observation::Dialled { conn, channel, .. } if channel != Channel::Socket => {
                self.0.insert(conn, ());
                true
            }
            Observation::Refused { conn, .. }
            | Observation::Closed { conn, side: Side::Dialler, .. } => {
                self.0.remove(&conn).is_some()
            }
            _ => false,
        }
    }
}

/// Sockets by the node that dialled them, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Sockets(Table<NodeId, SmallVec<[Socket; 2]>>);

impl Sockets {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Interest::DIALLED
        .and(Interest::OPENED)
        .and(Interest::REFUSED)
        .and(Interest::CLOSED)
        .and(Interest::NODE);

    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        match *seen.what {
            Observation::Dialled { conn, channel: Channel::Socket, .. } => {
                let socket = Socket { conn, dialled: seen.at, opened: None };
                self.0.of(seen.node).push(socket);
            }
            Observation::Opened { conn, side: Side::Dialler } => {
                let sockets = self.0.of(seen.node);
                if let Some(socket) = sockets.iter_mut().find(|socket| socket.conn == conn) {
                    socket.opened = Some(seen.at);
                }
            }
            Observation::Refused { conn, .. }
            | Observation::Closed { conn, side: Side::Dialler, .. } => {
                if let Some(sockets) = self.0.get_mut(&seen.node) {
                    sockets.retain(|socket| socket.conn != conn);
                }
            }
            Observation::Node(Life::Crashed) => {
                if let Some(sockets) = self.0.get_mut(&seen.node) {
                    sockets.clear();
                }
            }
            _ => {}
        }
    }

    /// All sockets of a node.
    pub(crate) fn of(&self, node: NodeId) -> &[Socket] {
        self.0.get(&node).map_or(&[], |sockets| sockets.as_slice())
    }

    /// The newest of a node's sockets that is open.
    pub(crate) fn open(&self, node: NodeId) -> Option<&Socket> {
        self.of(node).iter().rev().find(|socket| socket.opened.is_some())
    }

    /// The newest of a node's sockets.
    pub(crate) fn newest(&self, node: NodeId) -> Option<&Socket> {
        self.of(node).last()
    }
}
