//! What a client does with what comes in faster than it can be taken in.

use serde::{Deserialize, Serialize};

/// What a client does with what comes in faster than it can be taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inbound {
    /// How many messages may wait before it asks for the whole document in their place; 0 is any
    /// number, for any time. The objectives' limit holds as well.
    pub limit: u32,
}

impl Default for Inbound {
    fn default() -> Self {
        Self { limit: 1000 }
    }
}
