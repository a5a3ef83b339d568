//! What a person sees of a topic never goes back in its order.

use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Position};
use crate::id::{NodeId, Topic};

/// The position of the content that a client shows for a topic never decreases, epochs ordered
/// as the server announced them. A page that was loaded anew starts afresh.
#[derive(Debug, Default)]
pub struct NoStateRegression {
    shown: Table<(NodeId, Topic, u8), Position>,
}

impl Invariant for NoStateRegression {
    fn name(&self) -> &'static str {
        "no-state-regression"
    }
    fn statement(&self) -> &'static str {
        "The (epoch, seq) of the content that a client shows for a document never decreases."
    }
    fn interest(&self) -> Interest {
        Interest::CONTENT.and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Node(life) if life.starts_or_ends() => {
                self.shown.retain(|(node, _, _), _| *node != seen.node);
            }
            Observation::ShownContent(reading) => {
                let key = (seen.node, reading.topic, reading.part);
                let last = self.shown.get_or_insert(key, reading.position);
                if reading.position < *last {
                    let (topic, now) = (reading.topic, reading.position);
                    let message = format!("showed {topic} at {last}, then at {now}");
                    ruling.violated(seen.node, message);
                }
                *last = reading.position;
            }
            _ => {}
        }
    }
}
