//! What is shown as of a position is what was committed up to it.

use super::ledger::apply;
use super::page::{HasWishes, Pages, Stage, Wishes};
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Changes, Interest, Observation, Position, Reading, StoreOutcome, Value};
use crate::id::{Field, NodeId, Ticket, Topic};

/// Whenever a client shows content as of a position, that content, but for the fields of its own
/// operations that are not done with, is the fold of the events up to that position. Judged in
/// the first epoch.
pub struct StateMatchesCursor {
    name: fn(Field) -> String,
    /// The events of a topic and epoch by number, with the ticket of each.
    events: Table<(Topic, u32), Table<u64, (Ticket, Changes)>>,
    /// What the events that were forgotten came to, and the number of the last of them.
    base: Table<(Topic, u32), (u64, Table<Field, Value>)>,
    pages: Pages<Page>,
}

#[derive(Default)]
struct Page {
    topic: Option<Topic>,
    at: Option<Position>,
    shown: Table<Field, Value>,
    truth: Table<Field, Value>,
    /// To be looked at again: an own operation lay on them.
    open: Set<Field>,
    wishes: Wishes,
}

impl HasWishes for Page {
    fn wishes(&mut self) -> &mut Wishes {
        &mut self.wishes
    }
}

impl StateMatchesCursor {
    /// Calls fields by what `name` makes of them.
    pub const fn new(name: fn(Field) -> String) -> Self {
        Self { name, events: Table::new(), base: Table::new(), pages: Pages::new() }
    }

    fn stored(&mut self, what: &Observation) {
        let Observation::Stored { ticket, outcome, write, .. } = what else { return };
        match outcome {
            StoreOutcome::Executed => {
                let Some(write) = write.as_deref() else { return };
                if !write.changes.is_empty() {
                    let key = (write.topic, write.position.epoch.get());
                    let event = (*ticket, write.changes.clone());
                    self.events.of(key).insert(write.position.seq, event);
                }
            }
            StoreOutcome::Lost => {
                for events in self.events.values_mut() {
                    events.retain(|_, (of, _)| of != ticket);
                }
            }
            _ => {}
        }
    }

    fn shown(&mut self, node: NodeId, reading: &Reading, ruling: &mut Ruling) {
        let page = self.pages.of(node);
        let position = reading.position;
        if position.epoch.get() != 1 {
            // A store that went back begins an epoch whose start is in no event.
            page.topic = None;
            return;
        }
        let events = self.events.of((reading.topic, 1));
        let fresh = page.topic != Some(reading.topic);
        if reading.whole || fresh {
            page.shown.clear();
        }
        apply(&mut page.shown, &reading.changes);
        if fresh && !reading.whole {
            // What was shown of this topic before is not known.
            return;
        }
        if fresh || page.at.is_none_or(|at| at > position) {
            page.truth.clear();
            page.at = None;
        }
        let base = self.base.get(&(reading.topic, 1));
        if let Some((floor, content)) = base
            && page.at.map_or(0, |at| at.seq) < *floor
        {
            if position.seq < *floor {
                // What it was then is no longer known.
                page.topic = None;
                return;
            }
            page.truth = content.clone();
            page.at = Some(Position { seq: *floor, ..position });
            page.open.extend(content.keys().copied());
        }
        page.topic = Some(reading.topic);
        let from = page.at.map_or(0, |at| at.seq) + 1;
        page.at = Some(position);
        if from <= position.seq {
            for (_, (_, changes)) in events.between(&from, &position.seq) {
                apply(&mut page.truth, changes);
                page.open.extend(changes.iter().map(|change| change.field));
            }
        }
        page.open.extend(reading.changes.iter().map(|change| change.field));
        if reading.whole {
            page.open.extend(page.truth.keys().copied());
        }
        page.settle(reading.topic, position);
        if let Some(field) = page.wrong() {
            let word = |value: Option<&Value>| {
                value.map_or("nothing".to_owned(), |value| format!("{value:?}"))
            };
            let (shown, truth) = (word(page.shown.get(&field)), word(page.truth.get(&field)));
            let (name, topic) = ((self.name)(field), reading.topic);
            let message = format!(
                "shows {shown} for {name} of {topic} as of {position}; by then it was {truth}"
            );
            ruling.violated(node, message);
        }
    }
}

impl Page {
    /// Forgets operations that the content now holds, or that were told off.
    fn settle(&mut self, topic: Topic, position: Position) {
        let open = &mut self.open;
        self.wishes.0.retain(|_, wish| {
            let held = wish.is_held(topic, position);
            let over = wish.stage == Stage::ToldOff || held && wish.stage != Stage::Given;
            if over {
                open.extend(wish.changes.iter().flatten().map(|change| change.field));
            }
            !over
        });
    }

    /// A field that shows what it should not.
    fn wrong(&mut self) -> Option<Field> {
        if self.wishes.is_unsure() {
            return None;
        }
        let (shown, truth) = (&self.shown, &self.truth);
        let right = |field: &Field| shown.get(field) == truth.get(field);
        self.open.retain(|field, ()| self.wishes.touches(*field) || !right(field));
        self.open.keys().copied().find(|field| !self.wishes.touches(*field))
    }
}

impl Invariant for StateMatchesCursor {
    fn name(&self) -> &'static str {
        "state-matches-cursor"
    }
    fn statement(&self) -> &'static str {
        "Whenever a client shows content as of (epoch, seq), that content without the effects of its \
         pending operations is the fold of the stored events up to (epoch, seq)."
    }
    fn interest(&self) -> Interest {
        Wishes::INTEREST.and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        self.pages.observe(seen);
        match seen.what {
            Observation::ShownContent(reading) if reading.part == 0 => {
                self.shown(seen.node, reading, ruling);
            }
            what => self.stored(what),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        for (key, events) in self.events.iter_mut() {
            let (floor, base) = self.base.of(*key);
            let old = |(_, (ticket, _)): &(&u64, &(Ticket, Changes))| *ticket < horizon.ticket;
            for (seq, (_, changes)) in events.iter().take_while(old) {
                *floor = *seq;
                apply(base, changes);
            }
            events.retain(|seq, _| *seq > *floor);
        }
        self.pages.forget(horizon);
    }
}
