//! What tabs of one device tell each other.

use serde::{Deserialize, Serialize};

/// What tabs of one device tell each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tabs {
    /// Whether a tab passes on the events that it applied.
    pub share: bool,
    /// Whether a person is told that changes of other tabs are not shown, where the objectives
    /// accept that they are not.
    pub notice: bool,
}

impl Default for Tabs {
    fn default() -> Self {
        Self { share: true, notice: true }
    }
}
