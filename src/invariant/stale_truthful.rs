//! Content that is shown as fresh follows the server.

use super::open_topics::OpenTopics;
use super::presence::{Dues, Presence, TICK};
use super::sockets::Sockets;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Observation, Position, Side, Status};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::Time;

/// At the end of every instant in which a client had time to hear its news, a status that is
/// not marked as stale implies an open connection on which the content shown has reached the
/// head that its welcome told. Where a protocol's welcome tells no head, the connection counts.
/// Where the objectives want it, a status that is marked as stale shows that at the head of the
/// page and around the content, tells since when if that is known, and why controls are disabled.
#[derive(Debug, Default)]
pub struct StaleTruthful {
    marked: bool,
    presence: Presence,
    sockets: Sockets,
    topics: OpenTopics,
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Page {
    is_fresh: bool,
    was_synced: bool,
    cursor: Option<Position>,
    /// What the welcome told, and on which connection.
    head: Option<(ConnId, Position)>,
}

impl StaleTruthful {
    /// Judges by `stale_marked`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { marked: objectives.stale_marked, ..Self::default() }
    }

    /// What a status that is marked as stale lacks, where it is to be seen wherever it matters.
    fn lacks(&mut self, node: NodeId, status: &Status) -> Option<&'static str> {
        let page = self.pages.of(node);
        page.was_synced |= status.last_synced.is_some();
        let marks = status.marks;
        [
            (marks.badge, "a badge"),
            (marks.border, "a border"),
            (status.last_synced.is_some() || !page.was_synced, "the time of the last sync"),
            (marks.reason || status.can_edit, "the reason of disabled controls"),
        ]
        .into_iter()
        .find_map(|(there, what)| (!there).then_some(what))
        .filter(|_| self.marked && status.stale)
    }

    fn lie(&self, node: NodeId) -> Option<String> {
        let page = self.pages.get(&node).filter(|page| page.is_fresh)?;
        let Some(socket) = self.sockets.open(node) else {
            return Some("is not shown as stale, without an open connection".to_owned());
        };
        let (_, head) = page.head.filter(|(conn, _)| *conn == socket.conn)?;
        let cursor = page.cursor.filter(|cursor| *cursor < head);
        let at = match (cursor, page.cursor) {
            (Some(cursor), _) => format!("at {cursor}"),
            (None, None) => "and empty".to_owned(),
            (None, Some(_)) => return None,
        };
        Some(format!("is not shown as stale {at}, while the server told of {head}"))
    }
}

impl Invariant for StaleTruthful {
    fn name(&self) -> &'static str {
        "stale-truthful"
    }
    fn statement(&self) -> &'static str {
        "A status that is not stale implies an open connection on which the content shown has \
         reached the head told by its welcome."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Sockets::INTEREST)
            .and(OpenTopics::INTEREST)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::STATUS)
            .and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, meaning }
                if meaning.kind == Kind::Welcome && self.topics.has(node, meaning.topic) =>
            {
                let page = self.pages.of(node);
                let known = page.head.filter(|(known, _)| known == conn);
                page.head = meaning.position.map(|head| (*conn, head)).max(known);
            }
            Observation::Delivered { .. } => return,
            Observation::Sent { .. } | Observation::Given { .. } => {
                if self.topics.observe(seen) {
                    let page = self.pages.of(node);
                    (page.cursor, page.head) = (None, None);
                }
                return;
            }
            Observation::ShownContent(reading) => {
                if reading.part == 0 {
                    self.pages.of(node).cursor = Some(reading.position);
                }
                return;
            }
            Observation::ShownStatus(status) => {
                self.pages.of(node).is_fresh = !status.stale;
                if let Some(what) = self.lacks(node, status) {
                    ruling.violated(node, format!("shows that content is old without {what}"));
                }
            }
            _ => {
                self.presence.observe(seen);
                self.sockets.observe(seen);
                match seen.what {
                    Observation::Node(Life::Crashed) => drop(self.pages.remove(&node)),
                    Observation::Node(Life::Resumed | Life::Relieved)
                    | Observation::Closed { .. } => {}
                    _ => return,
                }
            }
        }
        if self.pages.get(&node).is_some_and(|page| page.is_fresh) {
            self.dues.add(seen.at + TICK, node, ruling);
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            if !self.presence.is_free(node, at) {
                if let Some(until) = self.presence.occupied_until(node).filter(|t| *t >= at) {
                    self.dues.add(until + TICK, node, ruling);
                }
            } else if let Some(lie) = self.lie(node) {
                ruling.violated(node, lie);
            }
        }
    }
}
