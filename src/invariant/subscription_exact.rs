//! Who shows that content follows the server has asked it to.

use super::sockets::Sockets;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Kind, Life, Observation, Side};
use crate::id::{ConnId, NodeId, Topic};

/// A client that shows `live` has named a topic to the server, in a hello or a subscription, on its
/// newest connection. Judged for clients that have ever done so.
#[derive(Debug, Default)]
pub struct SubscriptionExact {
    sockets: Sockets,
    /// What was named last, and on which connection.
    named: Table<NodeId, (ConnId, Topic)>,
}

impl Invariant for SubscriptionExact {
    fn name(&self) -> &'static str {
        "subscription-exact"
    }
    fn statement(&self) -> &'static str {
        "A client that shows `live` has named its open document on its current connection."
    }
    fn interest(&self) -> Interest {
        Sockets::INTEREST.and(Interest::SENT_OTHER).and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Sent { conn, side: Side::Dialler, meaning, .. } => {
                let names = matches!(meaning.kind, Kind::Hello | Kind::Subscribe);
                if let Some(topic) = meaning.topic.filter(|_| names) {
                    self.named.insert(node, (*conn, topic));
                }
            }
            Observation::Sent { .. } => {}
            Observation::ShownStatus(status) if status.connection == Connection::Live => {
                let Some(socket) = self.sockets.open(node) else { return };
                let Some((conn, topic)) = self.named.get(&node) else { return };
                if *conn != socket.conn {
                    let message =
                        format!("shows `live` on {}, where it did not name {topic}", socket.conn);
                    ruling.violated(node, message);
                }
            }
            Observation::ShownStatus(_) => {}
            Observation::Node(Life::Crashed) => {
                self.sockets.observe(seen);
                self.named.remove(&node);
            }
            _ => self.sockets.observe(seen),
        }
    }
}
