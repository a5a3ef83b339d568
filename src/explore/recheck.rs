//! Running a case again, to see whether it is a function of itself.

use std::fmt;

use super::case::Case;
use super::run::{Outcome, Recording, Verdict, run, run_recorded};
use super::scenario::Scenario;
use super::sweep::{Pool, parallel};
use crate::digest::Digest;
use crate::invariant::Judged;
use crate::rng::Draw;

/// One in this many seeds of a campaign is run twice.
const SHARE: u64 = 16;
/// Recorded runs that are made to see where two runs part. What is left to chance may come to
/// the same twice.
const TRIES: usize = 8;

/// Whether a campaign is to run this seed of a scenario twice: a share of the seeds, chosen by
/// their own draw, so that neither order nor number of the others matters.
pub fn is_rechecked(scenario: &str, seed: u64) -> bool {
    Draw::seeded(seed).purpose("recheck").purpose(scenario).below(0, SHARE) == 0
}

/// Two runs of one case that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The scenario that the case came from.
    pub scenario: String,
    /// The seed that the case came from.
    pub seed: Option<u64>,
    /// The case in words.
    pub case: String,
    /// The digests of the two runs. They may be the same where only the verdicts differ.
    pub digests: [Digest; 2],
    /// Where they part; nothing if recorded runs came to the same every time.
    pub parting: Option<Parting>,
}

/// The first event that two runs do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// Its number in the trace or the history, from 0.
    pub index: usize,
    /// What it was in either run; nothing where the run was over.
    pub events: [Option<String>; 2],
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, other] = self.digests;
        let seed = self.seed.map_or_else(|| "no seed".to_owned(), |seed| format!("seed {seed}"));
        writeln!(f, "two runs of one case differ: {seed} of {}, {one} and {other}", self.scenario)?;
        match &self.parting {
            None => writeln!(f, "recorded, the runs came to the same every time")?,
            Some(Parting { index, events }) => {
                writeln!(f, "the first event that differs is number {index}:")?;
                for event in events {
                    writeln!(f, "  {}", event.as_deref().unwrap_or("nothing more"))?;
                }
            }
        }
        write!(f, "the case: {}", self.case.trim_end())
    }
}

impl std::error::Error for Difference {}

/// Runs a case once more. If it does not come to the same, says how the two runs differ, and
/// where.
///
/// # Errors
/// The difference.
pub fn recheck<P: Judged>(case: &Case<P>, first: &Outcome) -> Result<(), Box<Difference>> {
    let second = run(case);
    if second == *first {
        return Ok(());
    }
    let recorded = run_recorded(case);
    let parting = (0..TRIES).find_map(|_| parting(&recorded, &run_recorded(case)));
    Err(Box::new(Difference {
        scenario: case.origin.scenario.clone(),
        seed: case.origin.seed,
        case: case.in_words(),
        digests: [first.digest, second.digest],
        parting,
    }))
}

/// The runs of a campaign that are made twice, by their place: each is a scenario, by its number,
/// and a seed.
pub fn share<P: Judged>(scenarios: &[&dyn Scenario<P>], runs: &[(usize, u64)]) -> Vec<usize> {
    let is_chosen = |place: &usize| {
        let (scenario, seed) = runs[*place];
        is_rechecked(scenarios[scenario].name(), seed)
    };
    (0..runs.len()).filter(is_chosen).collect()
}

/// Makes runs of a campaign for the second time, backwards, so that each meets another thread and
/// other neighbours than before. `done` is called after each, from any thread.
///
/// # Errors
/// The first of them that does not come to the same.
pub fn recheck_runs<P: Judged>(
    pool: &Pool,
    chosen: &[usize],
    case: impl Fn(usize) -> Case<P> + Sync,
    outcomes: &[Outcome],
    done: impl Fn() + Sync,
) -> Result<(), Box<Difference>> {
    let backwards: Vec<usize> = chosen.iter().rev().copied().collect();
    let again = |place: &usize| recheck(&case(*place), &outcomes[*place]);
    parallel(pool, &backwards, again, done).into_iter().rev().collect()
}

/// Where two recorded runs part: in the trace or, where that does not show it or shows it
/// later, in the history.
fn parting(one: &(Outcome, Recording), other: &(Outcome, Recording)) -> Option<Parting> {
    let panic = |outcome: &Outcome| match &outcome.verdict {
        Verdict::Panicked(message) => Some(format!("a panic: {message}")),
        _ => None,
    };
    let panics = [panic(&one.0), panic(&other.0)];
    if panics[0] != panics[1] {
        return Some(Parting { index: 0, events: panics });
    }
    let (one, other) = (&one.1, &other.1);
    let trace = first_difference(&one.trace, &other.trace, |line| {
        (line.at, format!("{} {} {}", line.at, line.node, line.text))
    });
    let history = first_difference(&one.history, &other.history, |record| {
        (record.at, format!("{} {} {:?}", record.at, record.node, record.what))
    });
    let found = [trace, history].into_iter().flatten();
    found.min_by_key(|(at, _)| *at).map(|(_, parting)| parting)
}

/// The first place where two lists differ, with what stands there, and the earlier time of it.
fn first_difference<T: PartialEq, K: Ord>(
    one: &[T],
    other: &[T],
    show: impl Fn(&T) -> (K, String),
) -> Option<(K, Parting)> {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let shown = [one.get(same), other.get(same)].map(|item| item.map(&show));
    let [one, other] = shown.map(Option::unzip);
    let at = [one.0, other.0].into_iter().flatten().min()?;
    Some((at, Parting { index: same, events: [one.1, other.1] }))
}
