//! A silent peer is noticed in time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Kind, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// A running node has left an open connection (a client: no longer shows `live`) at most the
/// objectives' detection time, on its own clock, after the last frame of the peer reached it
/// there. Pongs that do not answer the newest ping are no sign of life; the node's own pauses
/// are taken out.
#[derive(Debug)]
pub struct HbDetectionBound {
    detection: Span,
    ends: BTreeMap<(ConnId, Side), End>,
    nodes: BTreeMap<NodeId, State>,
    due: BinaryHeap<Reverse<(Time, ConnId, Side)>>,
}

#[derive(Debug)]
struct End {
    node: NodeId,
    heard: Time,
    newest_ping: Option<u64>,
}

#[derive(Debug, Default)]
struct State {
    shown: Option<Connection>,
    drift_ppm: i32,
    paused_at: Option<Time>,
}

impl HbDetectionBound {
    /// Judges by `detection`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            detection: objectives.detection,
            ends: BTreeMap::new(),
            nodes: BTreeMap::new(),
            due: BinaryHeap::new(),
        }
    }

    /// The detection time of a node's clock, in true time.
    fn bound(&self, node: NodeId) -> Span {
        let drift = self.nodes.get(&node).map_or(0, |state| state.drift_ppm);
        let micros = i128::from(self.detection.as_micros()) * 1_000_000;
        Span::micros((micros / (1_000_000 + i128::from(drift))) as u64)
    }

    fn watch(&mut self, conn: ConnId, side: Side, node: NodeId, at: Time, ruling: &mut Ruling) {
        self.ends.insert((conn, side), End { node, heard: at, newest_ping: None });
        let due = at + self.bound(node);
        self.due.push(Reverse((due, conn, side)));
        ruling.wake_at(due + Span::micros(1));
    }

    fn resumed(&mut self, node: NodeId, at: Time) {
        let Some(state) = self.nodes.get_mut(&node) else { return };
        let Some(since) = state.paused_at.take() else { return };
        for end in self.ends.values_mut().filter(|end| end.node == node) {
            end.heard += at.since(since);
        }
    }

    /// Whether the node still takes the connection for a live one.
    fn trusts(&self, end: &End) -> bool {
        let state = self.nodes.get(&end.node);
        state.is_none_or(|state| {
            state.paused_at.is_none() && state.shown.is_none_or(|shown| shown == Connection::Live)
        })
    }
}

impl Invariant for HbDetectionBound {
    fn name(&self) -> &'static str {
        "hb-detection-bound"
    }
    fn statement(&self) -> &'static str {
        "A running node has left an open connection within the objectives' detection time after \
         the last frame of the peer was delivered to it there."
    }
    fn interest(&self) -> Interest {
        Interest::OPENED
            .and(Interest::CLOSED)
            .and(Interest::SENT)
            .and(Interest::DELIVERED)
            .and(Interest::STATUS)
            .and(Interest::NODE)
            .and(Interest::CLOCK)
    }

    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::Opened { conn, side } => self.watch(*conn, *side, node, at, ruling),
            Observation::Closed { conn, side, .. } => {
                self.ends.remove(&(*conn, *side));
            }
            Observation::Sent { conn, side, meaning, .. } if meaning.kind == Kind::Ping => {
                if let Some(end) = self.ends.get_mut(&(*conn, *side)) {
                    end.newest_ping = Some(meaning.stamp);
                }
            }
            Observation::Delivered { conn, side, meaning } => {
                if let Some(end) = self.ends.get_mut(&(*conn, *side)) {
                    let old = meaning.kind == Kind::Pong && end.newest_ping != Some(meaning.stamp);
                    if !old {
                        end.heard = end.heard.max(at);
                    }
                }
            }
            Observation::ShownStatus(status) => {
                self.nodes.entry(node).or_default().shown = Some(status.connection);
            }
            Observation::Clock { drift_ppm, .. } => {
                self.nodes.entry(node).or_default().drift_ppm = *drift_ppm;
            }
            Observation::Node(Life::Crashed) => {
                self.ends.retain(|_, end| end.node != node);
                self.nodes.remove(&node);
            }
            Observation::Node(Life::Paused) => {
                let state = self.nodes.entry(node).or_default();
                state.paused_at.get_or_insert(at);
            }
            Observation::Node(Life::Resumed) => self.resumed(node, at),
            _ => {}
        }
    }

    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(Reverse((due, conn, side))) = self.due.peek().copied() {
            if due >= at {
                ruling.wake_at(due + Span::micros(1));
                return;
            }
            self.due.pop();
            let Some(end) = self.ends.get(&(conn, side)) else { continue };
            let really = end.heard + self.bound(end.node);
            if really >= at {
                self.due.push(Reverse((really, conn, side)));
            } else if self.trusts(end) {
                let silent = at.since(end.heard);
                let message = format!("{conn} is open after {silent} of silence");
                ruling.violated(end.node, message);
            } else {
                // Not live, or paused: whatever comes of it is looked at again later.
                self.due.push(Reverse((at + Span::secs(1), conn, side)));
            }
        }
    }
}
