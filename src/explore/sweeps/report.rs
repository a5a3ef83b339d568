//! The report of a sweep or of some of its shards, and how reports become one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::{Shard, SweepPlan};
use super::tally::SweepTally;
use crate::digest::Digest;

/// The shards that a report is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shards {
    /// How many the sweep is cut into. A report of all of them says 1, however many there were.
    pub of: u64,
    /// Those that the report is of, from 1.
    pub done: BTreeSet<u64>,
}

/// What a sweep, or some of its shards, came to. It depends on the plan and the shards alone:
/// not on threads, batches, interruptions or time, unless a time ended the sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepReport {
    /// Which sweep.
    pub sweep: SweepPlan,
    /// Which of its shards.
    pub shards: Shards,
    /// All runs.
    pub runs: u64,
    /// How many of these were made twice, and came to the same.
    pub rechecked: u64,
    /// Events handed to nodes, in all.
    pub events: u64,
    /// The wrapping sum of the scenarios' digests.
    pub digest: Digest,
    /// The marks that each scenario promises and that were not reached. It proves something
    /// only where all shards are there.
    pub unreached: BTreeMap<String, Vec<String>>,
    /// By scenario, in the order of their turns.
    pub scenarios: Vec<SweepTally>,
}

/// Why a text is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is not JSON of the expected shape.
    #[error("not the report of a sweep: {0}")]
    Json(#[from] serde_json::Error),
    /// Its numbers contradict each other.
    #[error("not the report of a sweep: its numbers contradict each other")]
    Contradicts,
}

/// Why reports cannot become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There are none.
    #[error("there are no reports to merge")]
    Empty,
    /// One is of another sweep than the first.
    #[error("{name} is of another sweep than {first}: {what}")]
    Foreign {
        /// Which report.
        name: String,
        /// The first report.
        first: String,
        /// What differs.
        what: String,
    },
    /// Two are of the same shard.
    #[error("{name} and {other} both hold shard {shard}")]
    Overlaps {
        /// Which report.
        name: String,
        /// The report before it.
        other: String,
        /// The shard that both hold.
        shard: String,
    },
}

impl SweepReport {
    pub(super) fn new(sweep: SweepPlan, mut shards: Shards, scenarios: Vec<SweepTally>) -> Self {
        if shards.done.len() as u64 == shards.of {
            shards = Shards { of: 1, done: BTreeSet::from([1]) };
        }
        let sum = |of: fn(&SweepTally) -> u64| {
            scenarios.iter().fold(0, |sum: u64, one| sum.saturating_add(of(one)))
        };
        let unreached = |(one, tally): (&super::SweptScenario, &SweepTally)| {
            let is_missing =
                |mark: &&String| tally.marks.get(*mark).is_none_or(|times| *times == 0);
            let missing: Vec<String> = one.must_reach.iter().filter(is_missing).cloned().collect();
            (!missing.is_empty()).then(|| (one.name.clone(), missing))
        };
        let digests = scenarios.iter().map(|one| one.digest.0);
        Self {
            shards,
            runs: sum(|one| one.runs),
            rechecked: sum(|one| one.rechecked),
            events: sum(|one| one.events),
            digest: Digest(digests.fold(0, u128::wrapping_add)),
            unreached: sweep.scenarios.iter().zip(&scenarios).filter_map(unreached).collect(),
            sweep,
            scenarios,
        }
    }

    /// Reads a report and checks that it can be one.
    ///
    /// # Errors
    /// Where the text is not a report, or its numbers contradict each other.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        let report: Self = serde_json::from_str(text)?;
        let Shards { of, done } = &report.shards;
        let shards: Result<Vec<_>, _> =
            done.iter().map(|number| Shard::new(*number, *of)).collect();
        let shards = shards.map_err(|_| ReportError::Contradicts)?;
        let share = |all: u64| shards.iter().map(|shard| shard.share(all)).sum::<u64>();
        let names = report.sweep.scenarios.iter().map(|one| &one.name);
        let fits = !shards.is_empty()
            && names.eq(report.scenarios.iter().map(|one| &one.scenario))
            && report.sweep.runs.is_none_or(|all| report.runs == share(all));
        let again =
            Self::new(report.sweep.clone(), report.shards.clone(), report.scenarios.clone());
        if fits && again == report { Ok(report) } else { Err(ReportError::Contradicts) }
    }

    /// The report as JSON that people can read. The same report gives the same bytes.
    ///
    /// # Panics
    /// Never: it consists of names and numbers.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("names and numbers");
        text.push('\n');
        text
    }

    /// The shards that are not in the report, from 1.
    pub fn missing(&self) -> Vec<u64> {
        (1..=self.shards.of).filter(|number| !self.shards.done.contains(number)).collect()
    }

    /// Whether all shards are there and yet a promised mark was not reached: the sweep proves
    /// nothing.
    pub fn is_vacuous(&self) -> bool {
        self.shards.of == 1 && !self.unreached.is_empty()
    }

    /// How many invariants were broken, each counted once for each scenario.
    pub fn findings(&self) -> u64 {
        self.scenarios.iter().map(|one| one.broken.len() as u64).sum()
    }
}

/// Makes one report of the reports of several shards of a sweep, in any order. Where all shards
/// are there, it equals the report of the sweep in one piece to the byte. Each report comes with
/// a name for messages, such as its file.
///
/// # Errors
/// No report, one of another sweep, or one with a shard that another holds too.
pub fn merge_sweeps(
    reports: impl IntoIterator<Item = (String, SweepReport)>,
) -> Result<SweepReport, MergeError> {
    let mut reports = reports.into_iter();
    let (first, report) = reports.next().ok_or(MergeError::Empty)?;
    let SweepReport { sweep, shards, mut scenarios, .. } = report;
    let of = shards.of;
    let mut holders: BTreeMap<u64, String> =
        shards.done.into_iter().map(|number| (number, first.clone())).collect();
    for (name, report) in reports {
        let count = report.shards.of;
        let what = report.sweep.difference(&sweep).or_else(|| {
            (count != of).then(|| format!("the number of shards differs: {count} instead of {of}"))
        });
        if let Some(what) = what {
            return Err(MergeError::Foreign { name, first, what });
        }
        for number in report.shards.done {
            if let Some(other) = holders.insert(number, name.clone()) {
                return Err(MergeError::Overlaps { name, other, shard: format!("{number}/{of}") });
            }
        }
        for (sum, one) in scenarios.iter_mut().zip(report.scenarios) {
            sum.merge(one);
        }
    }
    let shards = Shards { of, done: holders.into_keys().collect() };
    Ok(SweepReport::new(sweep, shards, scenarios))
}
