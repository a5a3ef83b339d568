//! Whoever asks is answered.

use super::presence::Hindrance;
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Meaning, Observation, Phase, Side};
use crate::id::{ConnId, NodeId, OpId, Topic};
use crate::objectives::{Access, Objectives};
use crate::time::{Span, Time};

/// How long an answer may take.
const LONGEST: Span = Span::secs(5);

/// Something that a client asked, and that was not answered yet.
#[derive(Clone, Copy, Debug)]
struct Request {
    server: NodeId,
    kind: Kind,
    topic: Option<Topic>,
    op: Option<OpId>,
    /// Since when the server can answer.
    since: Time,
}

/// Every hello, subscription, request for what was missed and operation that is delivered to a
/// server is answered within five seconds, as long as its connection is open and the client has not
/// let go of what it asked about. While the run's faults last, and for five seconds more, a server
/// may be short of what it needs to answer. Where people have to sign in, it owes an answer only to
/// those who have shown a credential.
#[derive(Debug)]
pub struct RequestAnswered {
    access: Access,
    /// Connections on which a credential came.
    known: Set<ConnId>,
    asked: Table<ConnId, Vec<Request>>,
    /// Whether faults last.
    chaos: bool,
    /// Until then a store may be busy with what it was asked before.
    settled: Time,
    /// Servers that handle nothing, or everything slowly.
    slow: Table<NodeId, Hindrance>,
}

impl RequestAnswered {
    /// Judges by `access`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            access: objectives.access,
            known: Set::default(),
            asked: Table::new(),
            chaos: false,
            settled: Time::ZERO,
            slow: Table::new(),
        }
    }

    /// Whether a server has to answer on a connection.
    fn is_owed(&self, conn: ConnId) -> bool {
        self.access != Access::SignedIn || self.known.contains_key(&conn)
    }

    /// Somebody has shown who is there: what was asked before can be answered from now on.
    fn showed(&mut self, at: Time, conn: ConnId, ruling: &mut Ruling) {
        if self.known.insert(conn, ()).is_some() {
            return;
        }
        let since = at.max(self.settled);
        for request in self.asked.get_mut(&conn).into_iter().flatten() {
            request.since = since;
        }
        ruling.wake_at(since + LONGEST);
    }

    fn came(&mut self, seen: &Seen<'_>, conn: ConnId, meaning: &Meaning, ruling: &mut Ruling) {
        let Meaning { kind, topic, op, .. } = *meaning;
        if kind == Kind::Credential {
            return self.showed(seen.at, conn, ruling);
        }
        if kind == Kind::Unsubscribe {
            let asked = self.asked.of(conn);
            return asked.retain(|request| request.kind == Kind::Op || request.topic != topic);
        }
        if !matches!(kind, Kind::Hello | Kind::Subscribe | Kind::SyncRequest | Kind::Op) {
            return;
        }
        let since = seen.at.max(self.settled);
        self.asked.of(conn).push(Request { server: seen.node, kind, topic, op, since });
        if !self.chaos {
            ruling.wake_at(since + LONGEST);
        }
    }

    /// Something was said on a connection: it may be an answer.
    fn said(&mut self, conn: ConnId, meaning: &Meaning) {
        let Some(asked) = self.asked.get_mut(&conn).filter(|asked| !asked.is_empty()) else {
            return;
        };
        match meaning.kind {
            Kind::Ack | Kind::Nack if meaning.op.is_some() => {
                asked.retain(|request| request.op != meaning.op);
            }
            Kind::Welcome | Kind::Snapshot | Kind::Delta => {
                asked.retain(|request| request.kind == Kind::Op);
            }
            Kind::Nack | Kind::Error => asked.clear(),
            _ => {}
        }
    }

    /// From now on servers can answer again: one of them, or all.
    fn begin_anew(&mut self, at: Time, server: Option<NodeId>, ruling: &mut Ruling) {
        let since = at.max(self.settled);
        for request in self.asked.values_mut().flatten() {
            if server.is_none_or(|server| request.server == server) {
                request.since = since;
            }
        }
        ruling.wake_at(since + LONGEST);
    }
}

impl Invariant for RequestAnswered {
    fn name(&self) -> &'static str {
        "request-answered"
    }
    fn statement(&self) -> &'static str {
        "Every hello, subscription, sync request and operation delivered to a server that can \
         answer, on a connection that stays open, is answered within 5 s."
    }
    fn interest(&self) -> Interest {
        Interest::DELIVERED_OTHER
            .and(Interest::SENT_OTHER)
            .and(Interest::CLOSED)
            .and(Interest::NODE)
            .and(Interest::PHASE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                self.came(seen, *conn, meaning, ruling);
            }
            Observation::Sent { conn, side: Side::Acceptor, meaning, .. } => {
                self.said(*conn, meaning);
            }
            Observation::Closed { conn, .. } => {
                self.asked.remove(conn);
                self.known.remove(conn);
            }
            Observation::Phase(phase) => {
                self.chaos = *phase == Phase::Chaos;
                // What a store was asked before takes as long as it took then, and so does what
                // stands behind it.
                self.settled = seen.at + LONGEST;
                self.begin_anew(seen.at, None, ruling);
            }
            Observation::Node(life) => {
                self.slow.of(seen.node).observe(*life);
                let server = seen.node;
                if life.starts_or_ends() {
                    self.asked
                        .retain(|_, asked| asked.first().is_none_or(|of| of.server != server));
                } else {
                    self.begin_anew(seen.at, Some(server), ruling);
                }
            }
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        if self.chaos {
            return;
        }
        self.asked.retain(|_, asked| !asked.is_empty());
        let mut oldest: Option<Time> = None;
        for (conn, request) in
            self.asked.iter().flat_map(|(conn, asked)| asked.iter().map(move |one| (conn, one)))
        {
            let slow = self.slow.get(&request.server).is_some_and(|slow| slow.is_there());
            if slow || !self.is_owed(*conn) {
                continue;
            }
            if at.since(request.since) >= LONGEST {
                let Request { server, kind, since, .. } = *request;
                let message =
                    format!("has not answered the {kind:?} that it was sent on {conn} at {since}");
                return ruling.violated(server, message);
            }
            oldest = Some(oldest.map_or(request.since, |oldest| oldest.min(request.since)));
        }
        if let Some(oldest) = oldest {
            ruling.wake_at(oldest + LONGEST);
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.asked.retain(|conn, _| *conn >= horizon.conn);
        self.known.retain(|conn, ()| *conn >= horizon.conn);
    }
}
