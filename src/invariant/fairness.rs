//! Whether a client had a fair chance to be served, read off the facts.

use std::collections::BTreeMap;

use super::presence::Presence;
use super::sockets::Sockets;
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Meaning, Observation, Path, Side};
use crate::id::{ConnId, NodeId};
use crate::protocol::Conns;
use crate::time::{Span, Time};

/// A round trip is quick up to this.
const QUICK: Span = Span::millis(200);
/// A server that takes longer for an answer than this is slow.
const PROMPT: Span = Span::millis(500);

/// What passed over a connection.
#[derive(Debug, Default)]
struct Traffic {
    /// Messages of the dialler and of the acceptor that have not arrived.
    under_way: [i64; 2],
    /// When the server was asked something that it has not answered.
    asked: Option<Time>,
    was_slow: bool,
}

/// Watches all that may stand between a client and a server.
#[derive(Debug, Default)]
pub(crate) struct Fairness {
    pub(crate) presence: Presence,
    pub(crate) sockets: Sockets,
    servers: BTreeMap<NodeId, NodeId>,
    /// The state of paths that were ever not as usual, and since when.
    paths: BTreeMap<(NodeId, NodeId), (Path, Time)>,
    /// When the life of a node last changed.
    lives: BTreeMap<NodeId, Time>,
    /// When a device last said something.
    devices: BTreeMap<NodeId, Time>,
    /// How long the last handshake took.
    handshakes: BTreeMap<NodeId, Span>,
    traffic: Conns<Traffic>,
}

const fn index(side: Side) -> usize {
    match side {
        Side::Dialler => 0,
        Side::Acceptor => 1,
    }
}

const fn is_question(kind: Kind) -> bool {
    matches!(kind, Kind::Hello | Kind::Subscribe | Kind::SyncRequest)
}

const fn is_answer(kind: Kind) -> bool {
    matches!(kind, Kind::Snapshot | Kind::Delta | Kind::Nack | Kind::Error)
}

impl Fairness {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Presence::INTEREST
        .and(Sockets::INTEREST)
        .and(Interest::LINK)
        .and(Interest::DEVICE)
        .and(Interest::SENT)
        .and(Interest::DELIVERED);

    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::Sent { conn, side, live: true, meaning } => {
                self.sent(at, *conn, *side, meaning);
                return;
            }
            Observation::Delivered { conn, side, meaning } => {
                self.delivered(at, *conn, *side, meaning);
                return;
            }
            Observation::Sent { .. } => return,
            Observation::Dialled { conn, to, .. } => {
                self.servers.insert(node, *to);
                self.traffic.insert(*conn, Traffic::default());
            }
            Observation::Link { to, path } => drop(self.paths.insert((node, *to), (*path, at))),
            Observation::Device { .. } => drop(self.devices.insert(node, at)),
            Observation::Node(life) if *life != Life::Started => {
                self.lives.insert(node, at);
            }
            _ => {}
        }
        self.presence.observe(seen);
        self.sockets.observe(seen);
        if let Observation::Opened { conn, side: Side::Dialler } = seen.what
            && let Some(socket) = self.sockets.open(node).filter(|socket| socket.conn == *conn)
        {
            self.handshakes.insert(node, at.since(socket.dialled));
        }
    }

    fn sent(&mut self, at: Time, conn: ConnId, side: Side, meaning: &Meaning) {
        let Some(traffic) = self.traffic.get_mut(conn) else { return };
        traffic.under_way[index(side)] += 1;
        if side == Side::Acceptor && is_answer(meaning.kind) {
            let asked = traffic.asked.take();
            traffic.was_slow |= asked.is_some_and(|asked| at.since(asked) > PROMPT);
        }
    }

    fn delivered(&mut self, at: Time, conn: ConnId, side: Side, meaning: &Meaning) {
        let Some(traffic) = self.traffic.get_mut(conn) else { return };
        traffic.under_way[index(side.other())] -= 1;
        if side == Side::Acceptor && is_question(meaning.kind) {
            traffic.asked.get_or_insert(at);
        }
    }

    /// Whether a client could have been served: it has run and its device has said nothing
    /// since `calm`; its server has run, and the paths between them have been as usual, since
    /// `mended`; a round trip is quick; no dial is left without an answer; and on the
    /// connection that it has, if any, nothing is held up and the server answers promptly.
    pub(crate) fn was_fair(&self, client: NodeId, calm: Time, mended: Time, at: Time) -> bool {
        let Some(server) = self.servers.get(&client).copied() else { return false };
        let since =
            |times: &BTreeMap<NodeId, Time>, node| times.get(&node).copied().unwrap_or(Time::ZERO);
        let is_usual = |from, to| {
            let path = self.paths.get(&(from, to));
            path.is_none_or(|(path, since)| *path == Path::Up && *since <= mended)
        };
        let is_idle = |node| self.presence.occupied_until(node).is_none_or(|t| t <= mended);
        self.presence.runs(client)
            && self.presence.runs(server)
            && since(&self.lives, client) <= calm
            && since(&self.devices, client) <= calm
            && since(&self.lives, server) <= mended
            && is_idle(server)
            && is_usual(client, server)
            && is_usual(server, client)
            && self.handshakes.get(&client).is_some_and(|took| *took <= QUICK)
            && self.is_flowing(client, at)
    }

    fn is_flowing(&self, client: NodeId, at: Time) -> bool {
        let Some(socket) = self.sockets.newest(client) else { return true };
        if socket.opened.is_none() {
            return at.since(socket.dialled) <= QUICK;
        }
        self.traffic.get(socket.conn).is_some_and(|traffic| {
            let is_prompt = traffic.asked.is_none_or(|asked| at.since(asked) <= PROMPT);
            traffic.under_way.iter().all(|held| *held <= 0) && is_prompt && !traffic.was_slow
        })
    }
}
