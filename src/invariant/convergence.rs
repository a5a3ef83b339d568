//! In the end everybody sees what was committed.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use super::ledger::{Ledger, apply};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Life, Observation, OpState, Reading, Value};
use crate::id::{Field, NodeId, OpId, Topic};
use crate::time::Time;

/// At quiescence every client that shows `live` shows the fold of everything committed to its
/// topic, apart from the fields of operations of its own that still wait.
#[derive(Debug)]
pub struct Convergence {
    name: fn(Field) -> String,
    pages: Table<NodeId, Page>,
    /// The fields of operations that wait, by their author.
    waiting: Table<OpId, (NodeId, SmallVec<[Field; 2]>)>,
    ledger: Ledger,
}

impl Convergence {
    /// Calls fields by what `name` makes of them.
    pub fn new(name: fn(Field) -> String) -> Self {
        Self { name, pages: Table::new(), waiting: Table::new(), ledger: Ledger::default() }
    }
}

#[derive(Debug, Default)]
struct Page {
    connection: Connection,
    topic: Option<Topic>,
    content: Table<Field, Value>,
    /// The page is frozen and cannot know better.
    paused: bool,
}

impl Page {
    fn show(&mut self, reading: &Reading) {
        if reading.whole || self.topic != Some(reading.topic) {
            self.content.clear();
        }
        self.topic = Some(reading.topic);
        apply(&mut self.content, &reading.changes);
    }
}

impl Invariant for Convergence {
    fn name(&self) -> &'static str {
        "convergence"
    }
    fn statement(&self) -> &'static str {
        "At quiescence every client that shows `live` shows, apart from its pending operations, \
         the fold of everything committed to its document."
    }
    fn interest(&self) -> Interest {
        Interest::STATUS
            .and(Interest::CONTENT_MAIN)
            .and(Interest::STORED_OTHER)
            .and(Interest::NODE)
            .and(Interest::GIVEN)
            .and(Interest::OP)
    }

    fn observe(&mut self, seen: &Seen<'_>, _ruling: &mut Ruling) {
        match seen.what {
            Observation::ShownStatus(status) => {
                self.pages.of(seen.node).connection = status.connection;
            }
            Observation::ShownContent(reading) if reading.part == 0 => {
                self.pages.of(seen.node).show(reading);
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.pages.remove(&seen.node);
                self.waiting.retain(|_, (author, _)| *author != seen.node);
            }
            Observation::Node(life @ (Life::Paused | Life::Resumed)) => {
                self.pages.of(seen.node).paused = *life == Life::Paused;
            }
            Observation::Given { op, changes, .. } => {
                let fields = changes.iter().map(|change| change.field).collect();
                self.waiting.insert(*op, (seen.node, fields));
            }
            Observation::ShownOp { op, state } => {
                if *state == OpState::Saved || state.is_told_off() {
                    self.waiting.remove(op);
                }
            }
            what => {
                self.ledger.observe(what);
            }
        }
    }

    fn finish(&mut self, _at: Time, ruling: &mut Ruling) {
        let mut contents: Table<Topic, Table<Field, Value>> = Table::new();
        for (node, page) in self.pages.iter() {
            let live = page.connection == Connection::Live && !page.paused;
            let Some(topic) = page.topic.filter(|_| live) else {
                continue;
            };
            if !contents.contains_key(&topic) {
                contents.insert(topic, self.ledger.content(topic));
            }
            let truth = contents.of(topic);
            let waiting: BTreeSet<Field> = self
                .waiting
                .values()
                .filter(|(author, _)| author == node)
                .flat_map(|(_, fields)| fields.iter().copied())
                .collect();
            let fields = truth.keys().chain(page.content.keys());
            let wrong = fields
                .filter(|field| !waiting.contains(field))
                .find(|field| truth.get(field) != page.content.get(field));
            if let Some(field) = wrong {
                let word = |value: Option<&Value>| {
                    value.map_or("nothing".to_owned(), |value| format!("{value:?}"))
                };
                let name = (self.name)(*field);
                let (shown, committed) = (word(page.content.get(field)), word(truth.get(field)));
                let message =
                    format!("shows {shown} for {name} of {topic}; committed is {committed}");
                ruling.violated(*node, message);
                return;
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.ledger.forget(horizon);
        self.waiting.retain(|op, _| *op >= horizon.op);
    }
}
