//! Which versions of the protocol a release speaks.

use serde::{Deserialize, Serialize};

/// The versions of the protocol that a release speaks: these two, and all between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// The oldest.
    pub oldest: u8,
    /// The newest.
    pub newest: u8,
}

impl Spoken {
    /// The first version and no other: what whoever says nothing of versions speaks.
    pub const FIRST: Self = Self { oldest: FIRST, newest: FIRST };

    /// Whether a version is among them.
    pub fn has(self, version: u8) -> bool {
        (self.oldest..=self.newest).contains(&version)
    }

    /// The newest version that both speak, if there is one.
    pub fn common(self, other: Self) -> Option<u8> {
        let newest = self.newest.min(other.newest);
        (self.has(newest) && other.has(newest)).then_some(newest)
    }
}

impl Default for Spoken {
    fn default() -> Self {
        Self::FIRST
    }
}

/// The number of the first version.
const FIRST: u8 = 1;

/// The version of a message that does not name its own.
pub(crate) fn first() -> u8 {
    FIRST
}

/// What either side speaks, in the course of an upgrade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Versions {
    /// What pages speak.
    pub client: Spoken,
    /// What the server speaks.
    pub server: Spoken,
}
