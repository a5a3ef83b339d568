//! Stores: what is kept beyond the life of a node, and how it can fail.

use crate::history::StoreOutcome;
use crate::id::{StoreId, Ticket};
use crate::protocol::Store;
use crate::rng::Draw;
use crate::time::{Span, Time};

/// How a store treats requests, as set from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreMode {
    /// Added to each way.
    pub delay: Span,
    /// Requests that are reported failed and not executed, in millionths.
    pub fail_ppm: u32,
    /// Requests that are executed and reported failed, in millionths.
    pub ambiguous_ppm: u32,
}

/// A state that outlives a crash, and what was executed since.
type Durable<S> = (S, Vec<(Ticket, <S as Store>::Request)>);

/// One store, with what is needed to lose a part of it.
pub(crate) struct Vault<S: Store> {
    pub(crate) id: StoreId,
    pub(crate) mode: StoreMode,
    /// Counts how often the store went down and came back; requests from before fail.
    pub(crate) session: u32,
    current: S,
    lineage: u32,
    /// The state after the last flush and what was executed since, where that may be lost.
    durable: Option<Durable<S>>,
    /// A state to go back to.
    checkpoint: Option<S>,
}

impl<S: Store> Vault<S> {
    pub(crate) fn new(id: StoreId) -> Self {
        Self {
            id,
            mode: StoreMode::default(),
            session: 0,
            current: S::default(),
            lineage: 1,
            durable: None,
            checkpoint: None,
        }
    }

    /// From now on remembers what was not flushed.
    pub(crate) fn journal(&mut self) {
        self.durable.get_or_insert_with(|| (self.current.clone(), Vec::new()));
    }

    pub(crate) fn execute(&mut self, ticket: Ticket, request: S::Request) -> S::Reply {
        if let Some((_, since)) = &mut self.durable {
            since.push((ticket, request.clone()));
        }
        self.current.apply(request)
    }

    pub(crate) fn flush(&mut self) {
        if let Some((durable, since)) = &mut self.durable {
            for (_, request) in since.drain(..) {
                durable.apply(request);
            }
        }
    }

    /// How many executed requests a crash of the store may take.
    pub(crate) fn unflushed(&self) -> u64 {
        self.durable.as_ref().map_or(0, |(_, since)| since.len() as u64)
    }

    /// Loses all that was not flushed but for the first `keep` requests, and tells which. A
    /// database that comes back after a crash does so silently: it starts no new lineage.
    pub(crate) fn lose(&mut self, keep: u64) -> Vec<Ticket> {
        self.session += 1;
        let Some((durable, since)) = &mut self.durable else { return Vec::new() };
        let lost = since.drain((keep as usize).min(since.len())..);
        let lost = lost.map(|(ticket, _)| ticket).collect();
        self.current = durable.clone();
        for (_, request) in since {
            self.current.apply(request.clone());
        }
        lost
    }

    pub(crate) fn remember(&mut self) {
        self.checkpoint = Some(self.current.clone());
    }

    /// Goes back to the checkpoint, or to nothing, and starts a new lineage.
    pub(crate) fn restore(&mut self, empty: bool) {
        self.current = match &self.checkpoint {
            Some(state) if !empty => state.clone(),
            _ => S::default(),
        };
        self.session += 1;
        self.lineage += 1;
        self.current.restored(self.lineage);
        if self.durable.is_some() {
            self.durable = Some((self.current.clone(), Vec::new()));
        }
    }
}

/// A request that is on its way to a store or back.
pub(crate) struct Errand<S: Store> {
    pub(crate) host: u32,
    pub(crate) incarnation: u32,
    pub(crate) ticket: Ticket,
    /// What its node knew of the store's sessions when it asked.
    pub(crate) session: u32,
    /// None is a flush.
    pub(crate) request: Option<S::Request>,
    pub(crate) reply: Option<S::Reply>,
    pub(crate) outcome: StoreOutcome,
    /// Executed, but reported as failed.
    pub(crate) ambiguous: bool,
    pub(crate) answer_at: Time,
    pub(crate) draw: Draw,
}
