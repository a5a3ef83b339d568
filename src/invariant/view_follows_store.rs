//! What a client has taken in, its person sees.

use super::presence::Presence;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Position, Reading, Request, Side};
use crate::id::{NodeId, Topic};
use crate::time::{Span, Time};

/// How long drawing may take.
const BOUND: Span = Span::millis(250);

/// A quarter of a second of running time after an event was delivered that continues what a client
/// shows, it shows content that goes as far. What is on its way when the connection ends, or the
/// page goes, is excused.
#[derive(Debug, Default)]
pub struct ViewFollowsStore {
    presence: Presence,
    pages: Table<NodeId, Page>,
}

#[derive(Debug, Default)]
struct Page {
    shown: Option<Position>,
    topic: Option<Topic>,
    /// How far the events go that were delivered without a hole.
    has: Option<Position>,
    /// The first of them that is not shown, and since when.
    due: Option<(Position, Time)>,
}

impl ViewFollowsStore {
    /// Whether what is due at a page is late.
    fn look(&self, node: NodeId, at: Time, ruling: &mut Ruling) {
        let Some((position, since)) = self.pages.get(&node).and_then(|page| page.due) else {
            return;
        };
        let busy = self.presence.occupied_until(node).unwrap_or_default();
        let since = since.max(busy).max(self.presence.awake_at(node));
        if self.presence.is_free(node, at) && at > since + BOUND {
            let waited = at.since(since);
            ruling.violated(node, format!("does not show {position} {waited} after it came"));
        }
    }
}

impl Invariant for ViewFollowsStore {
    fn name(&self) -> &'static str {
        "view-follows-store"
    }
    fn statement(&self) -> &'static str {
        "250 ms of running time after an event that continues its cursor was delivered, the \
         client shows content that covers it."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::CLOSED)
            .and(Interest::DELIVERED_EVENT)
            .and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::Delivered { side: Side::Dialler, meaning, .. }
                if meaning.kind == Kind::Event =>
            {
                self.look(node, at, ruling);
                let page = self.pages.of(node);
                if meaning.topic.is_some() && meaning.topic != page.topic {
                    return;
                }
                let next = page.has.or(page.shown).map(Position::next);
                if let Some(position) = meaning.position.filter(|_| meaning.position == next) {
                    page.has = Some(position);
                    page.due.get_or_insert((position, at));
                }
            }
            Observation::ShownContent(Reading { part: 0, topic, position, .. }) => {
                self.look(node, at, ruling);
                let page = self.pages.of(node);
                (page.shown, page.topic) = (Some(*position), Some(*topic));
                page.has = page.has.filter(|has| has > position);
                page.due = page.due.filter(|(due, _)| due > position);
            }
            Observation::Closed { side: Side::Dialler, .. }
            | Observation::Given {
                request: Request::Unmount | Request::Open | Request::Disconnect,
                ..
            } => {
                self.look(node, at, ruling);
                let page = self.pages.of(node);
                (page.has, page.due) = (None, None);
                if matches!(seen.what, Observation::Given { request: Request::Open, .. }) {
                    (page.shown, page.topic) = (None, None);
                }
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.pages.remove(&node);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn finish(&mut self, at: Time, ruling: &mut Ruling) {
        let nodes: Vec<NodeId> = self.pages.keys().copied().collect();
        for node in nodes {
            self.look(node, at, ruling);
        }
    }
}
