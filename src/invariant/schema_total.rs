//! What is no message changes nothing.

use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation};
use crate::id::{ConnId, NodeId, OpId};

/// Whoever was sent what is no message writes nothing that came of it: all that it has the store
/// write from then on is what some operation that was given asks for.
#[derive(Debug, Default)]
pub struct SchemaTotal {
    /// Operations of which it was said that they were given.
    given: Set<OpId>,
    /// The last connection on which something unreadable came to a node.
    came: Table<NodeId, ConnId>,
    /// The first operation that is remembered.
    since: Option<OpId>,
}

impl Invariant for SchemaTotal {
    fn name(&self) -> &'static str {
        "schema-total"
    }
    fn statement(&self) -> &'static str {
        "A frame that is no message leads to no write: what its receiver has written are \
         operations that were given."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN
            .and(Interest::DELIVERED_UNREADABLE)
            .and(Interest::STORED_OTHER)
            .and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Given { op, .. } => _ = self.given.insert(*op, ()),
            Observation::Delivered { conn, .. } => _ = self.came.insert(seen.node, *conn),
            Observation::Node(Life::Crashed) => _ = self.came.remove(&seen.node),
            Observation::Stored { write: Some(write), .. } => {
                let Some(conn) = self.came.get(&seen.node) else { return };
                let forgotten = |op: OpId| self.since.is_some_and(|since| op < since);
                let nobody = |op: OpId| !self.given.contains_key(&op) && !forgotten(op);
                let Some(op) = write.op.filter(|op| self.given.last().is_some() && nobody(*op))
                else {
                    return;
                };
                let at = write.position;
                let message = format!(
                    "wrote {op} at {at}, which nobody was given, after what came on {conn}"
                );
                ruling.violated(seen.node, message);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.since = Some(horizon.op);
        self.given.retain(|op, ()| *op >= horizon.op);
        self.came.retain(|_, conn| *conn >= horizon.conn);
    }
}
