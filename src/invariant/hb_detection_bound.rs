//! A silent peer is noticed in time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::presence::{Hindrance, Rate};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Kind, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::{Mono, Span, Time};

/// A running node has left an open connection (a client: no longer shows `live`) at most the
/// objectives' detection time, on its own clock, after the last frame of the peer reached it
/// there. Pongs that do not answer the newest ping are no sign of life; the node's own pauses,
/// and the time in which it is slow, are taken out.
#[derive(Debug)]
pub struct HbDetectionBound {
    detection: Span,
    ends: Table<(ConnId, Side), End>,
    nodes: Table<NodeId, State>,
    due: BinaryHeap<Reverse<(Time, ConnId, Side)>>,
}

#[derive(Debug)]
struct End {
    node: NodeId,
    /// On the node's own clock.
    heard: Mono,
    newest_ping: Option<u64>,
}

#[derive(Debug, Default)]
struct State {
    shown: Option<Connection>,
    clock: Rate,
    held_up: Hindrance,
    paused_at: Option<Mono>,
}

impl HbDetectionBound {
    /// Judges by `detection`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            detection: objectives.detection,
            ends: Table::new(),
            nodes: Table::new(),
            due: BinaryHeap::new(),
        }
    }

    fn clock(&self, node: NodeId) -> Rate {
        self.nodes.get(&node).map_or(Rate::default(), |state| state.clock)
    }

    /// Plans a look at an end, when its node should have left it.
    fn plan(&mut self, conn: ConnId, side: Side, ruling: &mut Ruling) {
        let Some(end) = self.ends.get(&(conn, side)) else { return };
        let due = self.clock(end.node).past(end.heard + self.detection);
        self.due.push(Reverse((due, conn, side)));
        ruling.wake_at(due);
    }

    fn resumed(&mut self, node: NodeId, now: Mono) {
        let Some(state) = self.nodes.get_mut(&node) else { return };
        let Some(since) = state.paused_at.take() else { return };
        for end in self.ends.values_mut().filter(|end| end.node == node) {
            end.heard += now.since(since);
        }
    }

    /// A node's clock runs differently from now on.
    fn drifts(&mut self, seen: &Seen<'_>, drift_ppm: i32, ruling: &mut Ruling) {
        let clock = Rate::new(seen.at, seen.now.mono, drift_ppm);
        self.nodes.of(seen.node).clock = clock;
        let ends: Vec<_> = self.ends.iter().filter(|(_, end)| end.node == seen.node).collect();
        let keys: Vec<_> = ends.into_iter().map(|(key, _)| *key).collect();
        for (conn, side) in keys {
            self.plan(conn, side, ruling);
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
            .and(Interest::SENT_OTHER)
            .and(Interest::DELIVERED)
            .and(Interest::STATUS)
            .and(Interest::NODE)
            .and(Interest::CLOCK)
    }

    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (node, now) = (seen.node, seen.now.mono);
        match seen.what {
            Observation::Opened { conn, side } => {
                self.ends.insert((*conn, *side), End { node, heard: now, newest_ping: None });
                self.plan(*conn, *side, ruling);
            }
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
                        end.heard = end.heard.max(now);
                    }
                }
            }
            Observation::ShownStatus(status) => {
                self.nodes.of(node).shown = Some(status.connection);
            }
            Observation::Clock { drift_ppm, .. } => self.drifts(seen, *drift_ppm, ruling),
            Observation::Node(life) => {
                let state = self.nodes.of(node);
                state.held_up.observe(*life);
                match life {
                    Life::Crashed => {
                        (state.shown, state.paused_at) = (None, None);
                        self.ends.retain(|_, end| end.node != node);
                    }
                    Life::Paused | Life::Burdened => _ = state.paused_at.get_or_insert(now),
                    _ if !state.held_up.is_there() => self.resumed(node, now),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(Reverse((due, conn, side))) = self.due.peek().copied() {
            if due > at {
                ruling.wake_at(due);
                return;
            }
            self.due.pop();
            let Some(end) = self.ends.get(&(conn, side)) else { continue };
            let silent = self.clock(end.node).mono(at).since(end.heard);
            if silent <= self.detection {
                self.plan(conn, side, ruling);
            } else if self.trusts(end) {
                let message = format!("{conn} is open after {silent} of silence");
                ruling.violated(end.node, message);
            } else {
                // Not live, or paused: whatever comes of it is looked at again later.
                self.due.push(Reverse((at + Span::secs(1), conn, side)));
            }
        }
    }
}
