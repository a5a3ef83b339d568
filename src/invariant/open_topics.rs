//! Which topic each page has open, read off what it names to its server.

use super::table::Table;
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Request, Side};
use crate::id::{NodeId, Topic};

/// The topic that a node has named since it last opened one. Who has named none has whatever it is
/// told of.
#[derive(Debug, Default)]
pub(crate) struct OpenTopics(Table<NodeId, Topic>);

impl OpenTopics {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Interest::GIVEN_OTHER.and(Interest::SENT_OTHER);

    /// Takes in an observation, and says whether somebody has gone to another topic.
    #[inline]
    pub(crate) fn observe(&mut self, seen: &Seen<'_>) -> bool {
        match seen.what {
            Observation::Sent { side: Side::Dialler, meaning, .. } => {
                if let (Kind::Hello | Kind::Subscribe, Some(topic)) = (meaning.kind, meaning.topic)
                {
                    self.0.insert(seen.node, topic);
                }
                false
            }
            Observation::Given { request: Request::Open, .. } => {
                self.0.remove(&seen.node);
                true
            }
            _ => false,
        }
    }

    /// Whether what is said of a topic is about what a node has open.
    #[inline]
    pub(crate) fn has(&self, node: NodeId, topic: Option<Topic>) -> bool {
        let Some(topic) = topic else { return true };
        self.0.get(&node).is_none_or(|open| *open == topic)
    }
}
