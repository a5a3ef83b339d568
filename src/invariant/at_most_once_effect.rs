//! Nothing happens twice.

use super::ledger::Ledger;
use super::table::Table;
use super::words::Notices;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Reading, Value};
use crate::id::{Field, NodeId, Topic};

/// Each operation takes effect in the stores at most once, and each value that an operation
/// wrote appears at most once in any content shown: values are unique, so two fields that hold
/// the same one show an insert that was done twice. No more words of an operation are shown than
/// came, those that came twice counted once.
#[derive(Debug, Default)]
pub struct AtMostOnceEffect {
    pages: Table<NodeId, Page>,
    ledger: Ledger,
    notices: Notices,
}

#[derive(Debug, Default)]
struct Page {
    topic: Option<Topic>,
    content: Table<Field, Value>,
    /// How many fields hold each value.
    holders: Table<Value, u32>,
}

impl Page {
    fn put(&mut self, field: Field, value: Option<Value>) {
        let old = match value {
            Some(value) => self.content.insert(field, value),
            None => self.content.remove(&field),
        };
        if let Some(old) = old
            && let Some(count) = self.holders.get_mut(&old)
        {
            *count -= 1;
            if *count == 0 {
                self.holders.remove(&old);
            }
        }
        if let Some(value) = value {
            *self.holders.of(value) += 1;
        }
    }

    /// Shows a reading and gives back a value that now appears twice.
    fn show(&mut self, reading: &Reading) -> Option<Value> {
        if reading.whole || self.topic != Some(reading.topic) {
            *self = Self { topic: Some(reading.topic), ..Self::default() };
        }
        for change in &reading.changes {
            self.put(change.field, change.value);
        }
        let doubled = |value: &Value| self.holders.get(value).is_some_and(|count| *count > 1);
        reading.changes.iter().filter_map(|change| change.value).find(doubled)
    }
}

impl Invariant for AtMostOnceEffect {
    fn name(&self) -> &'static str {
        "at-most-once-effect"
    }
    fn statement(&self) -> &'static str {
        "Each operation takes effect in the store at most once, and each inserted value appears \
         at most once in any content shown."
    }
    fn interest(&self) -> Interest {
        Interest::STORED_OTHER.and(Interest::CONTENT_MAIN).and(Notices::INTEREST)
    }

    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::ShownContent(reading) if reading.part == 0 => {
                let page = self.pages.of(seen.node);
                if let Some(value) = page.show(reading) {
                    ruling.violated(seen.node, format!("{value:?} is shown twice"));
                }
            }
            Observation::Node(life) => {
                if life.starts_or_ends() {
                    self.pages.remove(&seen.node);
                }
                self.notices.observe(seen);
            }
            Observation::Delivered { .. } | Observation::ShownNotice { .. } => {
                if let Some((op, None)) = self.notices.observe(seen) {
                    let (came, shown) = self.notices.of(seen.node, op);
                    if shown > came {
                        let message = format!("{came} words came of {op}, and {shown} were shown");
                        ruling.violated(seen.node, message);
                    }
                }
            }
            what => {
                let op = self.ledger.observe(what).and_then(|write| write.op);
                if let Some(op) = op
                    && self.ledger.times(op) > 1
                {
                    ruling.violated(seen.node, format!("{op} took effect twice"));
                }
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.ledger.forget(horizon);
        self.notices.forget(horizon.op);
    }
}
