//! What a person has asked for and what became of it, at one page.

use super::table::Table;
use crate::history::{Changes, Observation, OpState, Position, Request, Write};
use crate::id::{Field, OpId, Ticket, Topic};

/// How far an operation of the person has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Given, and nothing shown of it.
    Given,
    /// Taken: it lies on top of what is confirmed.
    Taken,
    /// Shown as saved; it may lie on top until its event comes.
    Saved,
    /// Shown as not taken, or taken back.
    ToldOff,
}

/// One operation of the person's.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) stage: Stage,
    /// What it was meant to write, where that is known: an undo does not say.
    given: Option<Changes>,
    /// What it writes, where that is known, at the latest once it is committed.
    pub(crate) changes: Option<Changes>,
    /// Where another operation was committed that writes the same, as an undo does.
    pub(crate) restored: Vec<Field>,
    /// Its place in the order, once it is committed, and the request that did so.
    place: Option<(Topic, Position, Ticket)>,
    /// Content was shown since it was taken.
    pub(crate) due: bool,
}

impl Wish {
    /// Whether it is among the events of a topic up to a position.
    pub(crate) fn is_held(&self, topic: Topic, position: Position) -> bool {
        self.place.is_some_and(|(of, place, _)| of == topic && place <= position)
    }

    /// Whether it was committed.
    pub(crate) const fn is_committed(&self) -> bool {
        self.place.is_some()
    }
}

/// The operations of one page that its content does not simply hold, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Wishes(pub(crate) Table<OpId, Wish>);

impl Wishes {
    /// Takes in what was asked of this page, and what it showed of it.
    pub(crate) fn observe(&mut self, what: &Observation) {
        match what {
            Observation::Given { op, request, changes } => {
                let changes = match request {
                    Request::Edit => Some(changes.clone()),
                    Request::Undo | Request::Redo => None,
                    _ => return,
                };
                let given = changes.clone();
                let (stage, restored) = (Stage::Given, Vec::new());
                let wish = Wish { stage, given, changes, restored, place: None, due: false };
                self.0.insert(*op, wish);
            }
            Observation::ShownOp { op, state } => {
                if let Some(wish) = self.0.get_mut(op) {
                    wish.stage = match state {
                        OpState::Saved => Stage::Saved,
                        state if state.is_told_off() => Stage::ToldOff,
                        _ => Stage::Taken,
                    };
                }
            }
            _ => {}
        }
    }

    /// An operation of this page was committed.
    pub(crate) fn committed(&mut self, op: OpId, ticket: Ticket, write: &Write) {
        if let Some(wish) = self.0.get_mut(&op) {
            wish.place = Some((write.topic, write.position, ticket));
            // What it wrote may lie elsewhere than what the page showed meanwhile.
            wish.changes.get_or_insert_default().extend(write.changes.iter().copied());
        }
        for wish in self.0.iter_mut().filter(|(of, _)| **of != op).map(|(_, wish)| wish) {
            let same = wish.changes.iter().flatten().filter(|own| write.changes.contains(own));
            wish.restored.extend(same.map(|change| change.field));
        }
    }

    /// A store lost what a request had done.
    pub(crate) fn lost(&mut self, ticket: Ticket) {
        let of = |wish: &&mut Wish| wish.place.is_some_and(|(_, _, of)| of == ticket);
        for wish in self.0.values_mut().filter(of) {
            (wish.place, wish.changes) = (None, wish.given.clone());
        }
    }

    /// Whether what some operation writes is not known.
    pub(crate) fn is_unsure(&self) -> bool {
        self.0.values().any(|wish| wish.changes.is_none() && wish.stage != Stage::ToldOff)
    }

    /// Whether an operation that is not done with writes to a field.
    pub(crate) fn touches(&self, field: Field) -> bool {
        self.0
            .values()
            .filter(|wish| wish.stage != Stage::ToldOff)
            .any(|wish| wish.changes.iter().flatten().any(|change| change.field == field))
    }
}
