//! How a server sends what is large.

use serde::{Deserialize, Serialize};

use super::Bytes;

/// How a server sends what is large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pages {
    /// What is larger goes out in parts of this size; 0 sends everything in one piece. What a
    /// deployment bears may be less.
    pub threshold_bytes: Bytes,
}

impl Default for Pages {
    fn default() -> Self {
        Self { threshold_bytes: Bytes::kib(256) }
    }
}
