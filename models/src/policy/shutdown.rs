//! What a server does when its operator stops it.

use serde::{Deserialize, Serialize};

/// What its clients are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnShutdown {
    /// That the service restarts: 1012.
    #[default]
    Restart,
    /// Nothing: they notice.
    Nothing,
}

/// What a server does when its operator stops it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shutdown {
    /// What its clients are told.
    pub close: OnShutdown,
}
