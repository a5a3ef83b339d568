//! The mute test: a flaw must be found by what it does, not by what it says of itself.

use std::collections::BTreeSet;

use wavetank::explore::{Case, Verdict, rejudge, run_recorded};
use wavetank::history::{History, Name};
use wavetank_models::{Config, DocSync};

/// The kinds of claim that somebody made in a history.
fn kinds(history: &History) -> BTreeSet<(&'static str, Name)> {
    history.iter().filter_map(|record| record.what.claim()).collect()
}

/// Whether a failing case still breaks `invariant` when every claim is taken out of its history
/// whose kind the repaired nodes never make in the same case.
pub(super) fn still_found(case: &Case<DocSync>, repaired: &Config, invariant: &str) -> bool {
    let (outcome, recording) = run_recorded(case);
    // Neither a panic nor a loop is read off claims.
    if matches!(outcome.verdict, Verdict::Panicked(_)) || invariant == "progress" {
        return true;
    }
    let sound = Case { config: repaired.clone(), ..case.clone() };
    let known = kinds(&run_recorded(&sound).1.history);
    let heard = recording
        .history
        .iter()
        .filter(|record| record.what.claim().is_none_or(|kind| known.contains(&kind)));
    rejudge(case, heard).iter().any(|violation| violation.invariant == invariant)
}
