//! Making a failing case small: what does not matter is taken out, in chunks first, and what
//! is left is made simple.
//!
//! Draws are keyed by instant, so taking out an operation leaves the fate of all other packets
//! as it was; the world is never re-rolled.

mod reduce;
mod remove;

use std::collections::BTreeSet;

use super::case::{Case, Operation};
use super::run::run;
use crate::digest::{Digest, Digester};
use crate::fault::{Fault, Plan};
use crate::invariant::{Judged, Violation};
use crate::protocol::Protocol;

/// The result of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk<P: Protocol> {
    /// The small case. It breaks the same invariant, and names it.
    pub case: Case<P>,
    /// What it breaks.
    pub violation: Violation,
    /// How many runs it took.
    pub runs: u64,
    /// Whether the search came to its end: no single fault or operation can be taken out. If
    /// not, the budget was used up.
    pub complete: bool,
    /// What else was found on the way, at most one of each invariant.
    pub slid: Vec<Slid<P>>,
}

/// A second finding: a case that was tried while another was shrunk, and that breaks an
/// invariant which the original case did not break.
#[derive(Clone, Debug)]
pub struct Slid<P: Protocol> {
    /// What the case breaks.
    pub violation: Violation,
    /// The smallest such case that was tried. It names the invariant.
    pub case: Case<P>,
}

/// Shrinks a case that breaks `invariant`, in at most `budget` runs; nothing if the case does
/// not break it. A case that names no invariants is judged by all of them on the way, so that
/// what slips in is told of.
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
    let mut search = Search {
        invariant,
        also,
        budget,
        runs: 0,
        exhausted: false,
        tried: BTreeSet::new(),
        known: case.invariants.is_none().then(BTreeSet::new),
        last: None,
        slid: Vec::new(),
    };
    let mut case = case.clone();
    case.invariants = Some(vec![invariant.to_owned()]);
    search.start(&case)?;
    for round in 0.. {
        let before = case.clone();
        search.remove(&mut case);
        search.reduce(&mut case, round);
        if case == before || search.exhausted {
            break;
        }
    }
    search.cut_short(&mut case);
    let Search { runs, exhausted, last, slid, .. } = search;
    Some(Shrunk { case, violation: last?, runs, complete: !exhausted, slid })
}

struct Search<'a, P: Protocol> {
    invariant: &'a str,
    also: &'a dyn Fn(&Case<P>) -> bool,
    budget: u64,
    runs: u64,
    /// A candidate was not tried for want of budget.
    exhausted: bool,
    /// All candidates so far, so that none is run twice.
    tried: BTreeSet<Digest>,
    /// Where the whole suite judges: the invariants that the original case breaks.
    known: Option<BTreeSet<String>>,
    /// What the case that is shrunk breaks.
    last: Option<Violation>,
    slid: Vec<Slid<P>>,
}

impl<P: Judged> Search<'_, P> {
    /// Runs the original case. Nothing if it does not break the invariant.
    fn start(&mut self, case: &Case<P>) -> Option<()> {
        self.tried.insert(key(case));
        let violations = self.violations(case);
        if let Some(known) = &mut self.known {
            known.extend(violations.iter().map(|violation| violation.invariant.clone()));
        }
        let fails = self.judge(case, violations);
        fails.then_some(())
    }

    /// Whether a candidate that was not tried before breaks the invariant.
    fn fails(&mut self, case: &Case<P>) -> bool {
        if self.exhausted || case.validate().is_err() || !self.tried.insert(key(case)) {
            return false;
        }
        if self.runs >= self.budget {
            self.exhausted = true;
            return false;
        }
        let violations = self.violations(case);
        self.judge(case, violations)
    }

    /// All that a case breaks, of the invariants that judge.
    fn violations(&mut self, case: &Case<P>) -> Vec<Violation> {
        self.runs += 1;
        let outcome = if self.known.is_some() {
            run(&Case { invariants: None, ..case.clone() })
        } else {
            run(case)
        };
        outcome.verdict.violations().to_vec()
    }

    fn judge(&mut self, case: &Case<P>, violations: Vec<Violation>) -> bool {
        let mut found = None;
        for violation in violations {
            if violation.invariant == self.invariant {
                found = Some(violation);
            } else if self.known.as_ref().is_some_and(|known| !known.contains(&violation.invariant))
            {
                self.slide(case, violation);
            }
        }
        let fails = found.is_some() && (self.also)(case);
        if fails {
            self.last = found;
        }
        fails
    }

    /// Keeps a second finding, if there is no smaller one of its invariant.
    fn slide(&mut self, case: &Case<P>, violation: Violation) {
        let size =
            |case: &Case<P>| (case.plan.0.len() + case.operations.len(), case.topology.nodes.len());
        let same = |slid: &Slid<P>| slid.violation.invariant == violation.invariant;
        let place = self.slid.iter().position(same);
        if place.is_some_and(|place| size(&self.slid[place].case) <= size(case)) {
            return;
        }
        let invariants = Some(vec![violation.invariant.clone()]);
        let slid = Slid { violation, case: Case { invariants, ..case.clone() } };
        match place {
            Some(place) => self.slid[place] = slid,
            None => self.slid.push(slid),
        }
    }

    /// Keeps a candidate if it still fails.
    fn accept(&mut self, case: &mut Case<P>, candidate: Case<P>) -> bool {
        let fails = !self.exhausted && candidate != *case && self.fails(&candidate);
        if fails {
            *case = candidate;
        }
        fails
    }
}

/// What tells the candidates of one search apart.
fn key<P: Protocol>(case: &Case<P>) -> Digest {
    let Case { topology, operations, plan, horizon, settle, .. } = case;
    let parts = (topology, operations, plan, horizon, settle);
    let text = serde_json::to_vec(&parts).expect("a case can be written as JSON");
    let mut digest = Digester::default();
    digest.value(&text);
    digest.finish()
}

/// Puts lists in order again after times were changed.
fn tidy<P: Protocol>(mut case: Case<P>) -> Case<P> {
    case.operations.sort_by_key(|Operation { at, .. }| *at);
    let faults: Vec<Fault> = std::mem::take(&mut case.plan.0);
    case.plan = Plan::new(faults);
    case
}
