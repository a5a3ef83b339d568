//! What gives way when an outbox is full.

use serde::{Deserialize, Serialize};

/// What gives way when an outbox is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Eviction {
    /// What may be lost, oldest first.
    #[default]
    EphemeralOnly,
    /// Whatever has waited longest; a person is told of her edits.
    Oldest,
}
