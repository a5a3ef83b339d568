//! The witness that lets invariants look, and keeps what they say.

use super::bench::Bench;
use super::{Ruling, StateInvariant, Suite, Violation};
use crate::engine::{Seen, View, Witness};
use crate::history::{History, Interest, Record};
use crate::id::NodeId;
use crate::protocol::Protocol;
use crate::time::Time;

/// One event of a trace in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// True time.
    pub at: Time,
    /// The node that it happened at.
    pub node: NodeId,
    /// What happened.
    pub text: String,
}

/// Tells invariants what happens and gathers violations, the first of each invariant; the run
/// goes on, so that one broken invariant does not hide another.
pub struct Judge<P: Protocol> {
    bench: Bench,
    state: Vec<(Box<dyn StateInvariant<P>>, bool)>,
    history: Option<History>,
    trace: Option<Vec<TraceLine>>,
}

impl<P: Protocol> Judge<P> {
    /// A judge with this suite, or with those of it that `only` names.
    pub fn new(suite: Suite<P>, only: Option<&[String]>) -> Self {
        let named = |name: &str| only.is_none_or(|only| only.iter().any(|one| one == name));
        let history = suite.history.into_iter().filter(|one| named(one.name()));
        let state = suite.state.into_iter().filter(|one| named(one.name()));
        let state = state.map(|one| (one, false)).collect();
        Self { bench: Bench::new(history), state, history: None, trace: None }
    }

    /// Keeps the history as well.
    pub fn recording(mut self) -> Self {
        self.history = Some(Vec::new());
        self
    }

    /// Keeps a trace in words as well.
    pub fn tracing(mut self) -> Self {
        self.trace = Some(Vec::new());
        self
    }

    /// The run is over. Where it came to its end, every invariant says its last word. Gives
    /// back all that was found, the history and the trace.
    pub fn finish(
        mut self,
        end: Option<Time>,
    ) -> (Vec<Violation>, Option<History>, Option<Vec<TraceLine>>) {
        if let Some(at) = end {
            self.bench.finish(at);
        }
        (self.bench.violations, self.history, self.trace)
    }
}

impl<P: Protocol> Witness<P> for Judge<P> {
    fn wants(&self) -> Interest {
        if self.history.is_some() {
            return Interest::ALL;
        }
        self.bench.interest()
    }

    #[inline]
    fn observe(&mut self, seen: &Seen<'_>) {
        if let Some(history) = &mut self.history {
            let Seen { at, node, now, what } = *seen;
            history.push(Record { at, node, now, what: what.clone() });
        }
        self.bench.observe(seen);
    }

    fn looks(&self) -> bool {
        !self.state.is_empty()
    }

    fn look(&mut self, view: &View<'_, P>) {
        for (invariant, broken) in self.state.iter_mut().filter(|(_, broken)| !broken) {
            let mut ruling = Ruling::default();
            invariant.look(view, &mut ruling);
            if let Some((node, message)) = ruling.violation {
                *broken = true;
                let invariant = invariant.name().to_owned();
                self.bench.violations.push(Violation { invariant, at: view.at, node, message });
            }
        }
    }

    fn traces(&self) -> bool {
        self.trace.is_some()
    }

    fn trace(&mut self, at: Time, node: NodeId, text: String) {
        if let Some(trace) = &mut self.trace {
            trace.push(TraceLine { at, node, text });
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.bench.next_wake
    }

    fn wake(&mut self, at: Time) {
        self.bench.wake(at);
    }
}
