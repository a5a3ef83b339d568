//! A page shows what belongs to it.

use smallvec::SmallVec;

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, StoreOutcome, Value};
use crate::id::{OpId, Topic};

/// The content that a client shows for a topic holds no value that was committed to another topic
/// only.
#[derive(Debug, Default)]
pub struct ApplyToRightDocument {
    /// The topics of each value, in order; mostly it is one.
    homes: Table<Value, SmallVec<[Topic; 2]>>,
}

impl Invariant for ApplyToRightDocument {
    fn name(&self) -> &'static str {
        "apply-to-right-document"
    }
    fn statement(&self) -> &'static str {
        "The content that a client shows for a document holds only values written to that document."
    }
    fn interest(&self) -> Interest {
        Interest::STORED_OTHER.and(Interest::CONTENT)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Stored { outcome: StoreOutcome::Executed, write: Some(write), .. } => {
                for value in write.changes.iter().filter_map(|change| change.value) {
                    let homes = self.homes.of(value);
                    if let Err(place) = homes.binary_search(&write.topic) {
                        homes.insert(place, write.topic);
                    }
                }
            }
            Observation::ShownContent(reading) => {
                let shown = reading.changes.iter().filter_map(|change| change.value);
                let foreign = |value: &Value| {
                    self.homes.get(value).filter(|homes| !homes.contains(&reading.topic))
                };
                for (value, homes) in shown.filter_map(|value| Some((value, foreign(&value)?))) {
                    let topic = reading.topic;
                    let home = homes.first().map_or_else(String::new, ToString::to_string);
                    let message = format!("shows {value:?} in {topic}; it was written to {home}");
                    ruling.violated(seen.node, message);
                }
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        // Values have no order: what is not known is not judged, so nothing wrong comes of it.
        if horizon.op > OpId(0) {
            self.homes.clear();
        }
    }
}
