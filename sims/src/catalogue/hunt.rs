//! The hunt for one flaw: case after case, until a run breaks the invariant that it should.

use std::collections::BTreeMap;
use std::ops::Range;

use wavetank::explore::run;
use wavetank_models::catalogue::Entry;
use wavetank_models::{Config, probed};

use super::reference::Reference;
use super::turns::{Turn, turns};
use crate::audit::broken;

/// What a hunt came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunt {
    /// The runs that were made. If it was found, the last of them found it.
    pub runs: u64,
    /// Those in which the wrong step was taken, or the section of a wrong knob was looked up.
    pub reached: u64,
    /// Those in which the flaw made any difference: the reference came to something else.
    pub triggered: u64,
    /// Those that broke only other invariants than the entry names.
    pub elsewhere: u64,
    /// The scenario and the seed of the run that found it, if one did.
    pub found: Option<(&'static str, u64)>,
    /// How often each invariant was broken.
    pub fired: BTreeMap<String, Fired>,
}

/// How often an invariant was broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// Before any other.
    pub first: u64,
    /// At all.
    pub all: u64,
}

impl Fired {
    /// Both together.
    pub(super) fn add(&mut self, other: Self) {
        self.first += other.first;
        self.all += other.all;
    }
}

impl Hunt {
    /// Hunts for the flaw of an entry in at most so many runs.
    pub(super) fn of(entry: &Entry, seeds: Range<u64>, most: u64, reference: &Reference) -> Self {
        let config = patched(entry);
        let mut hunt = Self::default();
        for turn in turns(seeds, &entry.scenarios).take(most as usize) {
            if hunt.turn(entry, &config, &turn, reference) {
                hunt.found = Some(turn.key());
                break;
            }
        }
        hunt
    }

    /// Whether one run finds it.
    fn turn(&mut self, entry: &Entry, config: &Config, turn: &Turn, reference: &Reference) -> bool {
        let case = turn.case(config);
        // Whoever makes a case may have looked the policy up.
        probed::take();
        let outcome = run(&case);
        self.runs += 1;
        self.reached += u64::from(probed::take());
        self.triggered += u64::from(reference.differs(turn, outcome.digest));
        let broken = broken(&outcome);
        for (place, invariant) in broken.iter().enumerate() {
            let fired = self.fired.entry(invariant.clone()).or_default();
            fired.add(Fired { first: u64::from(place == 0), all: 1 });
        }
        let found = broken.contains(&entry.invariant);
        self.elsewhere += u64::from(!found && !broken.is_empty());
        found
    }
}

/// The reference with the flaw of an entry.
pub(super) fn patched(entry: &Entry) -> Config {
    Config::default().patched(&entry.as_patch()).expect("an entry patches what there is")
}
