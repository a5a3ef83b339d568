//! Sweeps: many seeds of scenarios, in shards that different machines may run, with a journal
//! that a killed sweep goes on from, and reports that add up to the report of one run.
//!
//! Run `k` of a sweep, from 0, takes scenario `k % scenarios` and the first seed plus
//! `k / scenarios`. How the runs are grouped into batches is a matter of the wall clock; what
//! they come to is added up so that no grouping shows.

mod journal;
mod plan;
mod report;
mod tally;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

pub use journal::JournalError;
pub use plan::{Shard, ShardError, SweepPlan, SweptScenario};
pub use report::{MergeError, ReportError, Shards, SweepReport, merge_sweeps};
pub use tally::{Broken, SweepTally};

use super::marks::{MarkError, check_promises};
use super::recheck::{Difference, recheck_runs, share};
use super::run::run;
use super::scenario::{Scenario, case_of_seed};
use super::stopwatch::Stopwatch;
use super::sweep::{Pool, parallel};
use crate::invariant::Judged;
use journal::{Journal, State};

/// What a batch of runs should take. A killed sweep loses about as much.
const BATCH: Duration = Duration::from_millis(200);
/// The most runs of a batch.
const BATCH_MOST: u64 = 1 << 20;
/// A batch is at most this many times as large as the one before.
const GROWTH: u64 = 4;

/// When a sweep ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepEnd {
    /// After this many runs of all shards together.
    Runs(u64),
    /// After the batch in which this much time has passed since the sweep was started or
    /// resumed. How many runs the report holds is then a matter of the machine.
    After(Duration),
}

/// A sweep, or one shard of it.
pub struct Sweep<'a, P: Judged> {
    /// The scenarios, in the order of their turns.
    pub scenarios: &'a [&'a dyn Scenario<P>],
    /// What the nodes are built from.
    pub config: &'a P::Config,
    /// When it ends.
    pub end: SweepEnd,
    /// The seed of the first run of each scenario. The seed after the highest is 0.
    pub seed: u64,
    /// Which part of it to run.
    pub shard: Shard,
    /// The threads to run on.
    pub pool: &'a Pool,
    /// The file that says how far it has come, if that is to be kept.
    pub journal: Option<&'a Path>,
    /// Whether it may go on from a journal that is there.
    pub resume: bool,
}

/// How far a sweep has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepProgress {
    /// Runs of this shard that are done, those before it was resumed among them.
    pub done: u64,
    /// Runs of this shard; nothing where a time ends the sweep.
    pub of: Option<u64>,
    /// Events handed to nodes, in all.
    pub events: u64,
    /// Broken invariants, each counted once for each scenario.
    pub findings: u64,
    /// Marks of the catalogue that were reached anywhere.
    pub marks: u64,
    /// Marks of the catalogue.
    pub marks_of: u64,
}

