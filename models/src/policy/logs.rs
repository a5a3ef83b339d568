//! What a server writes into its log, where anybody reads it.

use serde::{Deserialize, Serialize};

/// How much of a message a record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// What it is about.
    #[default]
    Redacted,
    /// All of it.
    Full,
}

/// What a server writes into its log, where anybody reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// How much of a message a record says.
    pub body: Body,
}
