//! A server knows whom it has.

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::time::{Span, Time};

/// What nodes call the connections that they hold.
const CONNECTIONS: &str = "connections";

/// How long a server that was kept from its news may take to hear it.
const BACKLOG: Span = Span::secs(10);

/// Whenever a server says how many connections it holds, that is how many it has welcomed and
/// neither ended nor been told the end of. One that was kept from its news a moment ago is not judged.
#[derive(Debug, Default)]
pub struct RegistryExact {
    /// The server of each connection that was welcomed and has not ended for it.
    welcomed: Table<ConnId, NodeId>,
    /// When a server last was busy, or something befell it.
    kept: Table<NodeId, Time>,
    /// Whether some of them may lie beyond a recording's horizon.
    partial: bool,
}

impl Invariant for RegistryExact {
    fn name(&self) -> &'static str {
        "registry-exact"
    }
    fn statement(&self) -> &'static str {
        "The number of connections that a server says it holds is that of the connections that it \
         has welcomed and of whose end it does not know."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_OTHER
            .and(Interest::CLOSED)
            .and(Interest::NODE)
            .and(Interest::BUSY)
            .and(Interest::HOLDS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Sent { conn, side: Side::Acceptor, meaning, .. }
                if meaning.kind == Kind::Welcome =>
            {
                self.welcomed.insert(*conn, node);
            }
            Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.welcomed.remove(conn);
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.welcomed.retain(|_, of| *of != node);
                self.kept.remove(&node);
            }
            Observation::Node(_) | Observation::Busy { .. } => {
                self.kept.insert(node, seen.at);
            }
            Observation::Holds { what, size } if what == CONNECTIONS && !self.partial => {
                if self.kept.get(&node).is_some_and(|last| seen.at.since(*last) < BACKLOG) {
                    return;
                }
                let count = self.welcomed.values().filter(|of| **of == node).count();
                if count != size.len as usize {
                    let message = format!(
                        "says that it holds {} connections; it has welcomed {count} that have not \
                         ended",
                        size.len
                    );
                    ruling.violated(node, message);
                }
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.partial |= horizon.conn > ConnId::new(0, 0);
    }
}
