//! The part of the policy that is about the server's instances, and about what they can bear.

use serde::{Deserialize, Serialize};

/// How instances come to know of events that others have made durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// They tell each other, and read from the log that they share what they were not told.
    #[default]
    PubsubAndLog,
    /// They tell each other nothing.
    Local,
}

/// How several instances work together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Instances {
    /// How they come to know of events that others have made durable.
    pub channel: Channel,
}

/// What the server does when more is asked of it than it can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overload {
    /// Handshakes that it makes within a second, where they take any time; who comes on top of
    /// them is to come later. 0 is no limit.
    pub handshakes_max: u32,
}

impl Default for Overload {
    fn default() -> Self {
        Self { handshakes_max: 50 }
    }
}
