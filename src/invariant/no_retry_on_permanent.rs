//! Who was told not to come back does not come back by itself.

use super::presence::Presence;
use super::sockets::Requests;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Channel, Initiator, Interest, Life, Observation, Refusal, Request, Side, Standing,
};
use crate::id::NodeId;

/// Close codes after which a client waits for a person.
pub(crate) const PERMANENT: [u16; 5] = [1003, 1008, 4001, 4003, 4401];
/// What a handshake is answered with for the same causes.
const FORBIDDEN: [u16; 2] = [401, 403];

/// Once a close with a permanent code, or a handshake that was refused for want of a right, has
/// reached a client, it does not dial until a person acts or signs in anew.
#[derive(Debug, Default)]
pub struct NoRetryOnPermanent {
    presence: Presence,
    /// Those who were told, with what, and whether they heard it at once.
    barred: Table<NodeId, (u16, bool)>,
    requests: Requests,
}

impl Invariant for NoRetryOnPermanent {
    fn name(&self) -> &'static str {
        "no-retry-on-permanent"
    }
    fn statement(&self) -> &'static str {
        "Once a close with a permanent code, or a dial refused for such a cause, has reached a \
         client, it does not dial until a person acts or signs in anew."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::CREDENTIAL)
            .and(Interest::DIALLED)
            .and(Interest::REFUSED)
            .and(Interest::CLOSED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        if self.requests.are_meant(seen.what) {
            return;
        }
        let (at, node) = (seen.at, seen.node);
        let known = self.presence.is_free(node, at);
        match *seen.what {
            Observation::Closed { side: Side::Dialler, code, by: Initiator::Remote, .. }
                if PERMANENT.contains(&code) =>
            {
                self.barred.insert(node, (code, known));
            }
            Observation::Refused { refusal: Refusal::Status(code), .. }
                if FORBIDDEN.contains(&code) =>
            {
                self.barred.insert(node, (code, known));
            }
            Observation::Given { request, .. } if is_invitation(request) => {
                self.barred.remove(&node);
            }
            Observation::Credential(Standing::Issued { .. })
            | Observation::Node(Life::Crashed | Life::Restarted) => {
                self.barred.remove(&node);
                self.presence.observe(seen);
            }
            Observation::Dialled { channel: Channel::Socket, conn, .. } => {
                if let Some((code, _)) = self.barred.get(&node).filter(|(_, heard)| *heard || known)
                {
                    ruling.violated(node, format!("dialled {conn} after it was told {code}"));
                }
            }
            _ => self.presence.observe(seen),
        }
    }
}

/// Whether a person thereby asks for a connection.
pub(crate) const fn is_invitation(request: Request) -> bool {
    matches!(
        request,
        Request::Mount
            | Request::Connect
            | Request::Open
            | Request::Retry
            | Request::Refresh
            | Request::SignIn
    )
}
