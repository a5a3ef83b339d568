//! What one person does stays in her order.

use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Path, Request, Side, StoreOutcome};
use crate::id::{NodeId, OpId};

/// The first transmissions, and the first commits, of the operations of one client are in the order
/// in which the person made them. A path that reorders messages excuses the commits. What a server
/// refused, and did not just put off, may be done at any time, and so may all that was made before a
/// store lost something: answers were lost with it.
#[derive(Debug, Default)]
pub struct FifoPerClient {
    /// Whose each operation is, and its place in the order.
    given: Table<OpId, (NodeId, u32)>,
    transmitted: Set<OpId>,
    /// Operations that were committed, or refused.
    answered: Set<OpId>,
    clients: Table<NodeId, Client>,
}

#[derive(Debug, Default)]
struct Client {
    given: u32,
    sent: u32,
    committed: u32,
    /// Its operations up to this one may be done at any time.
    excused: u32,
    /// A path of it did, at some time, what a stream may not do.
    rough: bool,
}

impl FifoPerClient {
    fn committed(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        if let Observation::Stored {
            outcome: StoreOutcome::Lost | StoreOutcome::Restored | StoreOutcome::Emptied,
            ..
        } = seen.what
        {
            for client in self.clients.values_mut() {
                (client.committed, client.excused) = (0, client.given);
            }
        }
        let Observation::Stored { outcome: StoreOutcome::Executed, write: Some(write), .. } =
            seen.what
        else {
            return;
        };
        let Some(op) = write.op.filter(|_| !write.changes.is_empty()) else { return };
        let Some((node, place)) = self.given.get(&op).copied() else { return };
        let again = self.answered.insert(op, ()).is_some();
        let client = self.clients.of(node);
        if again || place <= client.excused {
            return;
        }
        if place < client.committed && !client.rough {
            ruling.violated(node, format!("{op} was committed after one that was made later"));
        }
        client.committed = client.committed.max(place);
    }
}

impl Invariant for FifoPerClient {
    fn name(&self) -> &'static str {
        "fifo-per-client"
    }
    fn statement(&self) -> &'static str {
        "The first transmissions, and the commits, of the operations of one client are in the order \
         in which the person made them."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN_WORK
            .and(Interest::SENT_OTHER)
            .and(Interest::STORED_OTHER)
            .and(Interest::NODE)
            .and(Interest::LINK)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Given {
                op,
                request: Request::Edit | Request::Undo | Request::Redo,
                ..
            } => {
                let client = self.clients.of(seen.node);
                client.given += 1;
                self.given.insert(*op, (seen.node, client.given));
            }
            Observation::Sent { side: Side::Dialler, meaning, .. } if meaning.kind == Kind::Op => {
                let Some((node, place)) = meaning.op.and_then(|op| self.given.get(&op)) else {
                    return;
                };
                let (node, place) = (*node, *place);
                let first = meaning.op.is_some_and(|op| self.transmitted.insert(op, ()).is_none());
                if !first || node != seen.node {
                    return;
                }
                let client = self.clients.of(node);
                if place < client.sent {
                    let op = meaning.op.map_or_else(String::new, |op| op.to_string());
                    ruling.violated(node, format!("{op} was sent after one that was made later"));
                }
                client.sent = client.sent.max(place);
            }
            Observation::Sent { side: Side::Acceptor, meaning, .. } => {
                let refused = meaning.kind == Kind::Nack && meaning.retry_after.is_none();
                self.answered.extend(meaning.op.filter(|_| refused));
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.given.retain(|_, (node, _)| *node != seen.node);
                let client = self.clients.of(seen.node);
                (client.sent, client.committed) = (client.given, client.given);
            }
            Observation::Link { to, path } => {
                let rough = *path == Path::Impaired;
                for node in [seen.node, *to] {
                    self.clients.of(node).rough |= rough;
                }
            }
            _ => self.committed(seen, ruling),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.given.retain(|op, _| *op >= horizon.op);
        for ops in [&mut self.transmitted, &mut self.answered] {
            ops.retain(|op, ()| *op >= horizon.op);
        }
    }
}
