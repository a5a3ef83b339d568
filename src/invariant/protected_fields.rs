//! People change only what is theirs to change.

use super::table::Set;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation};
use crate::id::{Field, NodeId};

/// A commit that an operation of a client caused changes no field that only the server's side
/// may change. Which fields those are is the protocol's to say.
#[derive(Debug)]
pub struct ProtectedFields {
    is_protected: fn(Field) -> bool,
    clients: Set<NodeId>,
}

impl ProtectedFields {
    /// Judges by what the protocol publishes.
    pub const fn new(is_protected: fn(Field) -> bool) -> Self {
        Self { is_protected, clients: Set::new() }
    }
}

impl Invariant for ProtectedFields {
    fn name(&self) -> &'static str {
        "protected-fields"
    }
    fn statement(&self) -> &'static str {
        "A commit caused by a client's operation changes only fields that clients may edit."
    }
    fn interest(&self) -> Interest {
        Interest::DIALLED.and(Interest::STORED_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Dialled { .. } => _ = self.clients.insert(seen.node, ()),
            Observation::Stored { write: Some(write), .. } => {
                let protected = |field| (self.is_protected)(field);
                let Some(change) = write.changes.iter().find(|one| protected(one.field)) else {
                    return;
                };
                let Some(author) = write.author.filter(|node| self.clients.contains_key(node))
                else {
                    return;
                };
                let at = write.position;
                let message =
                    format!("{author} changed {} at {at}, which is not its to", change.field);
                ruling.violated(seen.node, message);
            }
            _ => {}
        }
    }
}
