//! The catalogue put to the test: for each failure mode how many runs it takes until the
//! invariant that it names is broken, the smallest case of it, and whether the repair mends it.

mod exhibit;
mod files;
mod hunt;
mod json;
mod matrix;
mod median;
mod mute;
mod page;
mod reference;
mod render;
mod turns;

use std::ops::Range;

use wavetank::explore::{Pool, parallel};
use wavetank_models::catalogue::Entry;

pub use exhibit::{Exhibit, Repair};
pub use files::{folder, save};
pub use hunt::{Fired, Hunt};
pub use json::to_json;
pub use matrix::{Column, columns};
pub use median::{CAMPAIGNS_MAX, Median};
pub use page::{is_page, to_page};
pub use reference::Reference;
pub use render::to_document;
pub(crate) use turns::turns;

/// How the catalogue is put to the test.
pub struct Options<'a> {
    /// The failure modes.
    pub entries: Vec<&'static Entry>,
    /// The most runs of a hunt, and the seeds of the reference in every scenario.
    pub seeds: u64,
    /// How often the whole is done, with other seeds each time.
    pub campaigns: u64,
    /// The threads to run on.
    pub pool: &'a Pool,
    /// Told of progress.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many runs of the reference begin.
    Reference(u64),
    /// So many hunts begin.
    Hunting(u64),
    /// So many cases are made small, and so many repairs tried.
    Shrinking(u64),
    /// One of these is done.
    Step,
}

/// What came of one failure mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Which.
    pub entry: &'static Entry,
    /// The hunts, one of each campaign.
    pub hunts: Vec<Hunt>,
    /// What is shown of it: of the first campaign that found it.
    pub exhibit: Option<Exhibit>,
}

/// Why a row is weaker than it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortfall {
    /// Some hunt ended without finding it.
    Undetected,
    /// The repair did not mend all that it was tried on.
    Unrepaired,
    /// It was only found by what it said of itself.
    Confesses,
}

impl Trial {
    /// The runs to detection, campaign by campaign; nothing where it took more than there were.
    pub fn runs(&self) -> Vec<Option<u64>> {
        self.hunts.iter().map(|hunt| hunt.found.map(|_| hunt.runs)).collect()
    }

    /// Why the row falls short, if it does.
    pub fn shortfalls(&self) -> Vec<Shortfall> {
        let missed = self.hunts.iter().any(|hunt| hunt.found.is_none());
        let exhibit = self.exhibit.as_ref();
        let unrepaired = exhibit.is_some_and(|one| !one.repair.holds());
        let confesses = exhibit.is_some_and(|one| !one.mute) && !self.entry.wrong_claim;
        [
            missed.then_some(Shortfall::Undetected),
            unrepaired.then_some(Shortfall::Unrepaired),
            confesses.then_some(Shortfall::Confesses),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// All that came of it.
pub struct Study {
    /// The most runs of a hunt.
    pub seeds: u64,
    /// Campaigns.
    pub campaigns: u64,
    /// By failure mode, in the order of the catalogue.
    pub trials: Vec<Trial>,
    /// The reference on the same seeds.
    pub references: Vec<Reference>,
}

impl Study {
    /// Runs of the reference.
    pub fn reference_runs(&self) -> u64 {
        self.references.iter().map(|one| one.runs).sum()
    }

    /// What the reference broke: scenario, seed and invariant.
    pub fn violations(&self) -> impl Iterator<Item = &(&'static str, u64, String)> {
        self.references.iter().flat_map(|one| &one.violations)
    }

    /// Whether a row falls short in this way.
    pub fn any(&self, shortfall: Shortfall) -> bool {
        self.trials.iter().any(|trial| trial.shortfalls().contains(&shortfall))
    }
}

/// Puts failure modes to the test. The result does not depend on the number of threads.
pub fn study(options: &Options<'_>) -> Study {
    let seeds = |campaign: u64| campaign * options.seeds..(campaign + 1) * options.seeds;
    let references: Vec<Reference> =
        (0..options.campaigns).map(|one| Reference::run(seeds(one), options)).collect();
    let work: Vec<(&'static Entry, u64)> = options
        .entries
        .iter()
        .flat_map(|entry| (0..options.campaigns).map(|campaign| (*entry, campaign)))
        .collect();
    (options.progress)(Progress::Hunting(work.len() as u64));
    let hunt = |(entry, campaign): &(&'static Entry, u64)| {
        let of: Range<u64> = seeds(*campaign);
        Hunt::of(entry, of, options.seeds, &references[*campaign as usize])
    };
    let step = || (options.progress)(Progress::Step);
    let mut hunts = parallel(options.pool, &work, hunt, step).into_iter();
    let mut trials: Vec<Trial> = options
        .entries
        .iter()
        .map(|entry| Trial {
            entry,
            hunts: hunts.by_ref().take(options.campaigns as usize).collect(),
            exhibit: None,
        })
        .collect();
    (options.progress)(Progress::Shrinking(trials.len() as u64));
    let exhibit = |trial: &Trial| {
        let found = trial.hunts.iter().find_map(|hunt| hunt.found)?;
        Exhibit::of(trial.entry, found, options.campaigns * options.seeds)
    };
    let exhibits = parallel(options.pool, &trials, exhibit, step);
    for (trial, exhibit) in trials.iter_mut().zip(exhibits) {
        trial.exhibit = exhibit;
    }
    Study { seeds: options.seeds, campaigns: options.campaigns, trials, references }
}
