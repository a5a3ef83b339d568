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
pub const EVIDENCE: usize = 8;
/// The largest set of changes that is looked for.
const LARGEST: usize = 3;

/// Finds causes of `invariant` failing in `cases`: sets of up to three of `changes` that make
/// at least eight of the cases hold, the one that repairs most first, until what is left is
/// too little to tell. `repaired` is the configuration with a set of changes taken back.
pub fn causes<P: Judged>(
    pool: &Pool,
    cases: &[Case<P>],
    invariant: &str,
    changes: usize,
    repaired: impl Fn(&[usize]) -> P::Config + Sync,
) -> Vec<Cause> {
    let search = Search { pool, cases, invariant, repaired };
    let mut left: Vec<usize> = (0..cases.len()).collect();
    let mut found: Vec<Cause> = Vec::new();
    while left.len() >= EVIDENCE {
        let singles: Vec<Vec<usize>> = (0..changes).map(|change| vec![change]).collect();
        let mut cause = search.best(&singles, &left);
        if cause.is_none() && found.is_empty() {
            // Nothing can be told of single changes: it takes several together. To take away
            // what can be missed takes far fewer runs than to try all pairs.
            let sample = &left[..EVIDENCE];
            cause =
                search.reduced(changes, sample).or_else(|| search.best(&pairs(changes), sample));
        }
        let Some(mut cause) = cause else { break };
        cause.cases = search.mended(&cause.changes, &left);
        left.retain(|case| !cause.cases.contains(case));
        found.push(cause);
    }
    found
}

fn pairs(changes: usize) -> Vec<Vec<usize>> {
    (0..changes).flat_map(|one| (one + 1..changes).map(move |other| vec![one, other])).collect()
}

struct Search<'a, P: Judged, F> {
    pool: &'a Pool,
    cases: &'a [Case<P>],
    invariant: &'a str,
    repaired: F,
}

impl<P: Judged, F: Fn(&[usize]) -> P::Config + Sync> Search<'_, P, F> {
    fn holds(&self, case: usize, config: &P::Config) -> bool {
        let mut case = self.cases[case].clone();
        case.config = config.clone();
        case.invariants = Some(vec![self.invariant.to_owned()]);
        run(&case).verdict.held()
    }

    /// The cases that hold with a set of changes taken back.
    fn mended(&self, set: &[usize], cases: &[usize]) -> Vec<usize> {
        let config = (self.repaired)(set);
        let held = parallel(self.pool, cases, |case| self.holds(*case, &config), || ());
        cases.iter().zip(held).filter(|(_, held)| *held).map(|(case, _)| *case).collect()
    }

    /// The set that repairs most of the cases, if that is enough of them; of equals the first.
    /// One that repairs none of the first few is not looked at any further: most sets are such,
    /// and a cause of many cases is seldom one. If it is, it shows once the others are mended.
    fn best(&self, sets: &[Vec<usize>], cases: &[usize]) -> Option<Cause> {
        let enough = |set: &Vec<usize>| {
            let config = (self.repaired)(set);
            let mut mended = Vec::new();
            for (nth, case) in cases.iter().enumerate() {
                let hopeless = nth >= EVIDENCE && mended.is_empty();
                if hopeless || mended.len() + cases.len() - nth < EVIDENCE {
                    return Vec::new();
                }
                if self.holds(*case, &config) {
                    mended.push(*case);
                }
            }
            mended
        };
        let repaired = parallel(self.pool, sets, enough, || ());
        let ranked = sets.iter().zip(repaired).filter(|(_, cases)| cases.len() >= EVIDENCE);
        let (changes, cases) = ranked.rev().max_by_key(|(_, cases)| cases.len())?;
        Some(Cause { changes: changes.clone(), cases })
    }

    /// Takes changes out of the set of all of them, in chunks first, for as long as all cases
    /// hold; what cannot be missed is a cause if it is small enough.
    fn reduced(&self, changes: usize, cases: &[usize]) -> Option<Cause> {
        let mut set: Vec<usize> = (0..changes).collect();
        let all_hold = |set: &[usize]| {
            let config = (self.repaired)(set);
            cases.iter().all(|case| self.holds(*case, &config))
        };
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
}
