//! A server is heard often enough on an idle connection.

use super::presence::{Dues, Presence};
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::protocol::Conns;
use crate::time::{Mono, Span, Time};

/// On an open connection two successive frames of a running, unburdened server are at most the
/// objectives' heartbeat interval and a second apart, on the server's own clock. After a pause,
/// or work that it said would keep it busy, its time begins anew.
#[derive(Debug)]
pub struct IdleGapBound {
    limit: Span,
    presence: Presence,
    ends: Conns<(NodeId, Mono)>,
    dues: Dues<ConnId>,
}

impl IdleGapBound {
    /// Judges by `heartbeat_interval`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            limit: objectives.heartbeat_interval + Span::secs(1),
            presence: Presence::default(),
            ends: Conns::default(),
            dues: Dues::default(),
        }
    }

    /// From when on the server's silence counts, on its own clock.
    fn since(&self, conn: ConnId) -> Option<(NodeId, Mono)> {
        let (node, sent) = *self.ends.get(conn)?;
        let free = self.presence.occupied_until(node).map(|until| self.presence.mono(node, until));
        let since = sent.max(self.presence.awake(node)).max(free.unwrap_or_default());
        Some((node, since))
    }

    fn plan(&mut self, conn: ConnId, ruling: &mut Ruling) {
        if let Some((node, since)) = self.since(conn) {
            let due = self.presence.past(node, since + self.limit);
            self.dues.add(due, conn, ruling);
        }
    }
}

impl Invariant for IdleGapBound {
    fn name(&self) -> &'static str {
        "idle-gap-bound"
    }
    fn statement(&self) -> &'static str {
        "On an open connection two successive frames sent by a running, unburdened server are at \
         most the objectives' heartbeat interval + 1 s apart."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::OPENED).and(Interest::CLOSED).and(Interest::SENT)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Sent { conn, side: Side::Acceptor, live: true, .. } => {
                if let Some((_, sent)) = self.ends.get_mut(conn) {
                    *sent = seen.now.mono;
                }
            }
            Observation::Opened { conn, side: Side::Acceptor } => {
                self.ends.insert(conn, (seen.node, seen.now.mono));
                self.plan(conn, ruling);
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.ends.remove(conn);
            }
            Observation::Node(Life::Crashed) => {
                self.presence.observe(seen);
                let mine = self.ends.iter().filter(|(_, (node, _))| *node == seen.node);
                let mine: Vec<ConnId> = mine.map(|(conn, _)| conn).collect();
                for conn in mine {
                    self.ends.remove(conn);
                }
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(conn) = self.dues.take(at, ruling) {
            let Some((node, since)) = self.since(conn) else { continue };
            let gap = self.presence.mono(node, at).since(since);
            if !self.presence.runs(node) {
                // It is looked at again when it has run for long enough.
                self.dues.add(at + Span::secs(1), conn, ruling);
            } else if gap <= self.limit {
                self.plan(conn, ruling);
            } else {
                ruling.violated(node, format!("sent nothing on {conn} for {gap}"));
            }
        }
    }
}
