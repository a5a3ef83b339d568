//! Which version of the protocol a server speaks with a client of another release.

use serde::{Deserialize, Serialize};

/// Which version is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The newest that both speak. Where there is none the connection ends with 1003.
    #[default]
    HighestCommon,
    /// The server's newest.
    Newest,
}

/// Which version of the protocol a server speaks with a client of another release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Version {
    /// Which version is spoken.
    pub choose: Choice,
}
