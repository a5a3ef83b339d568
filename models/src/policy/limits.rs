//! What a server takes at most.

use serde::{Deserialize, Serialize};
use wavetank::time::Span;

use super::Bytes;

/// What connections are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// The client that dials.
    Client,
    /// The person whose client it is.
    User,
    /// The network address.
    Ip,
}

/// What a server takes at most. The objectives' limits hold as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The connected instances of one client; 0 is no limit.
    pub per_client: u32,
    /// The connected instances of one person; 0 is no limit.
    pub per_user: u32,
    /// The connected instances at one address; 0 is no limit.
    pub per_address: u32,
    /// What is counted at all.
    pub dimensions: Vec<Dimension>,
    /// Whether an instance that comes back takes the place that it has.
    pub supersede: bool,
    /// The size of one message; 0 is no limit.
    pub message_bytes: Bytes,
    /// How long a connection may last; 0 is for ever.
    pub connection_age: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_client: 3,
            per_user: 10,
            per_address: 100,
            dimensions: vec![Dimension::Client, Dimension::User, Dimension::Ip],
            supersede: true,
            message_bytes: Bytes::kib(1024),
            connection_age: Span::ZERO,
        }
    }
}
