//! A page that went away leaves no connection behind.

use std::collections::BTreeMap;

use super::presence::{Dues, Presence};
use super::sockets::Sockets;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Request, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::protocol::Conns;
use crate::time::{Mono, Span, Time};

/// After its page went away a client holds no connection, open or being dialled, for longer
/// than the objectives' time to close; and the server has ended its side at most the detection
/// time, on its own clock, after the client's last sign of life, even if the close frame was
/// lost. Pauses are taken out.
#[derive(Debug)]
pub struct NoZombieTransport {
    close_timeout: Span,
    detection: Span,
    presence: Presence,
    sockets: Sockets,
    /// The acceptors' ends, and when each was opened.
    accepted: Conns<(NodeId, Mono)>,
    gone: BTreeMap<NodeId, Time>,
    /// Ends of servers whose client has gone, and when something last came there.
    orphans: Conns<(NodeId, Mono)>,
    dues: Dues<Due>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Client(NodeId),
    Server(ConnId),
}

impl NoZombieTransport {
    /// Judges by `close_timeout` and `detection`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            close_timeout: objectives.close_timeout,
            detection: objectives.detection,
            presence: Presence::default(),
            sockets: Sockets::default(),
            accepted: Conns::default(),
            gone: BTreeMap::new(),
            orphans: Conns::default(),
            dues: Dues::default(),
        }
    }

    fn left(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        self.gone.insert(seen.node, seen.at);
        let due = seen.at + self.close_timeout + Span::micros(1);
        self.dues.add(due, Due::Client(seen.node), ruling);
        for socket in self.sockets.of(seen.node) {
            let Some((server, opened)) = self.accepted.get(socket.conn).copied() else { continue };
            let heard = opened.max(self.presence.mono(server, seen.at));
            self.orphans.insert(socket.conn, (server, heard));
            let due = self.presence.past(server, heard + self.detection);
            self.dues.add(due, Due::Server(socket.conn), ruling);
        }
    }

    fn client(&mut self, node: NodeId, at: Time, ruling: &mut Ruling) {
        let Some(left) = self.gone.get(&node).copied() else { return };
        let since = left.max(self.presence.awake_at(node));
        let Some(socket) = self.sockets.newest(node) else { return };
        if !self.presence.runs(node) || at.since(since) <= self.close_timeout {
            let next = since.max(at) + self.close_timeout + Span::micros(1);
            self.dues.add(next, Due::Client(node), ruling);
        } else {
            let message =
                format!("holds {} {} after its page went away", socket.conn, at.since(left));
            ruling.violated(node, message);
        }
    }

    fn server(&mut self, conn: ConnId, at: Time, ruling: &mut Ruling) {
        let Some((server, heard)) = self.orphans.get(conn).copied() else { return };
        let since = heard.max(self.presence.awake(server));
        let silent = self.presence.mono(server, at).since(since);
        if !self.presence.runs(server) {
            self.dues.add(at + Span::secs(1), Due::Server(conn), ruling);
        } else if silent <= self.detection {
            let due = self.presence.past(server, since + self.detection);
            self.dues.add(due, Due::Server(conn), ruling);
        } else {
            let message = format!("holds {conn}, whose page went away, after {silent} of silence");
            ruling.violated(server, message);
        }
    }
}

impl Invariant for NoZombieTransport {
    fn name(&self) -> &'static str {
        "no-zombie-transport"
    }
    fn statement(&self) -> &'static str {
        "After an unmount the client holds no connection for longer than the time to close, and \
         the server has ended its side within the detection time."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Sockets::INTEREST)
            .and(Interest::GIVEN_OTHER)
            .and(Interest::DELIVERED_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, .. } => {
                if let Some((_, heard)) = self.orphans.get_mut(conn) {
                    *heard = seen.now.mono;
                }
                return;
            }
            Observation::Delivered { .. } => return,
            Observation::Given { request: Request::Unmount, .. } => self.left(seen, ruling),
            Observation::Given { request: Request::Mount, .. } => {
                self.gone.remove(&seen.node);
            }
            Observation::Opened { conn, side: Side::Acceptor } => {
                self.accepted.insert(conn, (seen.node, seen.now.mono));
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.accepted.remove(conn);
                self.orphans.remove(conn);
            }
            _ => {}
        }
        self.sockets.observe(seen);
        self.presence.observe(seen);
        if self.presence.is_down(seen.node) {
            self.gone.remove(&seen.node);
            for table in [&mut self.accepted, &mut self.orphans] {
                let lost = table.iter().filter(|(_, (node, _))| *node == seen.node);
                let lost: Vec<ConnId> = lost.map(|(conn, _)| conn).collect();
                for conn in lost {
                    table.remove(conn);
                }
            }
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(due) = self.dues.take(at, ruling) {
            match due {
                Due::Client(node) => self.client(node, at, ruling),
                Due::Server(conn) => self.server(conn, at, ruling),
            }
        }
    }
}
