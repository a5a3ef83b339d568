//! The mute test: a flaw must be found by what it does, not by what it says of itself.

use std::collections::BTreeSet;

use wavetank::explore::{Case, Verdict, rejudge, run_recorded};
use wavetank::history::{History, Name, Observation};
use wavetank_models::{Config, DocSync};

/// The kind of claim that an observation is, if it may be taken out. What is shown of the
/// connection may not: it stands until something else is shown, so that to take it out would be
/// to say something else.
fn kind(what: &Observation) -> Option<(&'static str, Name)> {
    what.claim().filter(|_| !matches!(what, Observation::ShownStatus(_)))
}

/// The kinds of claim that somebody made in a history.
fn kinds(history: &History) -> BTreeSet<(&'static str, Name)> {
    history.iter().filter_map(|record| kind(&record.what)).collect()
}

/// Whether a failing case still breaks `invariant` when every claim is taken out of its history
/// whose kind the repaired nodes never make in the same case, whatever it says.
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
        .filter(|record| kind(&record.what).is_none_or(|kind| known.contains(&kind)));
    rejudge(case, heard).iter().any(|violation| violation.invariant == invariant)
}
