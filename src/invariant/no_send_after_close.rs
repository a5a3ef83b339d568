//! What has ended is not sent on.

use std::collections::BTreeMap;

use super::presence::Presence;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Life, Observation};
use crate::id::{ConnId, NodeId};

/// A node that has ended a connection, or was told of its end, sends nothing more on it. What
/// a node sends while news of the end still waits for it is excused.
#[derive(Debug, Default)]
pub struct NoSendAfterClose {
    presence: Presence,
    /// Connections that are over for a node, and whether it knew so at once.
    ended: BTreeMap<(NodeId, ConnId), bool>,
}

impl Invariant for NoSendAfterClose {
    fn name(&self) -> &'static str {
        "no-send-after-close"
    }
    fn statement(&self) -> &'static str {
        "A node that has been told of the end of a connection, or has ended it, sends nothing \
         more on it."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::CLOSED).and(Interest::SENT_OTHER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::Sent { live: true, .. } => {}
            Observation::Sent { conn, live: false, meaning, .. } => {
                let Some(known) = self.ended.get(&(node, conn)) else { return };
                if *known || self.presence.is_free(node, at) {
                    let message = format!("sent {:?} on {conn}, which has ended", meaning.kind);
                    ruling.violated(node, message);
                }
            }
            Observation::Closed { conn, by, .. } => {
                let known = by == Initiator::Local || self.presence.is_free(node, at);
                self.ended.insert((node, conn), known);
            }
            _ => {
                self.presence.observe(seen);
                if *seen.what == Observation::Node(Life::Crashed) {
                    self.ended.retain(|(owner, _), _| *owner != node);
                }
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.ended.retain(|(_, conn), _| *conn >= horizon.conn);
    }
}
