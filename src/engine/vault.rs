//! Stores: what is kept beyond the life of a node, and how it can fail.

use crate::history::{StoreOutcome, Write};
use crate::id::{StoreId, Ticket};
use crate::protocol::{Store, StoreError};
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
    /// Requests that are not executed and answered as if they were, in millionths.
    pub lying_ppm: u32,
    /// Reads are answered from the state that the store had when this was set.
    pub stale: bool,
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
    /// What a replica that lags behind answers from.
    replica: Option<S>,
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
            replica: None,
        }
    }

    /// What is in it.
    #[cfg(feature = "stack")]
    pub(crate) const fn state(&self) -> &S {
        &self.current
    }

    /// Begins with what was kept elsewhere.
    #[cfg(feature = "stack")]
    pub(crate) fn load(&mut self, state: S) {
        self.current = state;
    }

    /// From now on remembers what was not flushed.
    pub(crate) fn journal(&mut self) {
        self.durable.get_or_insert_with(|| (self.current.clone(), Vec::new()));
    }

    pub(crate) fn set_mode(&mut self, mode: StoreMode) {
        if mode.stale && self.replica.is_none() {
            self.replica = Some(self.current.clone());
        } else if !mode.stale {
            self.replica = None;
        }
        self.mode = mode;
    }

    /// Handles a request, or a flush where there is none, of a node that knows the store by
    /// `session`. `write` says what a request wrote.
    pub(crate) fn handle(
        &mut self,
        ticket: Ticket,
        session: u32,
        request: Option<S::Request>,
        draw: Draw,
        write: impl Fn(&S::Request, &S::Reply) -> Option<Write>,
    ) -> Handled<S> {
        if session != self.session || draw.chance(2, self.mode.fail_ppm) {
            return Handled::of(StoreOutcome::Failed, Err(StoreError::Failed));
        }
        let Some(request) = request else {
            self.flush();
            return Handled::of(StoreOutcome::Flushed, Ok(None));
        };
        if draw.chance(4, self.mode.lying_ppm) {
            let reply = self.current.clone().apply(request);
            return Handled::of(StoreOutcome::Failed, Ok(Some(reply)));
        }
        let reply = self.execute(ticket, request.clone());
        let wrote = write(&request, &reply).map(Box::new);
        if wrote.is_none()
            && let Some(reply) = self.stale_reply(&request, &write)
        {
            return Handled::of(StoreOutcome::Executed, Ok(Some(reply)));
        }
        let ambiguous = draw.chance(3, self.mode.ambiguous_ppm);
        let answer = if ambiguous { Err(StoreError::Failed) } else { Ok(Some(reply)) };
        Handled { outcome: StoreOutcome::Executed, write: wrote, answer }
    }

    /// What a replica that lags behind answers to a request that only reads, there too.
    fn stale_reply(
        &self,
        request: &S::Request,
        write: impl Fn(&S::Request, &S::Reply) -> Option<Write>,
    ) -> Option<S::Reply> {
        let reply = self.replica.as_ref()?.clone().apply(request.clone());
        write(request, &reply).is_none().then_some(reply)
    }

    /// Begins as a copy of another store.
    pub(crate) fn copy_of(&mut self, other: &Self) {
        self.current = other.current.clone();
        if self.durable.is_some() {
            self.durable = Some((self.current.clone(), Vec::new()));
        }
    }

    fn execute(&mut self, ticket: Ticket, request: S::Request) -> S::Reply {
        if let Some((_, since)) = &mut self.durable {
            since.push((ticket, request.clone()));
        }
        self.current.apply(request)
    }

    fn flush(&mut self) {
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

/// What a node is told.
pub(crate) type Answered<S> = Result<Option<<S as Store>::Reply>, StoreError>;

/// What came of a request: the truth, and what its node is told.
pub(crate) struct Handled<S: Store> {
    pub(crate) outcome: StoreOutcome,
    pub(crate) write: Option<Box<Write>>,
    pub(crate) answer: Answered<S>,
}

impl<S: Store> Handled<S> {
    const fn of(outcome: StoreOutcome, answer: Answered<S>) -> Self {
        Self { outcome, write: None, answer }
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
    pub(crate) answer: Answered<S>,
    pub(crate) answer_at: Time,
    pub(crate) draw: Draw,
}
