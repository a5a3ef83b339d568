//! The retry button leads out of having given up.

use super::presence::{Dues, Presence, TICK};
use super::sockets::Sockets;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Initiator, Interest, Life, Observation, Request, Side};
use crate::id::NodeId;
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// An attempt begins this soon.
const SOON: Span = Span::secs(1);

/// A retry command at a client that shows `failed` is followed within a second by an attempt, or
/// finds one under way, and the client does not show `failed` again before as many attempts have
/// failed as the objectives allow. A client without time or without a network is excused, and so
/// is one that a close sends away.
#[derive(Debug)]
pub struct ManualRetryWorks {
    most: u32,
    presence: Presence,
    sockets: Sockets,
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Page {
    shown: Connection,
    offline: bool,
    /// When the person asked for an attempt that has not begun.
    asked: Option<Time>,
    /// How many attempts have begun since, if that is what the client lives by.
    attempts: Option<u32>,
}

impl ManualRetryWorks {
    /// Judges by `attempts_max`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            most: objectives.attempts_max,
            presence: Presence::default(),
            sockets: Sockets::default(),
            pages: Table::new(),
            dues: Dues::default(),
        }
    }

    fn asked(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let hears = self.presence.is_free(seen.node, seen.at);
        let idle = self.sockets.of(seen.node).is_empty();
        let page = self.pages.of(seen.node);
        if page.shown == Connection::Failed && hears && idle && !page.offline {
            (page.asked, page.attempts) = (Some(seen.at), Some(0));
            self.dues.add(seen.at + SOON + TICK, seen.node, ruling);
        }
    }

    fn shown(&mut self, node: NodeId, connection: Connection, ruling: &mut Ruling) {
        let page = self.pages.of(node);
        let was = std::mem::replace(&mut page.shown, connection);
        if connection == Connection::Live {
            page.attempts = None;
        }
        if connection == Connection::Failed && was != Connection::Failed {
            let begun = page.attempts.take();
            if let Some(begun) = begun.filter(|begun| (1..self.most).contains(begun)) {
                let message = format!("shows `failed` again after {begun} attempts");
                ruling.violated(node, message);
            }
        }
    }
}

impl Invariant for ManualRetryWorks {
    fn name(&self) -> &'static str {
        "manual-retry-works"
    }
    fn statement(&self) -> &'static str {
        "A retry command at a client that shows `failed` is followed within 1 s by an attempt, \
         and the attempts after it are counted from zero."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Sockets::INTEREST)
            .and(Interest::GIVEN_OTHER)
            .and(Interest::DEVICE)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        match *seen.what {
            Observation::ShownStatus(status) => return self.shown(node, status.connection, ruling),
            Observation::Given { request: Request::Retry, .. } => self.asked(seen, ruling),
            Observation::Given { .. } => {
                (self.pages.of(node).asked, self.pages.of(node).attempts) = (None, None)
            }
            Observation::Device { online } => {
                let page = self.pages.of(node);
                (page.offline, page.asked, page.attempts) = (!online, None, None);
            }
            Observation::Dialled { .. } => {
                let page = self.pages.of(node);
                page.asked = None;
                page.attempts = page.attempts.map(|attempts| attempts + 1);
            }
            Observation::Closed { side: Side::Dialler, by: Initiator::Remote, .. } => {
                self.pages.of(node).attempts = None;
            }
            Observation::Node(Life::Crashed) => drop(self.pages.remove(&node)),
            Observation::Node(_) => self.pages.of(node).asked = None,
            _ => {}
        }
        self.presence.observe(seen);
        self.sockets.observe(seen);
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let asked = self.pages.get(&node).and_then(|page| page.asked);
            if asked.is_some_and(|asked| at.since(asked) > SOON) && self.presence.is_free(node, at)
            {
                let message = "shows `failed` and has not dialled a second after a retry by hand";
                ruling.violated(node, message);
            }
        }
    }
}
