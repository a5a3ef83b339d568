//! What was done in one piece is shown in one piece.

use super::page::{HasWishes, Pages, Stage, Wishes};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Changes, Interest, Observation, Position, Reading, StoreOutcome, Value};
use crate::id::{Field, NodeId, Ticket, Topic};

/// A write of a field: its number, the request that did it, and what the field has held since.
type Wrote = (u64, Ticket, Option<Value>);

/// When a client's content takes over one field of an event, it takes over the others with it,
/// but for fields of the client's own operations that are not done with. Judged for events of
/// several fields, in the first epoch.
pub struct AtomicApply {
    name: fn(Field) -> String,
    /// What was written to each field, by number.
    written: Table<(Topic, Field), Vec<Wrote>>,
    /// The fields of events that have several.
    together: Table<(Topic, u64), (Ticket, Changes)>,
    pages: Pages<Page>,
}

#[derive(Default)]
struct Page {
    topic: Option<Topic>,
    shown: Table<Field, Value>,
    wishes: Wishes,
}

impl HasWishes for Page {
    fn wishes(&mut self) -> &mut Wishes {
        &mut self.wishes
    }
}

/// What a field held after the last event before a number.
fn before(writes: &[Wrote], seq: u64) -> Option<Value> {
    let count = writes.partition_point(|(number, ..)| *number < seq);
    writes[..count].last().and_then(|(.., value)| *value)
}

impl AtomicApply {
    /// Calls fields by what `name` makes of them.
    pub const fn new(name: fn(Field) -> String) -> Self {
        Self { name, written: Table::new(), together: Table::new(), pages: Pages::new() }
    }

    fn stored(&mut self, what: &Observation) {
        let Observation::Stored { ticket, outcome, write, .. } = what else { return };
        match outcome {
            StoreOutcome::Executed => {
                let Some(write) = write.as_deref() else { return };
                let Position { epoch, seq } = write.position;
                if epoch.get() != 1 {
                    return;
                }
                for change in &write.changes {
                    let writes = self.written.of((write.topic, change.field));
                    let place = writes.partition_point(|(number, ..)| *number < seq);
                    writes.insert(place, (seq, *ticket, change.value));
                }
                if write.changes.len() > 1 {
                    self.together.insert((write.topic, seq), (*ticket, write.changes.clone()));
                }
            }
            StoreOutcome::Lost => {
                self.together.retain(|_, (of, _)| of != ticket);
                for writes in self.written.values_mut() {
                    writes.retain(|(_, of, _)| of != ticket);
                }
            }
            _ => {}
        }
    }

    /// The newest event up to a position that wrote a field, if it wrote others as well.
    fn event(&self, topic: Topic, field: Field, up_to: u64) -> Option<u64> {
        let writes = self.written.get(&(topic, field))?;
        let count = writes.partition_point(|(number, ..)| *number <= up_to);
        let (seq, ..) = writes[..count].last()?;
        self.together.contains_key(&(topic, *seq)).then_some(*seq)
    }

    /// What a field was before an event, and what it is up to a position.
    fn around(&self, topic: Topic, field: Field, event: u64, up_to: u64) -> [Option<Value>; 2] {
        let writes = self.written.get(&(topic, field)).map_or(&[][..], Vec::as_slice);
        [before(writes, event), before(writes, up_to + 1)]
    }

    /// Whether a field goes over to what an event made of it, and which event that is.
    fn takes_over(
        &self,
        (topic, up_to): (Topic, u64),
        field: Field,
        from: Option<&Value>,
        to: Option<Value>,
    ) -> Option<u64> {
        let event = self.event(topic, field, up_to)?;
        let [was, is] = self.around(topic, field, event, up_to);
        (from != to.as_ref() && from == was.as_ref() && to == is).then_some(event)
    }

    /// The fields that a reading changes to what an event of several made of them.
    fn taken_over(&self, page: &Page, reading: &Reading) -> Vec<(Field, u64)> {
        let Reading { topic, position, ref changes, whole, .. } = *reading;
        if page.topic != Some(topic) || position.epoch.get() != 1 || page.wishes.is_unsure() {
            return Vec::new();
        }
        let is_there = |field: &Field| changes.iter().any(|change| change.field == *field);
        let gone = page.shown.keys().filter(|field| whole && !is_there(field));
        changes
            .iter()
            .map(|change| (change.field, change.value))
            .chain(gone.map(|field| (*field, None)))
            .filter(|(field, _)| !page.wishes.touches(*field))
            .filter_map(|(field, to)| {
                let place = (topic, position.seq);
                let event = self.takes_over(place, field, page.shown.get(&field), to)?;
                Some((field, event))
            })
            .collect()
    }

    /// A field of an event that is as it was before, although the event was taken over.
    fn left(&self, page: &Page, (topic, up_to): (Topic, u64), event: u64) -> Option<Field> {
        let (_, changes) = self.together.get(&(topic, event))?;
        changes.iter().map(|change| change.field).find(|field| {
            let [was, is] = self.around(topic, *field, event, up_to);
            was != is && page.shown.get(field) == was.as_ref() && !page.wishes.touches(*field)
        })
    }

    fn shown(&mut self, node: NodeId, reading: &Reading, ruling: &mut Ruling) {
        let Reading { topic, position, ref changes, whole, .. } = *reading;
        let page = self.pages.of(node);
        page.wishes.0.retain(|_, wish| {
            let over = wish.is_held(topic, position) && wish.stage != Stage::Given;
            !(over || wish.stage == Stage::ToldOff)
        });
        let taken = match self.pages.get(node) {
            Some(page) if !self.together.is_empty() => self.taken_over(page, reading),
            _ => Vec::new(),
        };
        let page = self.pages.of(node);
        if whole {
            page.shown.clear();
        }
        super::ledger::apply(&mut page.shown, changes);
        if whole || page.topic != Some(topic) {
            page.topic = whole.then_some(topic);
        }
        let Some(page) = self.pages.get(node) else { return };
        let torn = taken.into_iter().find_map(|(took, event)| {
            Some((took, event, self.left(page, (topic, position.seq), event)?))
        });
        if let Some((took, event, left)) = torn {
            let [took, left] = [took, left].map(self.name);
            let message =
                format!("takes {took} of {topic} over from event {event}, and not {left}");
            ruling.violated(node, message);
        }
    }
}

impl Invariant for AtomicApply {
    fn name(&self) -> &'static str {
        "atomic-apply"
    }
    fn statement(&self) -> &'static str {
        "Every content shown has the effects of a whole number of stored events, with those of a \
         whole number of the client's own operations on top."
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
        self.together.retain(|_, (ticket, _)| *ticket >= horizon.ticket);
        for writes in self.written.values_mut() {
            let old = writes.partition_point(|(_, ticket, _)| *ticket < horizon.ticket);
            // The last of them is what the field still held when the next came.
            writes.drain(..old.saturating_sub(1));
        }
        self.pages.forget(horizon);
    }
}
