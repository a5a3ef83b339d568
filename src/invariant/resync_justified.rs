//! What has come is not asked for again.

use std::collections::BTreeSet;

use super::presence::Presence;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Meaning, Observation, Position, Request, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;

/// After its first question on a connection a client asks again what it missed only if an event
/// between its cursor and the highest position that it was told has not been delivered on that
/// connection, a refresh was asked for, a frame came that it could not read, or more events came
/// ahead of their turn than the objectives let it keep. What it does before it has time to take in
/// what came is excused, and so is who asks for everything. What a flood sends is no question.
#[derive(Debug)]
pub struct ResyncJustified {
    most: usize,
    presence: Presence,
    pages: Table<NodeId, Page>,
}

#[derive(Debug, Default)]
struct Page {
    conn: Option<ConnId>,
    asked: bool,
    /// A reason that cannot be counted.
    excused: bool,
    told: Option<Position>,
    /// Everything up to here has been delivered, alone or in a delta or snapshot.
    covered: Option<Position>,
    /// Events beyond that.
    ahead: BTreeSet<Position>,
    /// How many came ahead of their turn on connections before, and may be kept still.
    kept: usize,
    ahead_max: usize,
    /// What is sent next is not its own.
    repeated: bool,
}

impl ResyncJustified {
    /// Judges by `queue_max`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            most: objectives.queue_max as usize,
            presence: Presence::default(),
            pages: Table::new(),
        }
    }

    /// The client's page, as far as it is about this connection.
    fn on(&mut self, node: NodeId, conn: ConnId) -> &mut Page {
        let page = self.pages.of(node);
        if page.conn != Some(conn) {
            let kept = page.ahead.len() + page.kept;
            *page = Page { conn: Some(conn), kept, ..Page::default() };
        }
        page
    }
}

impl Page {
    fn delivered(&mut self, meaning: &Meaning) {
        self.excused |= meaning.schema == 0;
        let Some(position) = meaning.position else { return };
        self.told = self.told.max(Some(position));
        match meaning.kind {
            Kind::Snapshot | Kind::Delta => {
                self.covered = self.covered.max(Some(position));
                self.ahead = self.ahead.split_off(&position.next());
            }
            Kind::Event if Some(position) > self.covered => {
                self.ahead.insert(position);
            }
            _ => return,
        }
        while let Some(next) = self.covered.map(Position::next).filter(|n| self.ahead.remove(n)) {
            self.covered = Some(next);
        }
        self.ahead_max = self.ahead_max.max(self.ahead.len() + self.kept);
        if matches!(meaning.kind, Kind::Snapshot | Kind::Delta) {
            self.kept = 0;
        }
    }

    /// Whether something is missing between a cursor and what was told.
    fn lacks(&self, cursor: Option<Position>) -> bool {
        let Some(told) = self.told else { return true };
        let Some(low) = cursor.max(self.covered) else { return true };
        if low.epoch != told.epoch {
            return low < told;
        }
        let there = self.ahead.range(low.next()..=told.max(low.next())).count() as u64;
        told.seq.saturating_sub(low.seq) > there
    }
}

impl Invariant for ResyncJustified {
    fn name(&self) -> &'static str {
        "resync-justified"
    }
    fn statement(&self) -> &'static str {
        "After the first question on a connection a client asks for what it missed only if \
         something is missing, a refresh was asked for, a frame was unreadable, or too much waited."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::SENT_OTHER)
            .and(Interest::DELIVERED_EVENT)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::REPEATED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match seen.what {
            Observation::Delivered { conn, side: Side::Dialler, meaning } => {
                self.on(node, *conn).delivered(meaning);
            }
            Observation::Sent { conn, side: Side::Dialler, meaning, .. } => {
                let asks =
                    matches!(meaning.kind, Kind::Hello | Kind::Subscribe | Kind::SyncRequest);
                let repeated = std::mem::take(&mut self.pages.of(node).repeated);
                if !asks || repeated {
                    return;
                }
                let (most, free) = (self.most, self.presence.is_free(node, seen.at));
                let page = self.on(node, *conn);
                let again = std::mem::replace(&mut page.asked, true);
                // Who asks for everything does not say that something is missing.
                let excused = page.excused || page.ahead_max >= most || meaning.cursor.is_none();
                if again && free && !excused && !page.lacks(meaning.cursor) {
                    let told = page.told.map_or("nothing".to_owned(), |told| told.to_string());
                    let message = format!("asks again on {conn}; all has come up to {told}");
                    ruling.violated(node, message);
                }
            }
            Observation::Repeated { .. } => self.pages.of(node).repeated = true,
            Observation::Given { request: Request::Refresh | Request::Open, .. } => {
                self.pages.of(node).excused = true;
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.pages.remove(&node);
            }
            _ => self.presence.observe(seen),
        }
    }
}
