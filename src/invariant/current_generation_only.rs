//! What came over a connection that has a successor is not news.

use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Channel, Interest, Meaning, Observation, Position, Reading, Side};
use crate::id::{ConnId, NodeId};

/// What a client shows, and the position that it states, goes no further than what was delivered
/// to it over the newest connection that it has seen opened, by its tabs, or before that one was
/// opened.
#[derive(Debug, Default)]
pub struct CurrentGenerationOnly {
    pages: Table<NodeId, Page>,
    /// Channels that are no sockets: none of them takes the place of another.
    channels: Set<ConnId>,
}

#[derive(Debug, Default)]
struct Page {
    newest: Option<ConnId>,
    /// How far it may be.
    told: Option<Position>,
    /// How far somebody told it over an older connection.
    elsewhere: Option<Position>,
}

impl CurrentGenerationOnly {
    fn told(&mut self, node: NodeId, conn: Option<ConnId>, meaning: &Meaning) {
        let page = self.pages.of(node);
        let told = meaning.position.max(meaning.cursor);
        if conn.is_some() && conn < page.newest {
            page.elsewhere = page.elsewhere.max(told);
        } else {
            page.told = page.told.max(told);
        }
    }

    fn rests(&mut self, node: NodeId, on: Position, does: &str, ruling: &mut Ruling) {
        let Some(page) = self.pages.get(&node) else { return };
        if Some(on) > page.told && Some(on) <= page.elsewhere {
            let message = format!("{does} {on}, which only an older connection has told it");
            ruling.violated(node, message);
        }
    }
}

impl Invariant for CurrentGenerationOnly {
    fn name(&self) -> &'static str {
        "current-generation-only"
    }
    fn statement(&self) -> &'static str {
        "What a client shows, and the cursor that it states, never rests on a frame that was \
         delivered only over a socket older than the newest one it has seen opened."
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
                let page = self.pages.of(node);
                page.newest = page.newest.max(Some(*conn));
            }
            Observation::ShownContent(Reading { part: 0, position, .. }) => {
                self.rests(node, *position, "shows", ruling);
            }
            Observation::Sent { side: Side::Dialler, meaning, .. } => {
                if let Some(cursor) = meaning.cursor {
                    self.rests(node, cursor, "states", ruling);
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
