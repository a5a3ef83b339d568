//! Making a failing case small: what does not matter is taken out, in chunks first.
//!
//! Draws are keyed by instant, so taking out an operation leaves the fate of all other packets
//! as it was; the world is never re-rolled.

use super::case::{Case, Operation};
use super::run::run;
use crate::fault::{Fault, Plan};
use crate::invariant::{Judged, Violation};
use crate::protocol::Protocol;
use crate::time::{Span, Time};

/// The result of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk<P: Protocol> {
    /// The small case. It breaks the same invariant.
    pub case: Case<P>,
    /// What it breaks.
    pub violation: Violation,
    /// How many runs it took.
    pub runs: u64,
}

/// Shrinks a case that breaks `invariant`, in at most `budget` runs; nothing if the case does
/// not break it.
pub fn shrink<P: Judged>(case: &Case<P>, invariant: &str, budget: u64) -> Option<Shrunk<P>> {
    shrink_where(case, invariant, budget, &|_| true)
}

/// Shrinks a case that breaks `invariant` to a small one of which `also` is true as well: that
/// a fix repairs it, for one.
pub fn shrink_where<P: Judged>(
    case: &Case<P>,
    invariant: &str,
    budget: u64,
    also: &dyn Fn(&Case<P>) -> bool,
) -> Option<Shrunk<P>> {
    let mut case = case.clone();
    case.invariants = Some(vec![invariant.to_owned()]);
    let mut search = Search { runs: 0, budget, invariant, also, last: None };
    if !search.fails(&case) {
        return None;
    }
    loop {
        let before = case.clone();
        search.thin(&mut case, |case| &mut case.plan.0);
        search.thin(&mut case, |case| &mut case.operations);
        search.drop_nodes(&mut case);
        search.shorten(&mut case);
        search.simplify_times(&mut case);
        if case == before || search.runs >= search.budget {
            break;
        }
    }
    let violation = search.last?;
    Some(Shrunk { case, violation, runs: search.runs })
}

struct Search<'a, P: Protocol> {
    runs: u64,
    budget: u64,
    invariant: &'a str,
    also: &'a dyn Fn(&Case<P>) -> bool,
    last: Option<Violation>,
}

impl<P: Judged> Search<'_, P> {
    fn fails(&mut self, case: &Case<P>) -> bool {
        if self.runs >= self.budget || case.validate().is_err() {
            return false;
        }
        self.runs += 1;
        let outcome = run(case);
        let found = outcome.verdict.violation_of(self.invariant).cloned();
        let fails = found.is_some() && (self.also)(case);
        if fails {
            self.last = found;
        }
        fails
    }

    /// Keeps a candidate if it still fails.
    fn accept(&mut self, case: &mut Case<P>, candidate: Case<P>) -> bool {
        let fails = candidate != *case && self.fails(&candidate);
        if fails {
            *case = candidate;
        }
        fails
    }

    /// Takes elements out of a list: halves, quarters, down to single ones, from the back.
    fn thin<T>(&mut self, case: &mut Case<P>, list: impl Fn(&mut Case<P>) -> &mut Vec<T>) {
        let mut chunk = list(case).len();
        while chunk > 0 {
            let mut end = list(case).len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let mut candidate = case.clone();
                list(&mut candidate).drain(start..end);
                self.accept(case, candidate);
                end = start;
            }
            chunk /= 2;
        }
    }

    /// Takes out nodes that nothing is asked of and no fault names; the rest keep their names.
    fn drop_nodes(&mut self, case: &mut Case<P>) {
        let unused = |case: &Case<P>, role: P::Role, id| {
            !P::serves(role)
                && !case.operations.iter().any(|operation| operation.node == id)
                && !case.plan.0.iter().any(|fault| fault.kind.nodes().contains(&id))
        };
        let mut chunk = case.topology.nodes.len();
        while chunk > 0 {
            let mut end = case.topology.nodes.len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let mut candidate = case.clone();
                let mut place = 0;
                candidate.topology.nodes.retain(|node| {
                    place += 1;
                    !(start < place && place <= end && unused(case, node.role, node.id))
                });
                self.accept(case, candidate);
                end = start;
            }
            chunk /= 2;
        }
    }

    /// Brings the horizon forward to the last operation or fault, and shortens faults.
    fn shorten(&mut self, case: &mut Case<P>) {
        let ends = case.plan.0.iter().map(|fault| fault.at + fault.lasts);
        let last = ends.chain(case.operations.iter().map(|operation| operation.at)).max();
        let mut candidate = case.clone();
        candidate.horizon = last.unwrap_or(Time::ZERO).min(case.horizon);
        self.accept(case, candidate);
        for i in 0..case.plan.0.len() {
            self.bisect(
                case,
                |case| case.plan.0[i].lasts,
                move |case, span| {
                    case.plan.0[i].lasts = span;
                },
            );
        }
    }

    /// Rounds times to what people write: whole seconds, then tenths.
    fn simplify_times(&mut self, case: &mut Case<P>) {
        for unit in [Span::secs(1), Span::millis(100)] {
            let mut candidate = case.clone();
            for operation in &mut candidate.operations {
                operation.at = round(operation.at, unit);
            }
            for fault in &mut candidate.plan.0 {
                fault.at = round(fault.at, unit);
            }
            if self.accept(case, tidy(candidate)) {
                return;
            }
        }
        for i in 0..case.plan.0.len() {
            let mut candidate = case.clone();
            candidate.plan.0[i].at = round(candidate.plan.0[i].at, Span::millis(100));
            self.accept(case, tidy(candidate));
        }
        for i in 0..case.operations.len() {
            let mut candidate = case.clone();
            candidate.operations[i].at = round(candidate.operations[i].at, Span::millis(100));
            self.accept(case, tidy(candidate));
        }
    }

    /// Finds a small span that still fails, by bisection down to a tenth of itself.
    fn bisect(
        &mut self,
        case: &mut Case<P>,
        get: impl Fn(&Case<P>) -> Span,
        set: impl Fn(&mut Case<P>, Span),
    ) {
        let (mut low, mut high) = (Span::ZERO, get(case));
        for _ in 0..6 {
            let middle = Span::millis((low + high).as_millis() / 2);
            if middle <= low || middle >= high {
                return;
            }
            let mut candidate = case.clone();
            set(&mut candidate, middle);
            if self.accept(case, candidate) {
                high = middle;
            } else {
                low = middle;
            }
        }
    }
}

fn round(time: Time, unit: Span) -> Time {
    let micros = time.as_micros();
    Time::from_micros(micros - micros % unit.as_micros())
}

/// Puts lists in order again after times were changed.
fn tidy<P: Protocol>(mut case: Case<P>) -> Case<P> {
    case.operations.sort_by_key(|Operation { at, .. }| *at);
    let faults: Vec<Fault> = std::mem::take(&mut case.plan.0);
    case.plan = Plan::new(faults);
    case
}
