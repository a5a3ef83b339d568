//! Words that must be shown, read off the history: which came to a page, and how often it showed
//! one of each operation.

use super::table::Table;
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Side};
use crate::id::{ConnId, NodeId, OpId};

/// What came of one operation to one page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// The ids of the words that were delivered.
    ids: Vec<u64>,
    /// How often the page showed one.
    shown: u32,
}

impl Words {
    /// How many words came that are not the same, and how many were shown.
    pub(crate) fn count(&self) -> (u32, u32) {
        (self.ids.len() as u32, self.shown)
    }
}

/// Words by the page that they came to and the operation that they are about.
#[derive(Debug, Default)]
pub(crate) struct Notices(Table<(NodeId, OpId), Words>);

impl Notices {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest =
        Interest::DELIVERED_OTHER.and(Interest::NOTICE).and(Interest::NODE);

    /// Takes in an observation; gives back the operation and the connection, if a word came.
    pub(crate) fn observe(&mut self, seen: &Seen<'_>) -> Option<(OpId, Option<ConnId>)> {
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, meaning } => {
                let op =
                    meaning.op.filter(|_| meaning.kind == Kind::Notice && meaning.stamp > 0)?;
                let words = self.0.of((seen.node, op));
                if !words.ids.contains(&meaning.stamp) {
                    words.ids.push(meaning.stamp);
                }
                Some((op, Some(*conn)))
            }
            Observation::ShownNotice { op: Some(op), on: true, .. } => {
                // Only what was said in words is counted.
                let words = self.0.get_mut(&(seen.node, *op))?;
                words.shown += 1;
                Some((*op, None))
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.0.retain(|(node, _), _| *node != seen.node);
                None
            }
            _ => None,
        }
    }

    pub(crate) fn of(&self, node: NodeId, op: OpId) -> (u32, u32) {
        self.0.get(&(node, op)).map_or((0, 0), Words::count)
    }

    pub(crate) fn forget(&mut self, first: OpId) {
        self.0.retain(|(_, op), _| *op >= first);
    }
}
