//! Judging records a second time: those of a run, or what is left of them.

use super::case::Case;
use crate::engine::Seen;
use crate::history::{Observation, Phase, Record};
use crate::invariant::{Bench, Judged, Violation};

/// What the invariants over histories that judge a case say of these records, in the order of
/// time. Of the whole history of a run that came to its end that is what they said of the run.
pub fn rejudge<'a, P: Judged>(
    case: &Case<P>,
    records: impl IntoIterator<Item = &'a Record>,
) -> Vec<Violation> {
    let only = case.invariants.as_deref();
    let named = |name: &str| only.is_none_or(|only| only.iter().any(|one| one == name));
    let suite = P::invariants(&case.objectives).history;
    let mut bench = Bench::new(suite.into_iter().filter(|one| named(one.name())));
    for Record { at, node, now, what } in records {
        // Who wants to look at the time of an event looks after it; only a phase begins after
        // all that its time holds.
        let late = matches!(what, Observation::Phase(phase) if *phase != Phase::Chaos);
        while let Some(wake) = bench.next_wake.filter(|wake| wake < at || late && wake == at) {
            bench.wake(wake);
        }
        bench.observe(&Seen { at: *at, node: *node, now: *now, what });
    }
    while let Some(wake) = bench.next_wake.filter(|wake| *wake <= case.end()) {
        bench.wake(wake);
    }
    bench.finish(case.end());
    let mut violations = bench.violations;
    violations.sort_by_key(|violation| violation.at);
    violations
}
