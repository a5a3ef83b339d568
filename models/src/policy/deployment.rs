//! The part of the policy that is about the server's instances.

use serde::{Deserialize, Serialize};

/// How instances come to know of events that others have made durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
