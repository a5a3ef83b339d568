//! Cause, not only case: which differences from a good configuration make failing cases fail.
//!
//! A change is a cause if taking it back makes many independent failing cases hold. One case
//! can be repaired by accident, since any change moves the timing of a race; eight are not.

use super::case::Case;
use super::run::run;
use super::sweep::{Pool, parallel};
use crate::invariant::Judged;

/// A smallest set of changes that was found to repair cases, and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The changes, by their number in the list that was searched.
    pub changes: Vec<usize>,
    /// The cases that hold with them, by their number.
    pub cases: Vec<usize>,
}

/// How many independent cases a cause must repair.
const EVIDENCE: usize = 8;
/// The largest set of changes that is looked for.
const LARGEST: usize = 3;

/// Finds causes of `invariant` failing in `cases`: sets of up to three of `changes` that make
/// at least eight of the cases hold, the one that repairs most first, until what is left is
/// too little to tell. `repair` puts a set of changes into a case.
pub fn causes<P: Judged>(
    pool: &Pool,
    cases: &[Case<P>],
    invariant: &str,
    changes: usize,
    repair: impl Fn(&Case<P>, &[usize]) -> Case<P> + Sync,
) -> Vec<Cause> {
    let holds = |case: usize, set: &[usize]| {
        let mut repaired = repair(&cases[case], set);
        repaired.invariants = Some(vec![invariant.to_owned()]);
        run(&repaired).verdict.held()
    };
    let mut left: Vec<usize> = (0..cases.len()).collect();
    let mut found: Vec<Cause> = Vec::new();
    while left.len() >= EVIDENCE {
        let cause = (1..=LARGEST).find_map(|size| {
            // Larger sets are looked for on a part of the cases, since there are many of them.
            let sample = if size == 1 { left.clone() } else { left[..left.len().min(12)].to_vec() };
            best(pool, &sets(changes, size, &found), &sample, &holds)
        });
        let Some(mut cause) = cause else { break };
        cause.cases = left.iter().copied().filter(|case| holds(*case, &cause.changes)).collect();
        left.retain(|case| !cause.cases.contains(case));
        found.push(cause);
    }
    found
}

/// The set that repairs most of the cases, if that is enough of them; of equals the first.
fn best(
    pool: &Pool,
    sets: &[Vec<usize>],
    cases: &[usize],
    holds: &(impl Fn(usize, &[usize]) -> bool + Sync),
) -> Option<Cause> {
    let repaired = parallel(
        pool,
        sets,
        |set| cases.iter().copied().filter(|case| holds(*case, set)).collect::<Vec<_>>(),
        || (),
    );
    let ranked = sets.iter().zip(repaired).filter(|(_, cases)| cases.len() >= EVIDENCE);
    let (changes, cases) = ranked.rev().max_by_key(|(_, cases)| cases.len())?;
    Some(Cause { changes: changes.clone(), cases })
}

/// All sets of `size` changes that hold no cause found before.
fn sets(changes: usize, size: usize, found: &[Cause]) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let grown = sets.iter().flat_map(|set| {
            let from = set.last().map_or(0, |last| last + 1);
            (from..changes).map(|next| set.iter().copied().chain([next]).collect::<Vec<_>>())
        });
        sets = grown.collect();
    }
    sets.retain(|set| {
        !found.iter().any(|cause| cause.changes.iter().all(|change| set.contains(change)))
    });
    sets
}
