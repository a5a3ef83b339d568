//! What is shown of a flaw that was found: the smallest case, that the repair mends it, and
//! that the flaw did not give itself away.

use wavetank::explore::{Case, run, shrink, shrink_where};
use wavetank_models::catalogue::Entry;
use wavetank_models::{Config, DocSync};

use super::hunt::patched;
use super::mute::still_found;
use super::turns::Turn;
use crate::audit::broken;
use crate::scenarios;

/// Runs that the shrinking of one case may take.
const BUDGET: u64 = 400;
/// Further seeds of a cheap scenario that a repair must hold for.
const FURTHER: u64 = 16;

/// A flaw as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhibit {
    /// The smallest case that was found. It carries what it breaks and the digest of its run.
    pub case: Case<DocSync>,
    /// What is seen in it.
    pub message: String,
    /// What became of it with the right value in place of the wrong one.
    pub repair: Repair,
    /// Whether the case that found the flaw finds it without the claims that only the flaw
    /// makes.
    pub mute: bool,
}

/// What a repair was tried on, and whether nothing broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// The case that found the flaw.
    pub original: bool,
    /// The small one.
    pub small: bool,
    /// Further seeds of the scenario: how many held, of how many.
    pub further: (u64, u64),
}

impl Repair {
    /// Whether it mended all that it was tried on.
    pub const fn holds(&self) -> bool {
        self.original && self.small && self.further.0 == self.further.1
    }
}

impl Exhibit {
    /// Prepares the case that a hunt ended with. `after` is the first seed that no campaign used.
    pub(super) fn of(entry: &Entry, found: (&str, u64), after: u64) -> Option<Self> {
        let turn = Turn { scenario: scenarios::named(found.0)?, seed: found.1 };
        let original = turn.case(&patched(entry));
        let repaired = original.config.patched(&entry.as_fix()).ok()?;
        let mended = |case: &Case<DocSync>| {
            let case = Case { config: repaired.clone(), invariants: None, ..case.clone() };
            run(&case).verdict.held()
        };
        let named = Case { invariants: Some(vec![entry.invariant.clone()]), ..original.clone() };
        // Where the repair does not mend the original, there is a small case of it all the same.
        let small = shrink_where(&named, &entry.invariant, BUDGET, &mended)
            .or_else(|| shrink(&named, &entry.invariant, BUDGET));
        let mut case = small.map_or(named, |small| small.case);
        let outcome = run(&case);
        let violation = outcome.verdict.violation_of(&entry.invariant);
        let message = violation.map_or_else(String::new, |one| one.message.clone());
        case.origin.breaks = Some(entry.invariant.clone());
        case.origin.digest = Some(outcome.digest);
        let further = further(&repaired, &turn, after);
        let repair = Repair { original: mended(&original), small: mended(&case), further };
        let mute = still_found(&original, &repaired, &entry.invariant);
        Some(Self { case, message, repair, mute })
    }

    /// How many faults, operations and nodes the small case has.
    pub fn size(&self) -> [usize; 3] {
        let Case { plan, operations, topology, .. } = &self.case;
        [plan.0.len(), operations.len(), topology.nodes.len()]
    }
}

/// How many further seeds of a scenario hold, of how many.
fn further(repaired: &Config, turn: &Turn, after: u64) -> (u64, u64) {
    let of = (FURTHER / turn.scenario.cost()).max(1);
    let holds = |seed: &u64| broken(&run(&Turn { seed: *seed, ..*turn }.case(repaired))).is_empty();
    ((after..after + of).filter(holds).count() as u64, of)
}
