//! What a person has asked for and what became of it, at one page.

use super::Horizon;
use super::table::Table;
use crate::engine::Seen;
use crate::history::{
    Changes, Interest, Observation, OpState, Position, Request, StoreOutcome, Write,
};
use crate::id::{Field, NodeId, OpId, Ticket, Topic};

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
    /// The kinds of observation that pages must be told of.
    pub(crate) const INTEREST: Interest =
        Interest::GIVEN_WORK.and(Interest::OP).and(Interest::STORED_OTHER).and(Interest::NODE);

    /// Takes in what was asked of this page, and what it showed of it.
    fn observe(&mut self, what: &Observation) {
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
    fn committed(&mut self, op: OpId, ticket: Ticket, write: &Write) {
        // A copy of what was done already is not what did it.
        let did = |wish: &&mut Wish| !wish.is_committed() || !write.changes.is_empty();
        if let Some(wish) = self.0.get_mut(&op).filter(did) {
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
    fn lost(&mut self, ticket: Ticket) {
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

/// What an invariant keeps of a page, its operations among it.
pub(crate) trait HasWishes: Default {
    fn wishes(&mut self) -> &mut Wishes;
}

/// The pages of all nodes that are there.
pub(crate) struct Pages<P>(Table<NodeId, P>);

impl<P: HasWishes> Pages<P> {
    pub(crate) const fn new() -> Self {
        Self(Table::new())
    }

    pub(crate) fn of(&mut self, node: NodeId) -> &mut P {
        self.0.of(node)
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<&P> {
        self.0.get(&node)
    }

    pub(crate) fn remove(&mut self, node: NodeId) {
        self.0.remove(&node);
    }

    /// Takes in what was asked of a page, and what became of it.
    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        match seen.what {
            Observation::Node(life) if life.starts_or_ends() => self.remove(seen.node),
            Observation::Given { .. } | Observation::ShownOp { .. } => {
                self.of(seen.node).wishes().observe(seen.what);
            }
            Observation::Stored { outcome: StoreOutcome::Lost, ticket, .. } => {
                self.0.values_mut().for_each(|page| page.wishes().lost(*ticket));
            }
            Observation::Stored {
                outcome: StoreOutcome::Executed,
                ticket,
                write: Some(write),
                ..
            } => {
                if let (Some(op), Some(author)) = (write.op, write.author)
                    && let Some(page) = self.0.get_mut(&author)
                {
                    page.wishes().committed(op, *ticket, write);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn forget(&mut self, horizon: &Horizon) {
        for page in self.0.values_mut() {
            page.wishes().0.retain(|op, _| *op >= horizon.op);
        }
    }
}
