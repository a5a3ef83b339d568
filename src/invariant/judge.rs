//! The witness that lets invariants look, and keeps what they say.

use super::{Invariant, Ruling, StateInvariant, Suite, Violation};
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

struct Seat {
    invariant: Box<dyn Invariant>,
    wake: Option<Time>,
    broken: bool,
}

/// Tells invariants what happens and gathers violations, the first of each invariant; the run
/// goes on, so that one broken invariant does not hide another.
pub struct Judge<P: Protocol> {
    seats: Vec<Seat>,
    state: Vec<(Box<dyn StateInvariant<P>>, bool)>,
    by_kind: [Vec<u8>; Interest::COUNT],
    violations: Vec<Violation>,
    history: Option<History>,
    trace: Option<Vec<TraceLine>>,
    next_wake: Option<Time>,
}

impl<P: Protocol> Judge<P> {
    /// A judge with this suite, or with those of it that `only` names.
    pub fn new(suite: Suite<P>, only: Option<&[String]>) -> Self {
        let named = |name: &str| only.is_none_or(|only| only.iter().any(|one| one == name));
        let mut judge = Self {
            seats: Vec::new(),
            state: Vec::new(),
            by_kind: std::array::from_fn(|_| Vec::new()),
            violations: Vec::new(),
            history: None,
            trace: None,
            next_wake: None,
        };
        for invariant in suite.history.into_iter().filter(|one| named(one.name())) {
            let seat = judge.seats.len() as u8;
            for kind in invariant.interest().kinds() {
                judge.by_kind[kind].push(seat);
            }
            judge.seats.push(Seat { invariant, wake: None, broken: false });
        }
        judge.state.extend(suite.state.into_iter().filter(|s| named(s.name())).map(|s| (s, false)));
        judge
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

    fn rule(&mut self, seat: usize, at: Time, ruling: Ruling) {
        let holder = &mut self.seats[seat];
        if let Some((node, message)) = ruling.violation {
            holder.broken = true;
            holder.wake = None;
            let invariant = holder.invariant.name().to_owned();
            self.violations.push(Violation { invariant, at, node, message });
            self.plan();
        }
        if let Some(wake) = ruling.wake {
            let holder = &mut self.seats[seat];
            if !holder.broken {
                holder.wake = Some(holder.wake.map_or(wake, |earlier| earlier.min(wake)));
                self.next_wake = Some(self.next_wake.map_or(wake, |next| next.min(wake)));
            }
        }
    }

    fn plan(&mut self) {
        self.next_wake = self.seats.iter().filter_map(|seat| seat.wake).min();
    }

    /// The run is over. Where it came to its end, every invariant says its last word. Gives
    /// back all that was found, the history and the trace.
    pub fn finish(
        mut self,
        end: Option<Time>,
    ) -> (Vec<Violation>, Option<History>, Option<Vec<TraceLine>>) {
        if let Some(at) = end {
            for seat in 0..self.seats.len() {
                if !self.seats[seat].broken {
                    let mut ruling = Ruling::default();
                    self.seats[seat].invariant.finish(at, &mut ruling);
                    self.rule(seat, at, ruling);
                }
            }
        }
        (self.violations, self.history, self.trace)
    }
}

impl<P: Protocol> Witness<P> for Judge<P> {
    fn wants(&self) -> Interest {
        if self.history.is_some() {
            return Interest::ALL;
        }
        self.seats.iter().fold(Interest::NONE, |all, seat| all.and(seat.invariant.interest()))
    }

    #[inline]
    fn observe(&mut self, seen: &Seen<'_>) {
        if let Some(history) = &mut self.history {
            let Seen { at, node, now, what } = *seen;
            history.push(Record { at, node, now, what: what.clone() });
        }
        let kind = Interest::of(seen.what).index();
        // Hardly anybody has anything to say: one ruling goes round until somebody has.
        let mut ruling = Ruling::default();
        for i in 0..self.by_kind[kind].len() {
            let seat = self.by_kind[kind][i] as usize;
            let holder = &mut self.seats[seat];
            if holder.broken {
                continue;
            }
            holder.invariant.observe(seen, &mut ruling);
            if ruling.violation.is_some() || ruling.wake.is_some() {
                self.rule(seat, seen.at, std::mem::take(&mut ruling));
            }
        }
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
                self.violations.push(Violation { invariant, at: view.at, node, message });
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
        self.next_wake
    }

    fn wake(&mut self, at: Time) {
        for seat in 0..self.seats.len() {
            if self.seats[seat].wake.is_some_and(|wake| wake <= at) {
                self.seats[seat].wake = None;
                let mut ruling = Ruling::default();
                self.seats[seat].invariant.wake(at, &mut ruling);
                self.rule(seat, at, ruling);
            }
        }
        self.plan();
    }
}
