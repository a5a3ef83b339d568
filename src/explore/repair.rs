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
        let singles: Vec<Vec<usize>> = (0..changes).map(|change| vec![change]).collect();
        let mut cause = best(pool, &singles, &left, &holds);
        if cause.is_none() && found.is_empty() {
            // Nothing can be told of single changes: it takes several together.
            let sample = &left[..EVIDENCE];
            cause = best(pool, &pairs(changes), sample, &holds)
                .or_else(|| reduced(changes, sample, &holds));
        }
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
    let enough = |set: &Vec<usize>| {
        let mut mended = Vec::new();
        for (nth, case) in cases.iter().enumerate() {
            if mended.len() + cases.len() - nth < EVIDENCE {
                return Vec::new();
            }
            if holds(*case, set) {
                mended.push(*case);
            }
        }
        mended
    };
    let repaired = parallel(pool, sets, enough, || ());
    let ranked = sets.iter().zip(repaired).filter(|(_, cases)| cases.len() >= EVIDENCE);
    let (changes, cases) = ranked.rev().max_by_key(|(_, cases)| cases.len())?;
    Some(Cause { changes: changes.clone(), cases })
}

fn pairs(changes: usize) -> Vec<Vec<usize>> {
    (0..changes).flat_map(|one| (one + 1..changes).map(move |other| vec![one, other])).collect()
}

/// Takes changes out of the set of all of them, in chunks first, for as long as all cases hold;
/// what cannot be missed is a cause if it is small enough.
fn reduced(
    changes: usize,
    cases: &[usize],
    holds: &(impl Fn(usize, &[usize]) -> bool + Sync),
) -> Option<Cause> {
    let mut set: Vec<usize> = (0..changes).collect();
    let all_hold = |set: &[usize]| cases.iter().all(|case| holds(*case, set));
    if !all_hold(&set) {
        return None;
    }
    let mut chunk = set.len();
    while chunk > 0 {
        let mut end = set.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let mut fewer = set.clone();
            fewer.drain(start..end);
            if all_hold(&fewer) {
                set = fewer;
            }
            end = start;
        }
        chunk /= 2;
    }
    (set.len() <= LARGEST).then(|| Cause { changes: set, cases: cases.to_vec() })
}
