//! How the client recognises what comes again.

use serde::{Deserialize, Serialize};

/// What the client recognises by what, of all that has come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Events by their place in the order, and the rest by the ids that came last.
    CursorAndLru,
    /// Everything by the ids that came last.
    LruOnly,
}

/// How the client recognises what comes again and has no place in the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dedup {
    /// Whether it does.
    pub unsequenced: bool,
    /// What it recognises by what.
    pub scope: Scope,
    /// How many ids it keeps; 0 is no limit. The objectives' limit holds as well.
    pub limit: u32,
}

impl Default for Dedup {
    fn default() -> Self {
        Self { unsequenced: true, scope: Scope::CursorAndLru, limit: 200 }
    }
}
