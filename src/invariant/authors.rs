//! What people had been shown when they made their edits, read off the history.

use super::Horizon;
use super::table::Table;
use crate::engine::Seen;
use crate::history::{Changes, Interest, Observation, Position, Request, Write};
use crate::id::{NodeId, OpId, Topic};

/// An edit as it was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) node: NodeId,
    /// What the page showed when it took the edit: one that is held up takes it later.
    had: Option<(Topic, Position)>,
    pub(crate) changes: Changes,
}

/// The pages of a run, and the edits that were made on them.
#[derive(Debug, Default)]
pub(crate) struct Authors {
    pages: Table<NodeId, (Topic, Position)>,
    edits: Table<OpId, Made>,
}

impl Authors {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest =
        Interest::GIVEN_WORK.and(Interest::OP).and(Interest::CONTENT_MAIN).and(Interest::NODE);

    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        match seen.what {
            Observation::Given { op, request: Request::Edit, changes } => {
                let made = Made { node: seen.node, had: None, changes: changes.clone() };
                self.edits.insert(*op, made);
            }
            Observation::ShownOp { op, .. } => {
                if let Some(made) = self.edits.get_mut(op).filter(|made| made.had.is_none()) {
                    made.had = self.pages.get(&seen.node).copied();
                }
            }
            Observation::ShownContent(reading) if reading.part == 0 => {
                self.pages.insert(seen.node, (reading.topic, reading.position));
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.pages.remove(&seen.node);
                self.edits.retain(|_, made| made.node != seen.node);
            }
            _ => {}
        }
    }

    /// An edit whose page still stands.
    pub(crate) fn edit(&self, op: OpId) -> Option<&Made> {
        self.edits.get(&op)
    }

    /// The edit that a write came from, and up to where its author had been shown the topic.
    /// Nothing where the two cannot be compared: another topic, another epoch.
    pub(crate) fn of(&self, write: &Write) -> Option<(OpId, &Made, u64)> {
        let op = write.op?;
        let made = self.edits.get(&op)?;
        let (topic, had) = made.had?;
        (topic == write.topic && had.epoch == write.position.epoch).then_some((op, made, had.seq))
    }

    pub(crate) fn forget(&mut self, horizon: &Horizon) {
        self.edits.retain(|op, _| *op >= horizon.op);
    }
}
