//! What may be lost does not stand for ever.

use super::presence::{Dues, Presence};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Reading, Side};
use crate::id::{Field, NodeId};
use crate::objectives::Objectives;
use crate::time::{Mono, Span, Time};

/// What a client shows beside its content is what it was last told in passing, and is gone some
/// time after that. Judged where a message says in its stamp what is to be shown.
#[derive(Debug)]
pub struct EphemeralTruthful {
    expiry: Span,
    presence: Presence,
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Page {
    /// What was last told, and when, on the node's own clock.
    told: Option<(u64, Mono)>,
    shown: Table<Field, u64>,
}

impl EphemeralTruthful {
    /// Judges by `ephemeral_expiry`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            expiry: objectives.ephemeral_expiry + Span::secs(1),
            presence: Presence::default(),
            pages: Table::new(),
            dues: Dues::default(),
        }
    }

    fn shown(&mut self, seen: &Seen<'_>, reading: &Reading, ruling: &mut Ruling) {
        let page = self.pages.of(seen.node);
        let Some((told, _)) = page.told else { return };
        for change in &reading.changes {
            let Some(value) = change.value.map(|value| value.0.get()) else {
                page.shown.remove(&change.field);
                continue;
            };
            page.shown.insert(change.field, value);
            if value != told && self.presence.is_free(seen.node, seen.at) {
                let message = format!("shows {value} beside its content; it was told {told}");
                ruling.violated(seen.node, message);
            }
        }
    }

    /// When what is shown should be gone, on the node's own clock.
    fn limit(&self, node: NodeId) -> Option<Mono> {
        let page = self.pages.get(&node)?;
        let (_, at) = page.told.filter(|_| page.shown.keys().next().is_some())?;
        Some(at.max(self.presence.awake(node)) + self.expiry)
    }
}

impl Invariant for EphemeralTruthful {
    fn name(&self) -> &'static str {
        "ephemeral-truthful"
    }
    fn statement(&self) -> &'static str {
        "What is shown beside the content is what was last told in passing, and is gone soon after \
         nothing more was told."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::DELIVERED_EPHEMERAL).and(Interest::CONTENT_PART)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { side: Side::Dialler, meaning, .. }
                if meaning.kind == Kind::Ephemeral && meaning.stamp != 0 =>
            {
                let page = self.pages.of(seen.node);
                let first = page.told.is_none();
                page.told = Some((meaning.stamp, seen.now.mono));
                if first {
                    let at = self.presence.past(seen.node, seen.now.mono + self.expiry);
                    self.dues.add(at, seen.node, ruling);
                }
            }
            Observation::ShownContent(reading) if reading.part != 1 => {}
            Observation::ShownContent(reading) => self.shown(seen, reading, ruling),
            Observation::Node(life) if life.starts_or_ends() => {
                self.pages.remove(&seen.node);
                self.presence.observe(seen);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some(page) = self.pages.get(&node).filter(|page| page.told.is_some()) else {
                continue;
            };
            let shows = page.shown.keys().next().is_some();
            let limit = self.limit(node);
            let over = limit.is_some_and(|limit| self.presence.mono(node, at) > limit);
            if over && self.presence.is_free(node, at) {
                ruling.violated(node, "shows beside its content what was told long ago");
            } else if let Some(limit) = limit.filter(|_| !over) {
                self.dues.add(self.presence.past(node, limit), node, ruling);
            } else if shows {
                self.dues.add(at + Span::secs(1), node, ruling);
            } else if let Some(page) = self.pages.get_mut(&node) {
                // The next word begins a new wait.
                page.told = None;
            }
        }
    }
}
