//! Making what is left of a case simple: shorter, rounder, less of it.

use super::{Search, tidy};
use crate::explore::case::Case;
use crate::invariant::Judged;
use crate::time::{Span, Time};

/// Times and lengths as people write them: whole seconds, tenths, milliseconds.
const UNITS: [Span; 3] = [Span::secs(1), Span::millis(100), Span::millis(1)];
/// Steps of the bisection of one length, and of the simplification of one fault or operation.
const STEPS: usize = 8;

impl<P: Judged> Search<'_, P> {
    /// Makes windows shorter, times rounder and values simpler. `round` is how often that was
    /// done before.
    pub(super) fn reduce(&mut self, case: &mut Case<P>, round: usize) {
        self.hasten(case);
        for i in 0..case.plan.0.len() {
            self.shorten(case, i, round > 0);
        }
        self.round_times(case);
        for i in 0..case.plan.0.len() {
            self.simplify_fault(case, i);
        }
        for i in 0..case.operations.len() {
            self.simplify_operation(case, i);
        }
    }

    /// Brings the horizon forward to the last operation or fault.
    fn hasten(&mut self, case: &mut Case<P>) {
        let ends = case.plan.0.iter().map(|fault| fault.at + fault.lasts);
        let last = ends.chain(case.operations.iter().map(|operation| operation.at)).max();
        let mut candidate = case.clone();
        candidate.horizon = last.unwrap_or(Time::ZERO).min(case.horizon);
        self.accept(case, candidate);
    }

    /// Finds a short time for which a fault may last: the least number of seconds, or of tenths
    /// if no whole second will do, and so on. `again` is whether that was done before: then a
    /// step less tells whether there is anything to find.
    fn shorten(&mut self, case: &mut Case<P>, i: usize, again: bool) {
        let lasting = |lasts: Span| {
            move |case: &Case<P>| {
                let mut candidate = case.clone();
                candidate.plan.0[i].lasts = lasts;
                candidate
            }
        };
        if case.plan.0[i].kind.is_instant() {
            let candidate = lasting(Span::ZERO)(case);
            self.accept(case, candidate);
            return;
        }
        let mut low = Span::ZERO;
        for unit in UNITS {
            let current = case.plan.0[i].lasts;
            let is_round = current.as_micros().is_multiple_of(unit.as_micros());
            if again && is_round && !current.is_zero() {
                let candidate = lasting(current.saturating_sub(unit))(case);
                if !self.accept(case, candidate) {
                    return;
                }
            }
            for _ in 0..STEPS {
                let steps = case.plan.0[i].lasts.saturating_sub(low).as_micros() / unit.as_micros();
                let is_round = case.plan.0[i].lasts.as_micros().is_multiple_of(unit.as_micros());
                if steps == 0 || steps == 1 && is_round {
                    break;
                }
                let middle = low + unit * steps.div_ceil(2);
                let candidate = lasting(middle)(case);
                if !self.accept(case, candidate) {
                    low = middle;
                }
            }
            if case.plan.0[i].lasts.as_micros().is_multiple_of(unit.as_micros()) {
                return;
            }
        }
    }

    /// Rounds times down to what people write: all at once if that will do.
    fn round_times(&mut self, case: &mut Case<P>) {
        let mut candidate = case.clone();
        for operation in &mut candidate.operations {
            operation.at = rounded(operation.at, UNITS[0]);
        }
        for fault in &mut candidate.plan.0 {
            fault.at = rounded(fault.at, UNITS[0]);
        }
        if self.accept(case, tidy(candidate)) {
            return;
        }
        for i in 0..case.plan.0.len() {
            self.round_time(case, |case| &mut case.plan.0[i].at);
        }
        for i in 0..case.operations.len() {
            self.round_time(case, |case| &mut case.operations[i].at);
        }
    }

    /// Rounds one time to the coarsest unit that will do.
    fn round_time(&mut self, case: &mut Case<P>, time: impl Fn(&mut Case<P>) -> &mut Time) {
        for unit in UNITS {
            let mut candidate = case.clone();
            let time = time(&mut candidate);
            *time = rounded(*time, unit);
            let is_round = candidate == *case;
            if is_round || self.accept(case, tidy(candidate)) {
                return;
            }
        }
    }

    /// Puts simpler versions in the place of a fault for as long as one of them will do.
    fn simplify_fault(&mut self, case: &mut Case<P>, i: usize) {
        for _ in 0..STEPS {
            let simpler = case.plan.0[i].kind.simpler();
            let better = simpler.into_iter().any(|kind| {
                let mut candidate = case.clone();
                candidate.plan.0[i].kind = kind;
                self.accept(case, candidate)
            });
            if !better {
                return;
            }
        }
    }

    /// Puts simpler versions in the place of an operation for as long as one of them will do.
    fn simplify_operation(&mut self, case: &mut Case<P>, i: usize) {
        for _ in 0..STEPS {
            let simpler = P::simpler(&case.operations[i].op);
            let better = simpler.into_iter().any(|op| {
                let mut candidate = case.clone();
                candidate.operations[i].op = op;
                self.accept(case, candidate)
            });
            if !better {
                return;
            }
        }
    }

    /// Ends the run soon after the violation, where that comes before the end.
    ///
    /// What is only seen to be missing in the end would be missing in any run that is cut
    /// short. So the violation stays the very same, nothing that slips in on the way is told
    /// of, and what could be taken out of the short run and not of the long one shows that the
    /// run is too short.
    pub(super) fn cut_short(&mut self, case: &mut Case<P>) {
        let Some(violation) = self.last.clone().filter(|one| one.at < case.end()) else { return };
        if self.exhausted {
            return;
        }
        let known = self.known.take();
        let mut short = case.clone();
        let after = violation.at.since(case.horizon).as_micros();
        short.settle = Span::secs(after.div_ceil(1_000_000) + 1).min(case.settle);
        let same = short != *case && self.fails(&short) && self.last.as_ref() == Some(&violation);
        if same && !self.can_be_missed(&short) && !self.exhausted {
            *case = short;
        }
        // Without budget to see for itself, it has changed nothing.
        self.exhausted = false;
        self.last = Some(violation);
        self.known = known;
    }

    /// Whether a single fault or operation of a case can be taken out.
    fn can_be_missed(&mut self, case: &Case<P>) -> bool {
        let fewer_faults = (0..case.plan.0.len()).map(|i| {
            let mut candidate = case.clone();
            candidate.plan.0.remove(i);
            candidate
        });
        let fewer_operations = (0..case.operations.len()).map(|i| {
            let mut candidate = case.clone();
            candidate.operations.remove(i);
            candidate
        });
        fewer_faults.chain(fewer_operations).any(|candidate| self.fails(&candidate))
    }
}

fn rounded(time: Time, unit: Span) -> Time {
    let micros = time.as_micros();
    Time::from_micros(micros - micros % unit.as_micros())
}
