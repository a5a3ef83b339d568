//! How much a server does for one client in a minute.

use serde::{Deserialize, Serialize};

/// Whose operations are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateKey {
    /// Those of one connection.
    Connection,
    /// Those of one client.
    Client,
    /// All that come to the server.
    Server,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Each operation.
    Count,
    /// What costs much: whole documents.
    Cost,
}

/// What becomes of what comes too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Excess {
    /// Its sender is told when to ask again.
    NackRetryAfter,
    /// It is dropped without a word, and so is all else that its sender says meanwhile.
    Drop,
}

/// How much a server does for one client in a minute. The objectives' limits hold as well;
/// where they have none, nothing is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// The operations that it takes; 0 is no limit. Nothing else that clients send is counted with
    /// them.
    pub limit_per_minute: u32,
    /// The whole documents that it sends; 0 is no limit.
    pub wholes_per_minute: u32,
    /// Whose operations are counted together.
    pub key: Vec<RateKey>,
    /// What is counted.
    pub weighs: Vec<Weight>,
    /// What becomes of what comes too soon.
    pub excess: Excess,
}

impl Default for Rate {
    fn default() -> Self {
        Self {
            limit_per_minute: 60,
            wholes_per_minute: 10,
            key: vec![RateKey::Connection, RateKey::Client],
            weighs: vec![Weight::Count, Weight::Cost],
            excess: Excess::NackRetryAfter,
        }
    }
}
