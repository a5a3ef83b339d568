//! The score: how much of what is demanded held, by how bad it is where it does not, and no more
//! than the worst that was found allows.

use wavetank::invariant::Judged as _;
use wavetank::objectives::Objectives;
use wavetank_models::DocSync;
use wavetank_models::catalogue::{self, Severity};

use super::Tally;

/// Something that is demanded, judged by one invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The invariant.
    pub invariant: &'static str,
    /// How bad it is where it is broken: the worst that the catalogue says of it.
    pub severity: Severity,
}

/// The invariant without which nothing else can be had.
const SERVED: &str = "eventual-reconnect";
/// What a run broke that did not come to its end.
const PANIC: &str = "panic";

/// All that is demanded.
pub fn demands() -> Vec<Demand> {
    let of = |name| Demand { invariant: name, severity: severity(name) };
    let all = DocSync::invariants(&Objectives::default()).history;
    all.iter().map(|invariant| of(invariant.name())).collect()
}

/// How bad it is that an invariant is broken. One that no failure mode of the catalogue names is
/// no less than others.
pub(super) fn severity(invariant: &str) -> Severity {
    if invariant == PANIC {
        return Severity::Critical;
    }
    let of = catalogue::entries().iter().filter(|entry| entry.invariant == invariant);
    of.map(|entry| entry.severity).min().unwrap_or(Severity::High)
}

/// What counts for how much.
pub(super) const fn weight(severity: Severity) -> u64 {
    match severity {
        Severity::Critical => 8,
        Severity::High => 4,
        Severity::Medium => 2,
        Severity::Monitor => 1,
    }
}

/// The formula in words, as reports print it.
pub(super) const FORMULA: &str = "10 x weight of the demands that held / weight of all, summed \
    over the scenarios. A demand did not hold in a scenario if any run of it broke its invariant; \
    where a client that could be served was not served again (eventual-reconnect), or a run \
    panicked, none did. Critical ones weigh 8, high 4, medium 2, monitor 1. In place of 10 stand \
    8.9 where anything high was found, 6.9 where anything critical was, and 4.9 where several \
    things were.";

/// The most that can be had, in tenths, with what was found.
fn most(found: &[Severity]) -> u64 {
    let of = |wanted| found.iter().filter(|one| **one == wanted).count();
    match (of(Severity::Critical), of(Severity::High)) {
        (0, 0) => 100,
        (0, _) => 89,
        (1, _) => 69,
        _ => 49,
    }
}

/// The score in tenths, given how bad each thing is that was found.
pub fn tenths(tallies: &[Tally], found: &[Severity]) -> u64 {
    let demands = demands();
    let (mut met, mut total) = (0, 0);
    for tally in tallies {
        let is_served = ![SERVED, PANIC].iter().any(|one| tally.failing.contains_key(*one));
        for demand in &demands {
            let holds = is_served && !tally.failing.contains_key(demand.invariant);
            total += weight(demand.severity);
            met += if holds { weight(demand.severity) } else { 0 };
        }
    }
    met * most(found) / total.max(1)
}

/// What a score means.
pub(super) const fn meaning(tenths: u64) -> &'static str {
    match tenths {
        90.. => "robust: ready for production",
        70.. => "works in ideal conditions; one or two things to mend",
        50.. => "the happy path; significant gaps",
        30.. => "several ways to lose data, or to be served no more",
        _ => "do not deploy",
    }
}
