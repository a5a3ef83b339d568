//! Who shows that content follows the server has asked it to, and is sent nothing else.

use super::sockets::Sockets;
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Kind, Life, Observation, Request, Side};
use crate::id::{ConnId, NodeId, Topic};
use crate::time::{Span, Time};

/// How long what is no longer asked for may still be sent.
const GRACE: Span = Span::secs(5);

/// A client that shows `live` has named a topic to the server, in a hello or a subscription, on its
/// newest connection. Judged for clients that have ever done so. And once a client that went from
/// one topic to another has been heard to name the new one, events of others soon end.
#[derive(Debug, Default)]
pub struct SubscriptionExact {
    sockets: Sockets,
    /// What was named last, and on which connection.
    named: Table<NodeId, (ConnId, Topic)>,
    /// Who went to another topic.
    moved: Set<NodeId>,
    /// The topic that was gone to on a connection, and when its server was told.
    open: Table<ConnId, (Topic, Option<Time>)>,
}

impl SubscriptionExact {
    fn names(&mut self, node: NodeId, conn: ConnId, topic: Topic) {
        self.named.insert(node, (conn, topic));
        if self.moved.contains_key(&node) {
            self.open.insert(conn, (topic, None));
        }
    }

    /// What a server sends on a connection on which another topic is open.
    fn strays(&self, at: Time, conn: ConnId, topic: Topic) -> Option<Topic> {
        let (open, told) = self.open.get(&conn)?;
        let over = at.since((*told)?) > GRACE;
        (over && topic != *open).then_some(*open)
    }
}

impl Invariant for SubscriptionExact {
    fn name(&self) -> &'static str {
        "subscription-exact"
    }
    fn statement(&self) -> &'static str {
        "A client that shows `live` has named its open document on its current connection, and 5 s \
         after a switch was delivered no event of another document is sent there."
    }
    fn interest(&self) -> Interest {
        Sockets::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::SENT_EVENT)
            .and(Interest::SENT_OTHER)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Sent { conn, side: Side::Acceptor, meaning, .. } => {
                let topic = meaning.topic.filter(|_| meaning.kind == Kind::Event);
                let Some(topic) = topic.filter(|_| self.open.last().is_some()) else { return };
                if let Some(open) = self.strays(seen.at, *conn, topic) {
                    ruling.violated(node, format!("sends {topic} on {conn}, which is on {open}"));
                }
            }
            Observation::Sent { conn, meaning, .. } => {
                let names = matches!(meaning.kind, Kind::Hello | Kind::Subscribe);
                if let Some(topic) = meaning.topic.filter(|_| names) {
                    self.names(node, *conn, topic);
                }
            }
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                let names = matches!(meaning.kind, Kind::Hello | Kind::Subscribe);
                if let Some((topic, told)) = self.open.get_mut(conn).filter(|_| names)
                    && meaning.topic == Some(*topic)
                {
                    *told = Some(seen.at);
                }
            }
            Observation::Delivered { .. } => {}
            Observation::Given { request, .. } => {
                if *request == Request::Open {
                    self.moved.insert(node, ());
                }
            }
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
            what => {
                if let Observation::Closed { conn, .. } = what {
                    self.open.remove(conn);
                }
                self.sockets.observe(seen);
                if *what == Observation::Node(Life::Crashed) {
                    self.named.remove(&node);
                    self.moved.remove(&node);
                }
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.open.retain(|conn, _| *conn >= horizon.conn);
    }
}
