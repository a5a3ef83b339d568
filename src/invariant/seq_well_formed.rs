//! The numbers of events are what numbers should be.

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Position, StoreOutcome};
use crate::id::{OpId, Ticket, Topic};

/// The commits of a topic and epoch by number: the operation, and the request that wrote it.
type Numbered = Table<u64, (Option<OpId>, Ticket)>;

/// The commits of one topic and epoch are numbered consecutively, and a frame that carries a
/// number carries the event that was committed under it.
#[derive(Debug, Default)]
pub struct SeqWellFormed {
    /// The commits of a topic and epoch, by number.
    commits: Table<(Topic, u32), Numbered>,
    /// Numbers whose event was lost; frames with it may still be under way.
    lost: Table<(Topic, u32), u64>,
}

impl SeqWellFormed {
    fn stored(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Observation::Stored { ticket, outcome, write, .. } = seen.what else { return };
        match outcome {
            StoreOutcome::Lost => {
                for (key, commits) in self.commits.iter_mut() {
                    let of = commits.iter().find(|(_, (_, from))| from == ticket);
                    if let Some(seq) = of.map(|(seq, _)| *seq) {
                        commits.remove(&seq);
                        let first = self.lost.get_or_insert(*key, seq);
                        *first = seq.min(*first);
                    }
                }
            }
            StoreOutcome::Executed => {
                let Some(write) = write.as_deref().filter(|write| !write.changes.is_empty()) else {
                    return;
                };
                let Position { epoch, seq } = write.position;
                let commits = self.commits.of((write.topic, epoch.get()));
                let last = commits.last().copied();
                if last.is_some_and(|last| seq != last + 1) {
                    let message = format!(
                        "an event of {} is numbered {} after {}",
                        write.topic,
                        write.position,
                        last.unwrap_or(0)
                    );
                    ruling.violated(seen.node, message);
                }
                commits.insert(seq, (write.op, *ticket));
            }
            _ => {}
        }
    }
}

impl Invariant for SeqWellFormed {
    fn name(&self) -> &'static str {
        "seq-well-formed"
    }
    fn statement(&self) -> &'static str {
        "The commits of a document and epoch are numbered consecutively, and every frame that \
         carries a number carries the event committed under it."
    }
    fn interest(&self) -> Interest {
        Interest::STORED_OTHER.and(Interest::SENT_EVENT).and(Interest::SENT_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Observation::Sent { meaning, .. } = seen.what else {
            return self.stored(seen, ruling);
        };
        let (Kind::Event, Some(topic), Some(position), Some(op)) =
            (meaning.kind, meaning.topic, meaning.position, meaning.op)
        else {
            return;
        };
        let key = (topic, position.epoch.get());
        if self.lost.get(&key).is_some_and(|first| *first <= position.seq) {
            return;
        }
        let Some(commits) = self.commits.get(&key) else { return };
        match commits.get(&position.seq) {
            Some((Some(committed), _)) if *committed != op => {
                let message = format!("sent {op} as {position} of {topic}, which is {committed}");
                ruling.violated(seen.node, message);
            }
            None if commits.last().is_some_and(|last| *last < position.seq) => {
                let message = format!("sent {op} as {position} of {topic}, which is no event yet");
                ruling.violated(seen.node, message);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        for commits in self.commits.values_mut() {
            // The last one stays: the next number is judged by it.
            let last = commits.last().copied();
            commits.retain(|seq, (_, ticket)| *ticket >= horizon.ticket || Some(*seq) == last);
        }
    }
}
