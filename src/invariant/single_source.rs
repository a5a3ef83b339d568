//! The parts of a page do not contradict each other.

use super::presence::{Dues, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Observation, Reading, Request, Value};
use crate::id::{Field, NodeId};
use crate::time::Time;

/// At the end of every instant, what another part of a page shows of a field is what the main part
/// shows of it.
#[derive(Debug, Default)]
pub struct SingleSource {
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Page {
    /// What other parts show.
    parts: Table<(u8, Field), Option<Value>>,
    /// What the main part shows of these fields, as far as it has shown them since.
    main: Table<Field, Option<Value>>,
}

impl Page {
    fn main(&mut self, reading: &Reading) {
        for (_, field) in self.parts.keys() {
            let mut changes = reading.changes.iter();
            let change = changes.rfind(|change| change.field == *field);
            if change.is_some() || reading.whole {
                self.main.insert(*field, change.and_then(|change| change.value));
            }
        }
    }

    fn part(&mut self, reading: &Reading) {
        if reading.whole {
            self.parts.retain(|(part, _), _| *part != reading.part);
            self.main.clear();
        }
        for change in &reading.changes {
            self.parts.insert((reading.part, change.field), change.value);
        }
    }

    fn contradiction(&self) -> Option<(u8, Field)> {
        let differs = |(&(part, field), value): (&(u8, Field), &Option<Value>)| {
            let main = self.main.get(&field);
            main.is_some_and(|main| main != value).then_some((part, field))
        };
        self.parts.iter().find_map(differs)
    }
}

impl Invariant for SingleSource {
    fn name(&self) -> &'static str {
        "single-source"
    }
    fn statement(&self) -> &'static str {
        "All parts of what a client shows have the same value for the same field."
    }
    fn interest(&self) -> Interest {
        Interest::CONTENT.and(Interest::GIVEN_OTHER).and(Interest::NODE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::ShownContent(reading) if reading.part == 0 => {
                let Some(page) = self.pages.get_mut(&seen.node) else { return };
                page.main(reading);
                self.dues.add(seen.at + TICK, seen.node, ruling);
            }
            // What is shown in passing is not content.
            Observation::ShownContent(reading) if reading.part > 1 => {
                self.pages.of(seen.node).part(reading);
                self.dues.add(seen.at + TICK, seen.node, ruling);
            }
            // What was open before is not shown beside it.
            Observation::Given { request: Request::Open, .. } => {
                drop(self.pages.remove(&seen.node))
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.pages.remove(&seen.node);
            }
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some((part, field)) = self.pages.get(&node).and_then(Page::contradiction) else {
                continue;
            };
            ruling.violated(node, format!("part {part} shows another {field} than the page"));
        }
    }
}
