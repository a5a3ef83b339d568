//! Whoever comes back shows a new credential.

use super::passes::{Issued, true_wall};
use super::sockets::Requests;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Channel, Interest, Kind, Life, Observation, Side, Standing};
use crate::id::{ConnId, NodeId};
use crate::objectives::{Access, Objectives};
use crate::time::Time;

/// Where people have to sign in, the first credential that a client shows on a connection, of
/// those that it was given, was given to it after its last connection had ended, and was good when
/// it dialled.
#[derive(Debug)]
pub struct FreshTokenDial {
    access: Access,
    issued: Table<u64, Issued>,
    /// When the last connection of each client ended.
    ended: Table<NodeId, Time>,
    /// The newest connection of each client that has shown nothing yet, when it was dialled, and
    /// when the one before it ended.
    dialled: Table<NodeId, (ConnId, Time, Time)>,
    requests: Requests,
}

impl FreshTokenDial {
    /// Judges by `access`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            access: objectives.access,
            issued: Table::new(),
            ended: Table::new(),
            dialled: Table::new(),
            requests: Requests::default(),
        }
    }
}

impl Invariant for FreshTokenDial {
    fn name(&self) -> &'static str {
        "fresh-token-dial"
    }
    fn statement(&self) -> &'static str {
        "Each connection begins with a credential that was fetched after the one before it had \
         ended and that is not expired."
    }
    fn interest(&self) -> Interest {
        match self.access {
            Access::Open => Interest::NONE,
            Access::SignedIn => Interest::CREDENTIAL
                .and(Interest::NODE)
                .and(Interest::DIALLED)
                .and(Interest::CLOSED)
                .and(Interest::SENT_OTHER),
        }
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        if self.requests.are_meant(seen.what) {
            return;
        }
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::Credential(Standing::Issued { credential, expires }) => {
                self.issued.insert(credential, Issued { user: node, at, expires, revoked: None });
            }
            Observation::Dialled { conn, channel: Channel::Socket, caller, .. } => {
                let ended = self.ended.get(&node).copied().unwrap_or(Time::ZERO);
                self.dialled.insert(node, (conn, at, ended));
                if caller.credential != 0 {
                    self.shown(node, conn, caller.credential, ruling);
                }
            }
            Observation::Sent { conn, side: Side::Dialler, live: true, meaning }
                if meaning.kind == Kind::Credential =>
            {
                self.shown(node, conn, meaning.stamp, ruling);
            }
            Observation::Closed { side: Side::Dialler, .. } => {
                self.ended.insert(node, at);
            }
            Observation::Node(Life::Crashed) => {
                self.dialled.remove(&node);
                self.ended.insert(node, at);
            }
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.dialled.retain(|_, (conn, ..)| *conn >= horizon.conn);
    }
}

impl FreshTokenDial {
    /// A client shows a credential; on each connection the first counts.
    fn shown(&mut self, node: NodeId, conn: ConnId, credential: u64, ruling: &mut Ruling) {
        if self.dialled.get(&node).is_none_or(|(of, ..)| *of != conn) {
            return;
        }
        let Some((_, dialled, ended)) = self.dialled.remove(&node) else { return };
        let Some(issued) = self.issued.get(&credential).filter(|issued| issued.user == node) else {
            return;
        };
        if issued.at < ended {
            let age = ended.since(issued.at);
            let message =
                format!("showed on {conn} what it was given {age} before the last one ended");
            ruling.violated(node, message);
        } else if issued.expires <= true_wall(dialled) {
            ruling.violated(node, format!("showed on {conn} what had expired when it dialled"));
        }
    }
}
