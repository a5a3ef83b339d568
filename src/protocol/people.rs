//! The issuer of credentials.
//!
//! The engine keeps the truth about credentials, as an identity provider would: what it
//! issued, until when that is good, and whether it was revoked. A node learns of it only by
//! asking.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::id::{NodeId, Topic};
use crate::time::Wall;

/// A credential as its holder has it: a signed token that says whose it is and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Credential {
    /// Its number; no other credential of the run has it.
    pub id: u64,
    /// The node that it was issued to.
    pub user: NodeId,
    /// The end of its life, by the issuer's clock, which is right. A reader whose own clock is
    /// off is mistaken about it.
    pub expires: Wall,
}

/// What a node asks of the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inquiry {
    /// A new credential for itself.
    Issue,
    /// Whether the credential with this number is good.
    Check(u64),
}

/// What the issuer answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A new credential.
    Issued(Credential),
    /// None is issued.
    Refused,
    /// The credential is good; its user may not see these topics.
    Good {
        /// Topics that were withdrawn from the user.
        denied: SmallVec<[Topic; 2]>,
    },
    /// The credential has expired, was revoked, or was never issued.
    Bad,
}
