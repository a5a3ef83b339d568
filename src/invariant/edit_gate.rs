//! An edit is taken or refused, and the person sees which.

use std::collections::BTreeMap;

use super::presence::{Dues, Presence, TICK};
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Change, Connection, Interest, Kind, Observation, Reading, Request, Side, Value,
};
use crate::id::{NodeId, OpId, Topic};
use crate::objectives::{EditPolicy, Objectives};
use crate::protocol::Gate;
use crate::time::Time;

/// Of each edit that is given to a client with time to take it something is shown in the same
/// instant, of whatever kind it is, if that client shows what becomes of edits at all; and one that
/// is given in a state of the connection in which the objectives allow none, or that is to what the
/// topic shown says is not people's to write just now, is refused, and never sent.
#[derive(Debug)]
pub struct EditGate {
    edits: EditPolicy,
    presence: Presence,
    shown: Table<NodeId, Connection>,
    gate: Option<Gate>,
    /// What clients show in the field of the gate, and of which topic.
    gates: Table<NodeId, (Topic, Value)>,
    /// Clients that ever showed what became of an edit.
    telling: Set<NodeId>,
    /// Edits of which nothing was shown, who made them, and whether they must be refused.
    given: BTreeMap<OpId, (NodeId, bool)>,
    /// Edits that had to be refused.
    barred: Set<OpId>,
    dues: Dues<OpId>,
}

impl EditGate {
    /// Judges by `edit_policy`, and by what the protocol publishes.
    pub fn new(objectives: &Objectives, gate: Option<Gate>) -> Self {
        Self {
            edits: objectives.edit_policy,
            presence: Presence::default(),
            shown: Table::new(),
            gate,
            gates: Table::new(),
            telling: Set::new(),
            given: BTreeMap::new(),
            barred: Set::new(),
            dues: Dues::default(),
        }
    }

    /// A page shows more of a topic, or another one.
    fn draws(&mut self, node: NodeId, reading: &Reading) {
        let Some(gate) = self.gate else { return };
        let is_other = self.gates.get(&node).is_some_and(|(topic, _)| *topic != reading.topic);
        if is_other || reading.whole {
            self.gates.remove(&node);
        }
        match gate.after(&reading.changes) {
            Some(Some(value)) => _ = self.gates.insert(node, (reading.topic, value)),
            Some(None) => _ = self.gates.remove(&node),
            None => {}
        }
    }

    /// Whether a page shows that changes are not people's to make just now.
    fn is_held(&self, node: NodeId, changes: &[Change]) -> bool {
        let shown = self.gates.get(&node).zip(self.gate);
        shown.is_some_and(|((_, value), gate)| gate.keeps(*value, changes))
    }
}

impl Invariant for EditGate {
    fn name(&self) -> &'static str {
        "edit-gate"
    }
    fn statement(&self) -> &'static str {
        "Each edit is accepted or refused visibly, alike for every kind of edit, and refused \
         where the objectives allow none in the state of the connection shown, or the topic \
         shown says that it is not people's to make just now."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::GIVEN)
            .and(Interest::OP)
            .and(Interest::STATUS)
            .and(if self.gate.is_some() { Interest::CONTENT_MAIN } else { Interest::NONE })
            .and(Interest::SENT_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::Given { op, request: Request::Edit, ref changes } => {
                let Some(shown) = self.shown.get(&node).copied() else { return };
                if self.presence.is_free(node, at) {
                    let refused = !self.edits.allows(shown) || self.is_held(node, changes);
                    self.given.insert(op, (node, refused));
                    self.barred.extend(Some(op).filter(|_| refused));
                    self.dues.add(at + TICK, op, ruling);
                }
            }
            // What the page showed of the old topic is gone.
            Observation::Given { request: Request::Open, .. } => drop(self.gates.remove(&node)),
            Observation::Given { .. } => {}
            Observation::ShownContent(ref reading) => self.draws(node, reading),
            Observation::ShownOp { op, state } => {
                self.telling.insert(node, ());
                let Some((_, refused)) = self.given.remove(&op) else { return };
                if refused && !state.is_told_off() {
                    let shown = self.shown.get(&node).copied().unwrap_or_default();
                    let message = format!("shows {op} as `{state:?}`, and itself as `{shown:?}`");
                    ruling.violated(node, message);
                }
            }
            Observation::Sent { side: Side::Dialler, meaning, .. } if meaning.kind == Kind::Op => {
                let barred = |op: &OpId| self.barred.contains_key(op);
                if let Some(op) = meaning.op.filter(barred) {
                    ruling.violated(node, format!("sends {op}, which it could not take"));
                }
            }
            Observation::ShownStatus(status) => {
                self.shown.insert(node, status.connection);
            }
            Observation::Node(life) => {
                self.presence.observe(seen);
                if life.starts_or_ends() {
                    self.shown.remove(&node);
                    self.gates.remove(&node);
                    self.given.retain(|_, (author, _)| *author != node);
                }
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(op) = self.dues.take(at, ruling) {
            let Some((node, _)) = self.given.remove(&op) else { continue };
            if self.telling.contains_key(&node) {
                ruling.violated(node, format!("shows nothing of {op}, which was given to it"));
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.barred.retain(|op, ()| *op >= horizon.op);
    }
}
