//! Flaws by invariants: which was broken first, and which as well.

use std::collections::BTreeMap;

use wavetank::invariant::Suite;
use wavetank::objectives::Objectives;
use wavetank_models::DocSync;

use super::{Fired, Study, Trial};

/// An invariant, and the flaws that break it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Which.
    pub invariant: String,
    /// Those of which some run broke it before any other.
    pub first: Vec<String>,
    /// Those of which some run broke it, but only after another.
    pub also: Vec<String>,
}

impl Trial {
    /// How often each invariant was broken, over all campaigns; the one that was broken first
    /// most often comes first.
    pub fn row(&self) -> Vec<(String, Fired)> {
        let mut all: BTreeMap<&str, Fired> = BTreeMap::new();
        for (invariant, fired) in self.hunts.iter().flat_map(|hunt| &hunt.fired) {
            all.entry(invariant).or_default().add(*fired);
        }
        let mut row: Vec<_> =
            all.into_iter().map(|(name, fired)| (name.to_owned(), fired)).collect();
        row.sort_by_key(|(_, fired)| {
            (std::cmp::Reverse(fired.first), std::cmp::Reverse(fired.all))
        });
        row
    }
}

/// All invariants that the reference is judged by, in the order of the suite, and then whatever
/// else was broken.
pub fn columns(study: &Study) -> Vec<Column> {
    let suite = Suite::<DocSync>::shipped(&Objectives::default()).history;
    let named = |invariant: &str| Column { invariant: invariant.to_owned(), ..Column::default() };
    let mut columns: Vec<Column> = suite.iter().map(|one| named(one.name())).collect();
    for trial in &study.trials {
        for (invariant, fired) in trial.row() {
            let place = columns.iter().position(|one| one.invariant == invariant);
            let place = place.unwrap_or_else(|| {
                columns.push(named(&invariant));
                columns.len() - 1
            });
            let column = &mut columns[place];
            let list = if fired.first > 0 { &mut column.first } else { &mut column.also };
            list.push(trial.entry.id.clone());
        }
    }
    columns
}
