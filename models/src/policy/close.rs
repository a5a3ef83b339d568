//! With which codes a server ends connections.

use serde::{Deserialize, Serialize};

/// With which codes a server ends connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Close {
    /// The code for a connection that it has no room for.
    pub overload_code: u16,
}

impl Default for Close {
    fn default() -> Self {
        Self { overload_code: 1013 }
    }
}
