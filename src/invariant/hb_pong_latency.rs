//! A ping is answered at once.

use super::presence::{Dues, Presence, TICK};
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Request};
use crate::id::{ConnId, NodeId};
use crate::time::{Span, Time};

/// An answer is sent this soon.
const SOON: Span = Span::millis(100);

/// A running client answers a ping within a tenth of a second of its delivery, however much else
/// it has to do. Judged for clients that answer pings, while their page is there: one that went
/// away is to send nothing.
#[derive(Debug, Default)]
pub struct HbPongLatency {
    presence: Presence,
    /// The ping that was not answered yet, with its stamp.
    pinged: Table<ConnId, (NodeId, u64, Time)>,
    /// Clients that have answered one.
    answering: Set<NodeId>,
    /// Clients whose page went away.
    gone: Set<NodeId>,
    dues: Dues<ConnId>,
}

impl Invariant for HbPongLatency {
    fn name(&self) -> &'static str {
        "hb-pong-latency"
    }
    fn statement(&self) -> &'static str {
        "A running client sends the pong at most 100 ms after the ping was delivered to it."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::DELIVERED_PING)
            .and(Interest::SENT_PONG)
            .and(Interest::CLOSED)
            .and(Interest::GIVEN_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::Delivered { conn, meaning, .. } => {
                let is_there = self.presence.runs(node) && !self.gone.contains_key(&node);
                if is_there && !self.pinged.contains_key(conn) {
                    self.pinged.insert(*conn, (node, meaning.stamp, at));
                    self.dues.add(at + SOON + TICK, *conn, ruling);
                }
            }
            Observation::Sent { conn, meaning, .. } => {
                self.answering.insert(node, ());
                if self.pinged.get(conn).is_some_and(|(_, stamp, _)| *stamp == meaning.stamp) {
                    self.pinged.remove(conn);
                }
            }
            Observation::Closed { conn, .. } => drop(self.pinged.remove(conn)),
            Observation::Given { request: Request::Unmount, .. } => {
                self.gone.insert(node, ());
                self.pinged.retain(|_, (of, ..)| *of != node);
            }
            Observation::Given { request: Request::Mount, .. } => drop(self.gone.remove(&node)),
            Observation::Given { .. } => {}
            what => {
                if let Observation::Node(life) = what
                    && life.starts_or_ends()
                {
                    self.gone.remove(&node);
                }
                self.presence.observe(seen);
            }
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(conn) = self.dues.take(at, ruling) {
            let Some((node, _, since)) = self.pinged.get(&conn).copied() else { continue };
            if at.since(since) <= SOON {
                continue;
            }
            self.pinged.remove(&conn);
            let ran = self.presence.runs(node) && self.presence.awake_at(node) <= since;
            if ran && self.answering.contains_key(&node) {
                ruling.violated(node, format!("does not answer a ping on {conn} within {SOON}"));
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.pinged.retain(|conn, _| *conn >= horizon.conn);
    }
}
