//! Nobody waits for ever for a dial or for the first answer on a connection.

use super::presence::{Dues, Presence};
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Kind, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::protocol::Conns;
use crate::time::{Mono, Span, Time};

/// What a clock's rounding may add.
const SLACK: Span = Span::millis(10);

/// A running client gives up a dial that is neither opened nor refused after the objectives'
/// time for connecting, and leaves a connection on which no frame of the sync came for as long.
/// Judged on the client's own clock; after a pause its time begins anew, and so it does where the
/// client asks for another document meanwhile: an answer to that has its whole time. The second
/// half is judged for clients that show a status, until they show `live`.
#[derive(Debug)]
pub struct PhaseTimeout {
    limit: Span,
    presence: Presence,
    waits: Conns<Wait>,
    shown: std::collections::BTreeMap<NodeId, Connection>,
    dues: Dues<ConnId>,
}

#[derive(Debug)]
struct Wait {
    node: NodeId,
    since: Mono,
    opened: bool,
}

impl PhaseTimeout {
    /// Judges by `connect_timeout`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            limit: objectives.connect_timeout + SLACK,
            presence: Presence::default(),
            waits: Conns::default(),
            shown: std::collections::BTreeMap::new(),
            dues: Dues::default(),
        }
    }

    fn begin(&mut self, seen: &Seen<'_>, conn: ConnId, opened: bool, ruling: &mut Ruling) {
        let (node, since) = (seen.node, seen.now.mono);
        self.waits.insert(conn, Wait { node, since, opened });
        self.plan(conn, ruling);
    }

    fn plan(&mut self, conn: ConnId, ruling: &mut Ruling) {
        let Some(wait) = self.waits.get(conn) else { return };
        let since = wait.since.max(self.presence.awake(wait.node));
        let due = self.presence.past(wait.node, since + self.limit);
        self.dues.add(due, conn, ruling);
    }
}

impl Invariant for PhaseTimeout {
    fn name(&self) -> &'static str {
        "phase-timeout"
    }
    fn statement(&self) -> &'static str {
        "A running client gives up a dial that is neither opened nor refused within the \
         objectives' time, and leaves a connection on which no frame of the sync came for as long."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::DIALLED)
            .and(Interest::OPENED)
            .and(Interest::REFUSED)
            .and(Interest::CLOSED)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::SENT_OTHER)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, meaning } => match meaning.kind {
                Kind::Snapshot | Kind::Delta => drop(self.waits.remove(*conn)),
                Kind::Welcome | Kind::Fragment => {
                    if let Some(wait) = self.waits.get_mut(*conn) {
                        wait.since = seen.now.mono;
                    }
                }
                _ => {}
            },
            Observation::Sent { conn, side: Side::Dialler, meaning, .. }
                if matches!(meaning.kind, Kind::Hello | Kind::Subscribe) =>
            {
                if let Some(wait) = self.waits.get_mut(*conn) {
                    wait.since = seen.now.mono;
                }
            }
            Observation::Delivered { .. } | Observation::Sent { .. } => {}
            Observation::Dialled { conn, .. } => self.begin(seen, *conn, false, ruling),
            Observation::Opened { conn, side: Side::Dialler } => {
                self.begin(seen, *conn, true, ruling);
            }
            Observation::Refused { conn, .. }
            | Observation::Closed { conn, side: Side::Dialler, .. } => {
                self.waits.remove(*conn);
            }
            Observation::ShownStatus(status) => {
                self.shown.insert(node, status.connection);
            }
            Observation::Node(Life::Crashed) => {
                self.presence.observe(seen);
                self.shown.remove(&node);
                let mine = self.waits.iter().filter(|(_, wait)| wait.node == node);
                let mine: Vec<ConnId> = mine.map(|(conn, _)| conn).collect();
                for conn in mine {
                    self.waits.remove(conn);
                }
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(conn) = self.dues.take(at, ruling) {
            let Some(wait) = self.waits.get(conn) else { continue };
            let since = wait.since.max(self.presence.awake(wait.node));
            let waited = self.presence.mono(wait.node, at).since(since);
            if !self.presence.runs(wait.node) {
                // It is looked at again when it has run for long enough.
                self.dues.add(at + Span::secs(1), conn, ruling);
            } else if waited <= self.limit {
                self.plan(conn, ruling);
            } else if !wait.opened {
                ruling.violated(wait.node, format!("{conn} has been dialled for {waited}"));
            } else if self.shown.get(&wait.node).is_some_and(|shown| *shown != Connection::Live) {
                let message = format!("{conn} is open, and nothing of the sync came for {waited}");
                ruling.violated(wait.node, message);
            }
        }
    }
}
