//! Nobody's work is written over without a word.

use super::authors::Authors;
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Connection, Interest, Kind, Observation, OpState, Position, Side, StoreOutcome, Write,
};
use crate::id::{Field, NodeId, OpId, Ticket, Topic};
use crate::time::Time;

/// A write, by whom, and the request that did it.
type Entry = (Position, NodeId, OpId, Ticket);

/// An edit that was committed over somebody else's, which its author had not been shown, is shown
/// to her as a conflict; and so is, in some way, each edit that a server has told her will not be
/// done.
#[derive(Debug, Default)]
pub struct ConflictSurfaced {
    authors: Authors,
    writes: Table<(Topic, Field), Vec<Entry>>,
    /// What an author was told of an operation, once it was anything final.
    told: Set<OpId>,
    /// Operations of which an author should be told, the request that did it, and why.
    unsaid: Table<OpId, (NodeId, Option<Ticket>, String)>,
    shown: Table<NodeId, Connection>,
}

impl ConflictSurfaced {
    fn committed(&mut self, ticket: Ticket, write: &Write) {
        let (Some(op), Some(author)) = (write.op, write.author) else { return };
        let made = self.authors.of(write);
        for change in &write.changes {
            let earlier = self.writes.of((write.topic, change.field));
            if let Some((op, made, had)) = made {
                let unseen = |(at, by, ..): &&Entry| {
                    at.epoch == write.position.epoch && at.seq > had && *by != made.node
                };
                if let Some((at, _, other, _)) = earlier.iter().rev().find(unseen) {
                    let why =
                        format!("was committed over {other} ({at}), which its author had not seen");
                    self.unsaid.insert(op, (made.node, Some(ticket), why));
                }
            }
            earlier.push((write.position, author, op, ticket));
        }
    }

    fn nacked(&mut self, node: NodeId, op: OpId, code: u16) {
        let own = self.authors.edit(op).is_some_and(|made| made.node == node);
        if own && !self.told.contains_key(&op) {
            let why = format!("was not taken (code {code})");
            self.unsaid.insert(op, (node, None, why));
        }
    }
}

impl Invariant for ConflictSurfaced {
    fn name(&self) -> &'static str {
        "conflict-surfaced"
    }
    fn statement(&self) -> &'static str {
        "Whoever writes over what she had not been shown, or whose edit is not taken, is told."
    }
    fn interest(&self) -> Interest {
        Authors::INTEREST
            .and(Interest::STORED_OTHER)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, _ruling: &mut Ruling) {
        match seen.what {
            Observation::Stored { ticket, outcome: StoreOutcome::Executed, write, .. } => {
                if let Some(write) = write.as_deref().filter(|write| !write.changes.is_empty()) {
                    self.committed(*ticket, write);
                }
            }
            Observation::Stored { ticket, outcome: StoreOutcome::Lost, .. } => {
                for entries in self.writes.values_mut() {
                    entries.retain(|(.., of)| of != ticket);
                }
                self.unsaid.retain(|_, (_, by, _)| *by != Some(*ticket));
            }
            Observation::Delivered { side: Side::Dialler, meaning, .. } => {
                if let (Kind::Nack, Some(op), None) =
                    (meaning.kind, meaning.op, meaning.retry_after)
                {
                    self.nacked(seen.node, op, meaning.code);
                }
            }
            Observation::ShownOp { op, state } => {
                if *state == OpState::Saved || state.is_told_off() {
                    self.told.insert(*op, ());
                }
                if state.is_told_off() {
                    self.unsaid.remove(op);
                }
                self.authors.observe(seen);
            }
            Observation::ShownStatus(status) => {
                self.shown.insert(seen.node, status.connection);
            }
            Observation::Node(life) => {
                if life.starts_or_ends() {
                    self.unsaid.retain(|_, (node, ..)| *node != seen.node);
                    self.shown.remove(&seen.node);
                }
                self.authors.observe(seen);
            }
            _ => self.authors.observe(seen),
        }
    }
    fn finish(&mut self, _at: Time, ruling: &mut Ruling) {
        let live = |node| self.shown.get(node).is_none_or(|shown| *shown == Connection::Live);
        if let Some((op, (node, _, why))) = self.unsaid.iter().find(|(_, (node, ..))| live(node)) {
            ruling.violated(*node, format!("{op} {why}, and nothing was said of it"));
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.authors.forget(horizon);
        self.told.retain(|op, ()| *op >= horizon.op);
        for entries in self.writes.values_mut() {
            entries.retain(|(.., ticket)| *ticket >= horizon.ticket);
        }
    }
}
