//! A server does not stand still over one thing.

use super::presence::Hindrance;
use super::table::{Set, Table};
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Side};
use crate::id::NodeId;
use crate::time::Span;

/// The longest that others may have to wait for one thing.
const LONGEST: Span = Span::secs(1);

/// A server that runs as usual never declares that one thing keeps it from all others for more
/// than a second.
#[derive(Debug, Default)]
pub struct LoopResponsive {
    servers: Set<NodeId>,
    /// Those that run slowly, whatever they do.
    burdened: Table<NodeId, Hindrance>,
}

impl Invariant for LoopResponsive {
    fn name(&self) -> &'static str {
        "loop-responsive"
    }
    fn statement(&self) -> &'static str {
        "A running server is never busy with one thing for more than a second."
    }
    fn interest(&self) -> Interest {
        Interest::BUSY.and(Interest::OPENED).and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match *seen.what {
            Observation::Opened { side: Side::Acceptor, .. } => {
                self.servers.insert(node, ());
            }
            Observation::Busy { span } if span > LONGEST => {
                let usual = self.burdened.get(&node).is_none_or(|burdens| !burdens.is_there());
                if usual && self.servers.contains_key(&node) {
                    ruling.violated(node, format!("handles nothing for {span}"));
                }
            }
            Observation::Node(life) => self.burdened.of(node).observe(life),
            _ => {}
        }
    }
}
