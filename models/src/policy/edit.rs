//! When edits are taken.

use serde::{Deserialize, Serialize};

/// What becomes of an edit of content that may be old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenStale {
    /// What the application demands: it waits, or it is refused visibly. Refused it is in any case
    /// where nothing would be sent before the person retries or signs in.
    #[default]
    AsObjective,
    /// It is taken, whatever the application demands.
    Accept,
}

/// When edits are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EditGate {
    /// What becomes of an edit of content that may be old.
    pub when_stale: WhenStale,
}
