//! A person reads what she wrote.

use std::collections::BTreeMap;

use super::page::{HasWishes, Pages, Stage, Wish, Wishes};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Change, Interest, Observation, Reading, Request, Value};
use crate::id::{Field, NodeId};

/// Content that is shown has the effects of all operations of its person that were taken and wait,
/// in their order, and of none that was rejected. What an undo has brought back meanwhile is the
/// effect of the undo.
pub struct OptimisticPreserved {
    name: fn(Field) -> String,
    pages: Pages<Page>,
}

#[derive(Default)]
struct Page {
    content: Table<Field, Value>,
    wishes: Wishes,
}

impl HasWishes for Page {
    fn wishes(&mut self) -> &mut Wishes {
        &mut self.wishes
    }
}

impl OptimisticPreserved {
    /// Calls fields by what `name` makes of them.
    pub const fn new(name: fn(Field) -> String) -> Self {
        Self { name, pages: Pages::new() }
    }

    fn shown(&mut self, node: NodeId, reading: &Reading, ruling: &mut Ruling) {
        let page = self.pages.of(node);
        if reading.whole {
            page.content.clear();
        }
        super::ledger::apply(&mut page.content, &reading.changes);
        if page.wishes.is_unsure() {
            return;
        }
        if let Some(Change { field, value }) = page.lingering() {
            let name = (self.name)(field);
            ruling.violated(node, format!("shows {value:?} for {name}, which was rejected"));
        }
        if let Some(change) = page.missing() {
            let name = (self.name)(change.field);
            let shown = page.content.get(&change.field);
            let message = match (change.value, shown) {
                (Some(value), shown) => {
                    format!("shows {shown:?} for {name}, and not {value:?}, which waits")
                }
                (None, shown) => format!("shows {shown:?} for {name}, which was taken away"),
            };
            ruling.violated(node, message);
        }
        page.wishes.0.retain(|_, wish| {
            wish.due |= wish.stage == Stage::Taken;
            !(wish.is_held(reading.topic, reading.position) || wish.stage == Stage::ToldOff)
        });
    }
}

impl Page {
    /// What an operation wrote that will not be done and that was told so.
    fn lingering(&self) -> Option<Change> {
        let off = |wish: &&Wish| wish.stage == Stage::ToldOff && !wish.is_committed();
        let shown = |change: &&Change| {
            change.value.is_some()
                && self.content.get(&change.field) == change.value.as_ref()
                && !self.wishes.touches(change.field)
        };
        self.wishes.0.values().filter(off).find_map(|wish| {
            let mut written = wish.changes.iter().flatten();
            written.find(|own| shown(own) && !wish.restored.contains(&own.field)).copied()
        })
    }

    /// What should lie on top of a field and does not: the newest operation that waits decides.
    fn missing(&self) -> Option<Change> {
        let waits = |stage| matches!(stage, Stage::Taken | Stage::Saved);
        let certain = |wish: &Wish| wish.due && wish.stage == Stage::Taken && !wish.is_committed();
        if !self.wishes.0.values().any(certain) {
            return None;
        }
        let wishes = self.wishes.0.values().filter(|wish| waits(wish.stage));
        let mut newest: BTreeMap<Field, (Option<Value>, bool)> = BTreeMap::new();
        for wish in wishes {
            for change in wish.changes.iter().flatten() {
                newest.insert(change.field, (change.value, certain(wish)));
            }
        }
        let missing = newest.into_iter().find(|(field, (value, certain))| {
            *certain && self.content.get(field) != value.as_ref()
        });
        missing.map(|(field, (value, _))| Change { field, value })
    }
}

impl Invariant for OptimisticPreserved {
    fn name(&self) -> &'static str {
        "optimistic-preserved"
    }
    fn statement(&self) -> &'static str {
        "Every content shown has the effects of all pending operations on top, in order, and of \
         none that was rejected."
    }
    fn interest(&self) -> Interest {
        Wishes::INTEREST.and(Interest::GIVEN_OTHER).and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        self.pages.observe(seen);
        match seen.what {
            Observation::ShownContent(reading) if reading.part == 0 => {
                self.shown(seen.node, reading, ruling);
            }
            // What waits for the topic that was left is not shown in the new one.
            Observation::Given { request: Request::Open, .. } => self.pages.remove(seen.node),
            _ => {}
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.pages.forget(horizon);
    }
}
