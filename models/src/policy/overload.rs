//! What a server does when more come at once than it can serve.

use serde::{Deserialize, Serialize};

/// What the server does when more come at once than it can serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overload {
    /// How many connections it takes within a second, where taking one costs it time; the others
    /// are told to come later. 0 is no limit.
    pub handshakes_max: u32,
}

impl Default for Overload {
    fn default() -> Self {
        Self { handshakes_max: 50 }
    }
}
