//! A peer that gives signs of life, or could, is not taken for dead.

use super::presence::Presence;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Kind, Meaning, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::protocol::Conns;
use crate::time::{Mono, Span, Time};

/// The codes that say that a connection was ended for silence: at any time, and in a step of its
/// opening.
const SILENT: u16 = 4408;
const STEP_SILENT: u16 = 4409;
/// What a clock's rounding and a timer may be early by.
const SLACK: Span = Span::secs(1);
/// A running peer may take this long to answer a ping.
const ANSWER: Span = Span::secs(5);

/// No connection is ended for silence (4408) if a frame of the peer was delivered on it within
/// the objectives' heartbeat interval and timeout, less a second, on the ender's own clock;
/// pongs that do not answer the newest ping are no sign of life. Nor is it if the silence was
/// the peer's own: a ping had reached it, it ran, and it sent nothing; or while the path between
/// two running nodes was busy with a long message of the acceptor's: neither it nor the answer to
/// a ping behind it can have come, and a step of the opening that waits for it (4409) is not over
/// either.
#[derive(Debug)]
pub struct HbNoFalsePositive {
    patience: Span,
    presence: Presence,
    /// The dialler's ends, and the acceptor's.
    ends: [Conns<End>; 2],
    /// Until when the paths of acceptors, which did not change since, are busy with a message.
    busy: Table<ConnId, Time>,
}

#[derive(Debug)]
struct End {
    node: NodeId,
    /// On the node's own clock.
    heard: Mono,
    newest_ping: Option<u64>,
    /// When a ping came that nothing was sent after.
    pinged: Option<Time>,
}

const fn index(side: Side) -> usize {
    match side {
        Side::Dialler => 0,
        Side::Acceptor => 1,
    }
}

impl HbNoFalsePositive {
    /// Judges by `heartbeat_interval` and `heartbeat_timeout`.
    pub fn new(objectives: &Objectives) -> Self {
        let patience = objectives.heartbeat_interval + objectives.heartbeat_timeout;
        Self {
            patience: patience.saturating_sub(SLACK),
            presence: Presence::default(),
            ends: [Conns::default(), Conns::default()],
            busy: Table::new(),
        }
    }

    fn end(&mut self, conn: ConnId, side: Side) -> Option<&mut End> {
        self.ends[index(side)].get_mut(conn)
    }

    fn delivered(&mut self, seen: &Seen<'_>, conn: ConnId, side: Side, meaning: &Meaning) {
        let (at, now) = (seen.at, seen.now.mono);
        let Some(end) = self.end(conn, side) else { return };
        match meaning.kind {
            Kind::Pong if end.newest_ping != Some(meaning.stamp) => return,
            Kind::Ping => drop(end.pinged.get_or_insert(at)),
            _ => {}
        }
        end.heard = now;
    }

    /// What was wrong with not waiting longer, where a message was under way.
    fn hurry(&self, at: Time, conn: ConnId, side: Side) -> Option<String> {
        let until = self.busy.get(&conn).copied().filter(|until| at < *until)?;
        let peer = self.ends[index(side.other())].get(conn)?;
        let left = until.since(at);
        self.presence
            .is_free(peer.node, at)
            .then(|| format!("ended {conn} for silence; a message is under way for {left} more"))
    }

    /// What was wrong with taking the peer for dead, if anything was.
    fn deafness(&self, seen: &Seen<'_>, conn: ConnId, side: Side) -> Option<String> {
        let heard = self.ends[index(side)].get(conn)?.heard;
        let silent = seen.now.mono.since(heard);
        if silent < self.patience {
            return Some(format!("ended {conn} for silence {silent} after a sign of life"));
        }
        let peer = self.ends[index(side.other())].get(conn)?;
        let pinged = peer.pinged?.max(self.presence.awake_at(peer.node));
        let ran = self.presence.is_free(peer.node, seen.at);
        (ran && seen.at.since(pinged) >= ANSWER).then(|| {
            let waited = seen.at.since(pinged);
            format!("ended {conn} for silence; {} left a ping unanswered for {waited}", peer.node)
        })
    }
}

impl Invariant for HbNoFalsePositive {
    fn name(&self) -> &'static str {
        "hb-no-false-positive"
    }
    fn statement(&self) -> &'static str {
        "No connection is ended for silence while the peer's frames arrive on it, or while pings \
         reach a running peer."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::OPENED)
            .and(Interest::CLOSED)
            .and(Interest::SENT)
            .and(Interest::DELIVERED)
            .and(Interest::LINK)
            .and(Interest::CARRYING)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Sent { conn, side, live: true, meaning } => {
                if let Some(end) = self.end(*conn, *side) {
                    end.pinged = None;
                    if meaning.kind == Kind::Ping {
                        end.newest_ping = Some(meaning.stamp);
                    }
                }
            }
            Observation::Delivered { conn, side, meaning } => {
                self.delivered(seen, *conn, *side, meaning);
            }
            Observation::Carrying { conn, side: Side::Acceptor, until } => {
                self.busy.insert(*conn, *until);
            }
            Observation::Link { .. } => self.busy.clear(),
            Observation::Opened { conn, side } => {
                let (node, heard) = (seen.node, seen.now.mono);
                let end = End { node, heard, newest_ping: None, pinged: None };
                self.ends[index(*side)].insert(*conn, end);
            }
            Observation::Closed { conn, side, code, by } => {
                let mistake = match (*by, *code) {
                    (Initiator::Local, SILENT) => self
                        .hurry(seen.at, *conn, *side)
                        .or_else(|| self.deafness(seen, *conn, *side)),
                    (Initiator::Local, STEP_SILENT) => self.hurry(seen.at, *conn, *side),
                    _ => None,
                };
                if let Some(mistake) = mistake {
                    ruling.violated(seen.node, mistake);
                }
                self.ends[index(*side)].remove(*conn);
                self.busy.remove(conn);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.busy.retain(|conn, _| *conn >= horizon.conn);
    }
}
