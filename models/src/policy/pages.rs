//! How a server sends what is large.

use serde::{Deserialize, Serialize};

/// How a server sends what is large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pages {
    /// What has more bytes goes out in parts of so many; 0 sends everything in one piece. What a
    /// deployment bears may be less.
    pub threshold_bytes: u32,
}

impl Default for Pages {
    fn default() -> Self {
        Self { threshold_bytes: 1 << 18 }
    }
}
