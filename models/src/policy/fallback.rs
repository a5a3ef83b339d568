//! What a client does that cannot have a socket.

use serde::{Deserialize, Serialize};
use wavetank::time::Span;

/// What a client does that cannot have a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SocketFallback {
    /// The pause between its requests for the document once it has given up, where the objectives
    /// want some; 0 makes none.
    pub poll: Span,
}

impl Default for SocketFallback {
    fn default() -> Self {
        Self { poll: Span::secs(30) }
    }
}
