//! Secrets go nowhere but where they must.

use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Canary, Interest, Kind, Observation, Place, Secret};
use crate::id::NodeId;

/// Values that only some may see are planted as canaries. That of a credential turns up in no
/// message but one by which its owner shows or is given it, that of personal data in no message
/// between others, and none at all in the address of a dial, in word of a failure, in a log or in
/// a report. Nodes of one person are one.
#[derive(Debug, Default)]
pub struct SecretTaint {
    /// The person of each node that has dialled and said who she is.
    people: Table<NodeId, u64>,
}

impl SecretTaint {
    fn is_same(&self, one: NodeId, other: NodeId) -> bool {
        let known = self.people.get(&one);
        one == other || known.is_some() && known == self.people.get(&other)
    }

    /// Whether a canary may be in a message.
    fn belongs(&self, canary: Canary, from: NodeId, to: NodeId, kind: Kind) -> bool {
        let concerns = self.is_same(canary.owner, from) || self.is_same(canary.owner, to);
        match canary.secret {
            _ if matches!(kind, Kind::Error | Kind::Nack) => false,
            Secret::Credential => concerns && kind == Kind::Credential,
            Secret::Personal => concerns,
            Secret::Content => true,
        }
    }

    /// Looks at a text that operators read.
    fn written(node: NodeId, what: &str, text: &str, ruling: &mut Ruling) {
        if let Some(Canary { secret, owner }) = Canary::all_in(text).next() {
            ruling.violated(node, format!("writes a {secret:?} of {owner} into {what}"));
        }
    }
}

impl Invariant for SecretTaint {
    fn name(&self) -> &'static str {
        "secret-taint"
    }
    fn statement(&self) -> &'static str {
        "A credential is in no message but one by which its owner shows or is given it, personal \
         data in none between others, and no secret in an address, an error, a log or a report."
    }
    fn interest(&self) -> Interest {
        Interest::CANARY.and(Interest::DIALLED).and(Interest::LOG).and(Interest::REPORT)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Dialled { caller, .. } if caller.user != 0 => {
                self.people.insert(node, caller.user);
            }
            Observation::Canary { canary, place: Place::Address { conn } } => {
                let Canary { secret, owner } = canary;
                let message = format!("dials {conn} at an address with a {secret:?} of {owner}");
                ruling.violated(node, message);
            }
            Observation::Canary { canary, place: Place::Message { conn, to, kind } }
                if !self.belongs(*canary, node, *to, *kind) =>
            {
                let (Canary { secret, owner }, kind) = (canary, kind.word());
                let message = format!("sends {to} a {secret:?} of {owner} on {conn} ({kind})");
                ruling.violated(node, message);
            }
            Observation::Log { event, fields, .. } => {
                Self::written(node, &format!("its log ({event})"), fields, ruling);
            }
            Observation::Report { kind, context, .. } => {
                Self::written(node, &format!("a report ({kind})"), context, ruling);
            }
            _ => {}
        }
    }
}