/// Why a sweep came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// There is no scenario to run.
    #[error("a sweep needs a scenario")]
    Empty,
    /// A scenario stands twice: its runs would be the same runs.
    #[error("the scenario {0} stands twice")]
    Twice(&'static str),
    /// Two runs of one case differ: nothing that was found could be relied on.
    #[error(transparent)]
    Differs(#[from] Box<Difference>),
    /// The nodes or the scenarios have a mark that is not in the catalogue.
    #[error(transparent)]
    Mark(#[from] MarkError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl<P: Judged> Sweep<'_, P> {
    /// What the sweep is, whoever runs which part of it. Makes the first run.
    ///
    /// # Errors
    /// No scenario, one that stands twice, or one that promises a mark nobody catalogued.
    pub fn plan(&self) -> Result<SweepPlan, SweepError> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.scenarios.iter().find(|one| !names.insert(one.name())) {
            return Err(SweepError::Twice(twice.name()));
        }
        if self.scenarios.is_empty() {
            return Err(SweepError::Empty);
        }
        check_promises(self.scenarios)?;
        let runs = match self.end {
            SweepEnd::Runs(runs) => Some(runs),
            SweepEnd::After(_) => None,
        };
        Ok(SweepPlan::new(self.scenarios, self.config, runs, self.seed))
    }

    /// Runs the shard from its start, or from where its journal ends. `progress` is told at the
    /// start and after each batch of runs, which takes about a fifth of a second.
    ///
    /// # Errors
    /// A sweep that cannot be, a journal that cannot be used, a mark that nobody catalogued, or
    /// the first of the runs made twice that did not come to the same.
    pub fn run(&self, mut progress: impl FnMut(&SweepProgress)) -> Result<SweepReport, SweepError> {
        let plan = self.plan()?;
        let (mut journal, state) = match self.journal {
            None => (None, None),
            Some(path) => {
                let (journal, state) = Journal::open(path, self.resume, &plan, self.shard)?;
                (Some(journal), state)
            }
        };
        let mut state = state.unwrap_or_else(|| self.start());
        let share = plan.runs.map(|runs| self.shard.share(runs));
        progress(&of(&state, share));
        let started = Stopwatch::start();
        let mut size = self.pool.threads() as u64;
        loop {
            let count = share.map_or(size, |share| size.min(share - state.done));
            if count == 0 {
                break;
            }
            let batch = Stopwatch::start();
            self.batch(&plan, &mut state, count)?;
            if let Some(journal) = &mut journal {
                journal.write(&state)?;
            }
            progress(&of(&state, share));
            size = next_size(size, batch.passed(), self.pool.threads() as u64);
            if matches!(self.end, SweepEnd::After(most) if started.passed() >= most) {
                break;
            }
        }
        let shards = Shards { of: self.shard.of(), done: BTreeSet::from([self.shard.number()]) };
        Ok(SweepReport::new(plan, shards, state.scenarios))
    }

    fn start(&self) -> State {
        let marks = || P::MARKS.iter().map(|mark| mark.name);
        let tally = |one: &&dyn Scenario<P>| SweepTally::new(one.name(), marks());
        State { done: 0, scenarios: self.scenarios.iter().map(tally).collect() }
    }

    /// Makes the next `count` runs of the shard, and a share of these twice.
    fn batch(&self, plan: &SweepPlan, state: &mut State, count: u64) -> Result<(), SweepError> {
        let own = state.done..state.done + count;
        let work: Vec<(usize, u64)> = own.map(|own| plan.turn(self.shard.run(own))).collect();
        let case = |i: usize, seed| case_of_seed(self.scenarios[i], self.config, seed);
        let outcomes = parallel(self.pool, &work, |(i, seed)| run(&case(*i, *seed)), || ());
        let twice = share(self.scenarios, &work);
        let case_at = |place: usize| case(work[place].0, work[place].1);
        recheck_runs(self.pool, &twice, case_at, &outcomes, || ())?;
        for place in twice {
            state.scenarios[work[place].0].rechecked += 1;
        }
        for ((i, seed), outcome) in work.iter().zip(&outcomes) {
            state.scenarios[*i].add(*seed, outcome)?;
        }
        state.done += count;
        Ok(())
    }
}

/// How many runs the next batch gets, after one of `size` that took so long.
fn next_size(size: u64, took: Duration, threads: u64) -> u64 {
    let fitting = u128::from(size) * BATCH.as_micros() / took.as_micros().max(1);
    let fitting = u64::try_from(fitting).unwrap_or(u64::MAX);
    fitting.min(size.saturating_mul(GROWTH)).min(BATCH_MOST).max(threads)
}

fn of(state: &State, share: Option<u64>) -> SweepProgress {
    let all = &state.scenarios;
    let is_reached = |mark: &&String| all.iter().any(|one| one.marks.get(*mark) > Some(&0));
    let marks: BTreeSet<&String> = all.iter().flat_map(|one| one.marks.keys()).collect();
    SweepProgress {
        done: state.done,
        of: share,
        events: all.iter().fold(0, |sum, one| sum.saturating_add(one.events)),
        findings: all.iter().map(|one| one.broken.len() as u64).sum(),
        marks: marks.iter().copied().filter(is_reached).count() as u64,
        marks_of: marks.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_to_a_fifth_of_a_second_and_shrink_to_a_run_for_each_thread() {
        let millis = Duration::from_millis;
        assert_eq!(next_size(4, millis(1), 4), 16);
        assert_eq!(next_size(400, millis(400), 4), 200);
        assert_eq!(next_size(4, millis(9_000), 4), 4);
        assert_eq!(next_size(BATCH_MOST, Duration::ZERO, 4), BATCH_MOST);
    }
}
