//! What is sent is what was agreed on.

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation};
use crate::id::ConnId;

/// Every message about a topic that a node sends is valid in some version of the protocol's
/// published schema. What is no message at all is not a node's, but an attacker's. An event is sent
/// in no later version than the one that its receiver said it speaks.
#[derive(Debug, Default)]
pub struct SchemaConformant {
    /// What diallers said that they speak.
    spoken: Table<ConnId, u8>,
}

impl Invariant for SchemaConformant {
    fn name(&self) -> &'static str {
        "schema-conformant"
    }
    fn statement(&self) -> &'static str {
        "Every message sent about a topic is valid in some version of the published schema, and \
         every event in one that its receiver speaks."
    }
    fn interest(&self) -> Interest {
        Interest::SENT_INVALID.and(Interest::SENT_NEWER).and(Interest::DIALLED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Dialled { conn, caller, .. } if caller.version > 0 => {
                self.spoken.insert(*conn, caller.version);
            }
            Observation::Sent { conn, meaning, .. } if meaning.schema == 0 => {
                let topic = meaning.topic.map_or_else(String::new, |topic| topic.to_string());
                let message = format!("sent about {topic} on {conn} what the schema does not have");
                ruling.violated(seen.node, message);
            }
            Observation::Sent { conn, meaning, .. } => {
                if let Some(spoken) = self.spoken.get(conn).filter(|v| **v < meaning.schema) {
                    let version = meaning.schema;
                    let message =
                        format!("sent version {version} on {conn}, where {spoken} is spoken");
                    ruling.violated(seen.node, message);
                }
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.spoken.retain(|conn, _| *conn >= horizon.conn);
    }
}
