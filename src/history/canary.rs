//! Values that only some may see, planted so that they are known wherever they turn up.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Kind;
use crate::id::{ConnId, NodeId};

/// What the text of every canary begins with.
const PREFIX: &str = "canary-";

/// What is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// What lets its holder in.
    Credential,
    /// What is told of a person.
    Personal,
    /// What a person has written.
    Content,
}

impl Secret {
    const ALL: [Self; 3] = [Self::Credential, Self::Personal, Self::Content];

    const fn word(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Personal => "personal",
            Self::Content => "content",
        }
    }
}

/// A value that stands for a secret of somebody. As text it is like no other text.
///
/// ```
/// use wavetank::history::{Canary, Secret};
/// use wavetank::id::NodeId;
///
/// let token = Canary { secret: Secret::Credential, owner: NodeId(2) };
/// let line = format!("GET /sync?token={token}.17 HTTP/1.1");
/// assert_eq!(Canary::all_in(&line).collect::<Vec<_>>(), [token]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Canary {
    /// What it stands for.
    pub secret: Secret,
    /// Whose secret that is.
    pub owner: NodeId,
}

/// The canaries in one message; most have none.
pub type Canaries = SmallVec<[Canary; 2]>;

impl Canary {
    /// The canaries in a text.
    pub fn all_in(text: &str) -> impl Iterator<Item = Self> {
        text.split(PREFIX).skip(1).filter_map(Self::read)
    }

    /// The canary that a text goes on with, after what all of them begin with.
    fn read(text: &str) -> Option<Self> {
        let of = |secret: &Secret| text.strip_prefix(secret.word())?.strip_prefix("-n");
        let (secret, number) =
            Secret::ALL.iter().find_map(|secret| Some((*secret, of(secret)?)))?;
        let end = number.find(|one: char| !one.is_ascii_digit()).unwrap_or(number.len());
        let owner = NodeId(number[..end].parse().ok()?);
        Some(Self { secret, owner })
    }
}

impl fmt::Display for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}-{}", self.secret.word(), self.owner)
    }
}

/// Where a canary was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are named by the types that they hold")]
pub enum Place {
    /// In the address that a node asked for when it dialled.
    Address { conn: ConnId },
    /// In a message of this kind that a node sent to another.
    Message { conn: ConnId, to: NodeId, kind: Kind },
}
