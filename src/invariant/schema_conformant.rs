//! What is sent is what was agreed on.

use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation};

/// Every message about a topic that a node sends is valid in some version of the protocol's
/// published schema. What is no message at all is not a node's, but an attacker's.
#[derive(Debug, Default)]
pub struct SchemaConformant;

impl Invariant for SchemaConformant {
    fn name(&self) -> &'static str {
        "schema-conformant"
    }
    fn statement(&self) -> &'static str {
        "Every message sent about a topic is valid in some version of the published schema."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_INVALID
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        if let Observation::Sent { conn, meaning, .. } = seen.what {
            let topic = meaning.topic.map_or_else(String::new, |topic| topic.to_string());
            let message = format!("sent about {topic} on {conn} what the schema does not have");
            ruling.violated(seen.node, message);
        }
    }
}
