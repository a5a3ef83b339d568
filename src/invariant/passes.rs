//! Credentials as the facts tell of them: what the issuer gave to whom, and on which connection
//! it was shown.

use super::table::Table;
use crate::engine::Seen;
use crate::history::{Caller, Channel, Interest, Kind, Observation, Side, Standing};
use crate::id::{ConnId, NodeId};
use crate::time::{Time, Wall};

/// A credential that was issued.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issued {
    pub(crate) user: NodeId,
    pub(crate) at: Time,
    pub(crate) expires: Wall,
    pub(crate) revoked: Option<Time>,
}

impl Issued {
    /// Whether the credential is good at a time, as the issuer knows it.
    pub(crate) fn is_good(&self, at: Time) -> bool {
        self.expires > true_wall(at) && self.revoked.is_none_or(|revoked| revoked > at)
    }
}

/// What a wall clock reads that is right.
pub(crate) fn true_wall(at: Time) -> Wall {
    Wall::START + at.since(Time::ZERO)
}

/// A connection, and the credential that its server was last shown on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    pub(crate) caller: Caller,
    pub(crate) channel: Channel,
    /// The credential, and whether it was good when it was shown.
    pub(crate) shown: Option<(u64, bool)>,
}

/// What was issued and what was shown.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    issued: Table<u64, Issued>,
    shown: Table<ConnId, Pass>,
}

impl Passes {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Interest::CREDENTIAL
        .and(Interest::DIALLED)
        .and(Interest::REFUSED)
        .and(Interest::DELIVERED_OTHER)
        .and(Interest::CLOSED);

    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        match *seen.what {
            Observation::Credential(Standing::Issued { credential, expires }) => {
                let issued = Issued { user: seen.node, at: seen.at, expires, revoked: None };
                self.issued.insert(credential, issued);
            }
            Observation::Credential(Standing::Revoked { credential }) => {
                if let Some(issued) = self.issued.get_mut(&credential) {
                    issued.revoked = Some(seen.at);
                }
            }
            Observation::Dialled { conn, channel, caller, .. } => {
                let shown = (caller.credential != 0).then(|| self.judged(caller.credential, seen));
                self.shown.insert(conn, Pass { caller, channel, shown });
            }
            Observation::Delivered { conn, side: Side::Acceptor, meaning }
                if meaning.kind == Kind::Credential =>
            {
                let shown = self.judged(meaning.stamp, seen);
                if let Some(pass) = self.shown.get_mut(&conn) {
                    // One that is bad does not undo one that is good.
                    if shown.1 || pass.shown.is_none() {
                        pass.shown = Some(shown);
                    }
                }
            }
            Observation::Refused { conn, .. }
            | Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.shown.remove(&conn);
            }
            _ => {}
        }
    }

    fn judged(&self, credential: u64, seen: &Seen<'_>) -> (u64, bool) {
        (credential, self.issued(credential).is_some_and(|issued| issued.is_good(seen.at)))
    }

    pub(crate) fn issued(&self, credential: u64) -> Option<&Issued> {
        self.issued.get(&credential)
    }

    pub(crate) fn of(&self, conn: ConnId) -> Option<&Pass> {
        self.shown.get(&conn)
    }

    /// The credential of a connection, if one was shown on it that was good.
    pub(crate) fn good(&self, conn: ConnId) -> Option<&Issued> {
        let (credential, _) = self.of(conn)?.shown.filter(|(_, good)| *good)?;
        self.issued(credential)
    }

    /// Keeps only connections of which `keep` is true.
    pub(crate) fn retain(&mut self, keep: impl Fn(ConnId) -> bool) {
        self.shown.retain(|conn, _| keep(*conn));
    }
}
