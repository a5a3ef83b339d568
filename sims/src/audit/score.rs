//! The score: 10 times one minus the weighted share of objectives that are not met.

use super::Tally;

/// Something that the application demands, judged by one invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    /// The invariant.
    pub invariant: &'static str,
    /// What it counts for.
    pub weight: u64,
}

/// The invariant without which nothing else can be had.
const SERVED: &str = "eventual-reconnect";

const OBJECTIVES: [Objective; 8] = [
    Objective { invariant: "no-lost-edit", weight: 3 },
    Objective { invariant: "convergence", weight: 3 },
    Objective { invariant: "at-most-once-effect", weight: 3 },
    Objective { invariant: SERVED, weight: 3 },
    Objective { invariant: "no-state-regression", weight: 2 },
    Objective { invariant: "hb-detection-bound", weight: 2 },
    Objective { invariant: "bounded-queue", weight: 1 },
    Objective { invariant: "herd-spread", weight: 1 },
];

/// The objectives and their weights.
pub const fn objectives() -> &'static [Objective] {
    &OBJECTIVES
}

/// The formula in words, as reports print it.
pub(super) const FORMULA: &str = "10 x (1 - weight of objectives not met / weight of all \
    objectives), summed over the scenarios. An objective is not met in a scenario if any run of \
    it broke its invariant; where a client that could be served was not served again \
    (eventual-reconnect), none is met.";

/// The score in tenths.
pub fn tenths(tallies: &[Tally]) -> u64 {
    let all: u64 = OBJECTIVES.iter().map(|one| one.weight).sum();
    let (mut met, mut total) = (0, 0);
    for tally in tallies {
        total += all;
        if tally.failing.contains_key(SERVED) || tally.failing.contains_key("panic") {
            continue;
        }
        let holds = |one: &&Objective| !tally.failing.contains_key(one.invariant);
        met += OBJECTIVES.iter().filter(holds).map(|one| one.weight).sum::<u64>();
    }
    met * 100 / total.max(1)
}

/// What a score means.
pub(super) const fn meaning(tenths: u64) -> &'static str {
    match tenths {
        90.. => "robust: ready for production",
        70.. => "works in ideal conditions; one or two things to mend",
        50.. => "the happy path; significant gaps",
        30.. => "several ways to lose data",
        _ => "do not deploy",
    }
}
