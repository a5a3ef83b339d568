//! A write stands behind what its author had read.

use smallvec::SmallVec;

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Position, StoreOutcome};
use crate::id::{NodeId, OpId, Topic};

/// An operation that is committed stands in the order after everything that its author had been
/// shown when she made it.
#[derive(Debug, Default)]
pub struct WritesFollowReads {
    shown: Table<(NodeId, Topic), Position>,
    /// What the author had been shown, by topic.
    read: Table<OpId, SmallVec<[(Topic, Position); 1]>>,
}

impl Invariant for WritesFollowReads {
    fn name(&self) -> &'static str {
        "writes-follow-reads"
    }
    fn statement(&self) -> &'static str {
        "A committed operation stands in the order after everything that its author had been shown \
         when it was made."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN.and(Interest::CONTENT_MAIN).and(Interest::STORED_OTHER).and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::ShownContent(reading) if reading.part == 0 => {
                self.shown.insert((seen.node, reading.topic), reading.position);
            }
            Observation::Given { op, .. } => {
                let (first, last) = ((seen.node, Topic(0)), (seen.node, Topic(u32::MAX)));
                let read = self.shown.between(&first, &last);
                self.read.insert(*op, read.iter().map(|((_, topic), at)| (*topic, *at)).collect());
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.shown.retain(|(node, _), _| *node != seen.node);
            }
            Observation::Stored { outcome: StoreOutcome::Executed, write: Some(write), .. } => {
                let Some(op) = write.op.filter(|_| !write.changes.is_empty()) else { return };
                let read = self.read.get(&op).into_iter().flatten();
                let before = read.copied().find(|(topic, _)| *topic == write.topic);
                if let Some((topic, read)) = before
                    && write.position <= read
                {
                    let place = write.position;
                    let message = format!(
                        "{op} is {place} of {topic}; its author had been shown {read} before"
                    );
                    ruling.violated(write.author.unwrap_or(seen.node), message);
                }
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.read.retain(|op, _| *op >= horizon.op);
    }
}
