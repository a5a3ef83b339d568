//! A server that is asked for more than it can do does what it can.

use super::presence::Hindrance;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation};
use crate::id::NodeId;
use crate::time::{Span, Time};

/// The longest that anything may wait to be handled.
const LONGEST: Span = Span::secs(10);

/// Nothing waits for more than ten seconds until a node that runs as usual handles it.
#[derive(Debug, Default)]
pub struct OverloadRecovers {
    /// Nodes that were paused or slow, and until when they were.
    hindered: Table<NodeId, (Hindrance, Time)>,
}

impl Invariant for OverloadRecovers {
    fn name(&self) -> &'static str {
        "overload-recovers"
    }
    fn statement(&self) -> &'static str {
        "A node that runs as usual handles whatever reaches it within 10 s."
    }
    fn interest(&self) -> Interest {
        Interest::WAITING.and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match *seen.what {
            Observation::Waiting { ref queue, size } if queue == "inbox" => {
                let began = Time::ZERO + seen.at.since(Time::ZERO).saturating_sub(size.oldest);
                let usual = self
                    .hindered
                    .get(&seen.node)
                    .is_none_or(|(hindrance, until)| !hindrance.is_there() && *until < began);
                if size.oldest > LONGEST && usual {
                    let message = format!(
                        "handles what has waited for {}, and {} more wait",
                        size.oldest,
                        size.len.saturating_sub(1)
                    );
                    ruling.violated(seen.node, message);
                }
            }
            Observation::Node(life) => {
                let (hindrance, until) = self.hindered.of(seen.node);
                hindrance.observe(life);
                if matches!(life, Life::Resumed | Life::Relieved) {
                    *until = seen.at;
                }
            }
            _ => {}
        }
    }
}
