//! The tabs of one device show the same.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use super::ledger::apply;
use super::table::Table;
use super::tabs::Tabs;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Connection, Interest, Observation, OpState, Path, Position, Reading, Request, Side, Value,
};
use crate::id::{Field, NodeId, OpId, Topic};
use crate::objectives::{Objectives, TabPolicy};
use crate::time::Time;

/// The code for one connection too many.
const TOO_MANY: u16 = 4003;

/// Where the objectives want tabs in step: at quiescence all mounted tabs of one client that have
/// one topic open show what the one with the most of it shows, apart from the fields of operations
/// that still wait, and one whose last connection was one too many shows that. A tab that nobody
/// wants connected, that has to sign in, or that the others cannot reach is excused.
#[derive(Debug, Default)]
pub struct TabConvergence {
    wanted: bool,
    tabs: Tabs,
    pages: Table<NodeId, Page>,
    /// The operations that wait, whose they are, and what they write; an undo does not say.
    waiting: Table<OpId, (NodeId, SmallVec<[Field; 2]>)>,
    /// Paths that are not as usual.
    impaired: BTreeSet<(NodeId, NodeId)>,
}

#[derive(Debug, Default)]
struct Page {
    connection: Connection,
    /// Whether the last connection was ended since it was one too many.
    turned_away: bool,
    at: Option<(Topic, Position)>,
    content: Table<Field, Value>,
    /// Whether `content` is all that is shown.
    is_known: bool,
}

impl Page {
    fn show(&mut self, reading: &Reading, keeps: bool) {
        let same = self.at.is_some_and(|(topic, _)| topic == reading.topic);
        self.at = Some((reading.topic, reading.position));
        self.is_known = keeps && (reading.whole || same && self.is_known);
        if reading.whole || !self.is_known {
            self.content.clear();
        }
        if self.is_known {
            apply(&mut self.content, &reading.changes);
        }
    }

    /// Whether nobody expects the page to follow.
    fn is_excused(&self) -> bool {
        let stays_away = [Connection::Closed, Connection::SignIn].contains(&self.connection);
        stays_away && !self.turned_away
    }
}

impl TabConvergence {
    /// Judges by `tabs`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { wanted: objectives.tabs == TabPolicy::Sync, ..Self::default() }
    }

    fn position(&self, node: NodeId, topic: Topic) -> Option<Position> {
        let (of, position) = self.pages.get(&node)?.at?;
        Some(position).filter(|_| of == topic)
    }

    /// What is wrong with a tab, given one that shows the most.
    fn differs(&self, node: NodeId, best: NodeId, topic: Topic) -> Option<String> {
        let (page, other) = (self.pages.get(&node)?, self.pages.get(&best)?);
        let (at, most) = (self.position(node, topic), self.position(best, topic)?);
        if at != Some(most) {
            let at = at.map_or("nothing".to_owned(), |at| at.to_string());
            return Some(format!("shows {at} of {topic}, and {best} of the same client {most}"));
        }
        if !page.is_known || !other.is_known {
            return None;
        }
        let waits = |field: &Field| {
            let of_tabs = |(of, _): &&(NodeId, _)| *of == node || *of == best;
            let mut waiting = self.waiting.values().filter(of_tabs);
            waiting.any(|(_, fields)| fields.is_empty() || fields.contains(field))
        };
        let mut fields = page.content.keys().chain(other.content.keys());
        let differs = |field: &&Field| page.content.get(field) != other.content.get(field);
        let field = fields.find(|field| differs(field) && !waits(field))?;
        Some(format!("shows other content in {field} of {topic} than {best} of the same client"))
    }
}

impl Invariant for TabConvergence {
    fn name(&self) -> &'static str {
        "tab-convergence"
    }
    fn statement(&self) -> &'static str {
        "Where the objectives want it, at quiescence all mounted tabs of a client on one document \
         show the view of the one with the highest cursor, and a tab refused for the limit says so."
    }
    fn interest(&self) -> Interest {
        if !self.wanted {
            return Interest::NONE;
        }
        Tabs::INTEREST
            .and(Interest::GIVEN_WORK)
            .and(Interest::OP)
            .and(Interest::CLOSED)
            .and(Interest::LINK)
            .and(Interest::STATUS)
            .and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, _ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::ShownContent(reading) => {
                let keeps = self.tabs.several();
                self.pages.of(node).show(reading, keeps);
                return;
            }
            Observation::ShownOp { op, state } => {
                if *state == OpState::Saved || state.is_told_off() {
                    self.waiting.remove(op);
                }
                return;
            }
            Observation::ShownStatus(status) => {
                self.pages.of(node).connection = status.connection;
                return;
            }
            Observation::Closed { side: Side::Dialler, code, .. } => {
                self.pages.of(node).turned_away = *code == TOO_MANY;
                return;
            }
            Observation::Closed { .. } => return,
            Observation::Link { to, path } => {
                if *path == Path::Up {
                    self.impaired.remove(&(node, *to));
                } else {
                    self.impaired.insert((node, *to));
                }
                return;
            }
            Observation::Dialled { .. } => self.pages.of(node).turned_away = false,
            // Where no client has several tabs, as is usual, nothing is kept of what they do.
            Observation::Given { op, changes, request }
                if self.tabs.several()
                    && (!changes.is_empty()
                        || matches!(request, Request::Undo | Request::Redo)) =>
            {
                let fields = changes.iter().map(|change| change.field).collect();
                self.waiting.insert(*op, (node, fields));
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.pages.remove(&node);
                self.waiting.retain(|_, (author, _)| *author != node);
            }
            _ => {}
        }
        self.tabs.observe(seen);
    }
    fn finish(&mut self, _at: Time, ruling: &mut Ruling) {
        if !self.tabs.several() {
            return;
        }
        let open: Vec<_> = self.tabs.open().collect();
        for (node, of @ (_, topic)) in &open {
            let group = || open.iter().filter(|(_, other)| other == of).map(|(other, _)| *other);
            let Some(best) = group().max_by_key(|other| self.position(*other, *topic)) else {
                continue;
            };
            let Some(page) = self.pages.get(node).filter(|_| group().count() > 1) else { continue };
            if page.turned_away && page.connection != Connection::Limit {
                let shown = page.connection;
                let message = format!("was one too many and shows `{shown:?}`");
                ruling.violated(*node, message);
            }
            let cut = self.impaired.contains(&(best, *node));
            let cut = cut || self.impaired.contains(&(*node, best));
            if let Some(what) = self.differs(*node, best, *topic)
                && !page.is_excused()
                && !cut
            {
                ruling.violated(*node, what);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.waiting.retain(|op, _| *op >= horizon.op);
    }
}
