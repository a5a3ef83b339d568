//! What came over a connection that has a successor is not news.

use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Channel, Interest, Meaning, Observation, Position, Reading, Side};
use crate::id::{ConnId, NodeId, Topic};

/// What a client shows, and the position that it states, goes no further than what was delivered
/// to it over the newest connection that it has seen opened, by its tabs, or over a channel that is
/// no socket, and than what it showed before that one was opened. What had come before and was
/// not yet taken in comes again.
#[derive(Debug, Default)]
pub struct CurrentGenerationOnly {
    pages: Table<NodeId, Page>,
    /// Channels that are no sockets: none of them takes the place of another.
    channels: Set<ConnId>,
}

#[derive(Debug, Default)]
struct Page {
    newest: Option<ConnId>,
    topics: Table<Topic, Told>,
}

/// How far a page was told about a topic.
#[derive(Debug, Default)]
struct Told {
    shown: Option<Position>,
    /// Over the newest connection.
    newly: Option<Position>,
    /// Over an older one.
    before: Option<Position>,
    /// Over no socket.
    apart: Option<Position>,
}

impl Page {
    fn opened(&mut self, conn: ConnId) {
        if Some(conn) > self.newest {
            self.newest = Some(conn);
            for told in self.topics.values_mut() {
                told.before = told.before.max(told.newly.take());
            }
        }
    }
}

impl CurrentGenerationOnly {
    fn told(&mut self, node: NodeId, conn: Option<ConnId>, meaning: &Meaning) {
        let (Some(topic), position) = (meaning.topic, meaning.position.max(meaning.cursor)) else {
            return;
        };
        let page = self.pages.of(node);
        let is_old = conn < page.newest;
        let told = page.topics.of(topic);
        let how_far = match conn {
            None => &mut told.apart,
            Some(_) if is_old => &mut told.before,
            Some(_) => &mut told.newly,
        };
        *how_far = position.max(*how_far);
    }

    /// What a page shows, or states, rests on a position.
    fn rests(&mut self, node: NodeId, on: (Topic, Position), does: &str, ruling: &mut Ruling) {
        let (topic, position) = (on.0, Some(on.1));
        let told = self.pages.of(node).topics.of(topic);
        if position <= told.before && position > told.newly.max(told.apart).max(told.shown) {
            let message = format!("{does} {}, which only an older connection has told it", on.1);
            ruling.violated(node, message);
        }
        told.shown = told.shown.max(position);
    }
}

impl Invariant for CurrentGenerationOnly {
    fn name(&self) -> &'static str {
        "current-generation-only"
    }
    fn statement(&self) -> &'static str {
        "What a client shows, and the cursor that it states, never newly rests on a frame that \
         was delivered only over a socket older than the newest one it has seen opened."
    }
    fn interest(&self) -> Interest {
        Interest::OPENED
            .and(Interest::DIALLED)
            .and(Interest::NODE)
            .and(Interest::SENT_OTHER)
            .and(Interest::DELIVERED_EVENT)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::CAST)
            .and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, meaning } => {
                let socket = Some(*conn).filter(|conn| !self.channels.contains_key(conn));
                self.told(node, socket, meaning);
            }
            Observation::CastDelivered { meaning, .. } => self.told(node, None, meaning),
            Observation::Dialled { conn, channel: Channel::Request, .. } => {
                self.channels.insert(*conn, ());
            }
            Observation::Opened { conn, side: Side::Dialler }
                if !self.channels.contains_key(conn) =>
            {
                self.pages.of(node).opened(*conn);
            }
            Observation::ShownContent(Reading { part: 0, topic, position, .. }) => {
                self.rests(node, (*topic, *position), "shows", ruling);
            }
            Observation::Sent { side: Side::Dialler, meaning, .. } => {
                if let (Some(topic), Some(cursor)) = (meaning.topic, meaning.cursor) {
                    self.rests(node, (topic, cursor), "states", ruling);
                }
            }
            Observation::Node(life) if life.starts_or_ends() => drop(self.pages.remove(&node)),
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.channels.retain(|conn, ()| *conn >= horizon.conn);
    }
}
