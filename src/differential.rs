//! One case at several fidelities, and whether they agree.
//!
//! The discrete engine carries messages as they are or in the bytes of a real codec; behind the
//! feature `stack` the same nodes run on tokio. A finding that shows at all of them is no
//! artefact of one. Two runs agree if they end in the same way and what broke first at the
//! lower fidelity broke at the higher as well; and where the stores took the same operations in
//! the same order, if all that people see in the end is the same.

use std::collections::BTreeMap;
use std::fmt;

use crate::explore::{Case, Fidelity, Outcome, Verdict, run_recorded_at};
use crate::history::{History, Observation, Value};
use crate::id::{Field, NodeId, OpId, Topic};
use crate::invariant::Judged;

/// How much of a run is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The state machines.
    Message,
    /// The codec as well: handshakes, frames, JSON.
    #[cfg(feature = "wire")]
    Wire,
    /// tokio and its TCP, over turmoil, as well.
    #[cfg(feature = "stack")]
    Stack,
}

impl Level {
    /// All that this build has, the lowest first.
    pub const ALL: &'static [Self] = &[
        Self::Message,
        #[cfg(feature = "wire")]
        Self::Wire,
        #[cfg(feature = "stack")]
        Self::Stack,
    ];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "message",
            #[cfg(feature = "wire")]
            Self::Wire => "wire",
            #[cfg(feature = "stack")]
            Self::Stack => "stack",
        })
    }
}

/// What people see of a topic at a node: the value of each field.
pub type Contents = BTreeMap<(NodeId, Topic), BTreeMap<Field, Value>>;

/// What a case came to at one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The outcome. Its digest means something only where there is no `cost`.
    pub outcome: Outcome,
    /// The operations that stores took, in their order.
    pub commits: Vec<OpId>,
    /// What people see in the end.
    pub contents: Contents,
    /// What it took, on a network that gives no digest.
    pub cost: Option<String>,
}

/// What came of running a case at one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It ran.
    To(Box<Run>),
    /// It was not run: these faults, by number and name, cannot be expressed there.
    Inexpressible(Vec<(usize, &'static str)>),
    /// It stopped before its end.
    Stopped(String),
}

impl Came {
    /// The run, if there was one.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Self::To(run) => Some(run),
            _ => None,
        }
    }
}

/// Runs a case at one level.
pub fn run_at_level<P: Judged>(level: Level, case: &Case<P>) -> Came {
    let fidelity = match level {
        Level::Message => Fidelity::Message,
        #[cfg(feature = "wire")]
        Level::Wire => Fidelity::Wire,
        #[cfg(feature = "stack")]
        Level::Stack => return on_stack(case),
    };
    let (outcome, recording) = run_recorded_at(fidelity, case);
    Came::To(Box::new(of_history(outcome, &recording.history)))
}

#[cfg(feature = "stack")]
fn on_stack<P: Judged>(case: &Case<P>) -> Came {
    use crate::stack::{Options, StackError, StackOutcome, run_on_turmoil};
    match run_on_turmoil(case, Options::default()) {
        Ok(StackOutcome { violations, history, counts, marks, steps, segments, hosts, .. }) => {
            let digest = crate::digest::Digest::default();
            let outcome = Outcome { verdict: violations.into(), digest, counts, marks };
            let cost = format!("{hosts} hosts, {steps} turmoil steps, {segments} TCP segments");
            Came::To(Box::new(Run { cost: Some(cost), ..of_history(outcome, &history) }))
        }
        Err(StackError::Faults(faults)) => Came::Inexpressible(faults),
        Err(error) => Came::Stopped(error.to_string()),
    }
}

fn of_history(outcome: Outcome, history: &History) -> Run {
    let mut commits = Vec::new();
    let mut contents = Contents::new();
    for record in history {
        match &record.what {
            Observation::Stored { write: Some(write), .. } if !write.changes.is_empty() => {
                commits.extend(write.op);
            }
            Observation::Node(life) if life.starts_or_ends() => {
                contents.retain(|(node, _), _| *node != record.node);
            }
            Observation::ShownContent(reading) if reading.part == 0 => {
                let seen = contents.entry((record.node, reading.topic)).or_default();
                if reading.whole {
                    seen.clear();
                }
                for change in &reading.changes {
                    match change.value {
                        Some(value) => seen.insert(change.field, value),
                        None => seen.remove(&change.field),
                    };
                }
            }
            _ => {}
        }
    }
    Run { outcome, commits, contents, cost: None }
}

/// In what two runs of one case do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// One held, the other did not, or what broke first at the lower level did not break at the
    /// higher.
    Verdict,
    /// The stores took the same operations in the same order, and this node shows something
    /// else of the topic.
    Contents(NodeId, Topic),
}

/// What a case came to at several levels, the lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The runs.
    pub runs: Vec<(Level, Came)>,
}

impl Comparison {
    /// Runs a case at each of these levels.
    pub fn of<P: Judged>(case: &Case<P>, levels: &[Level]) -> Self {
        Self { runs: levels.iter().map(|level| (*level, run_at_level(*level, case))).collect() }
    }

    /// The lowest level, with which the others are compared.
    pub fn first(&self) -> Option<&Run> {
        self.runs.iter().find_map(|(_, came)| came.run())
    }

    /// Where a level does not agree with the lowest.
    pub fn disagreements(&self) -> Vec<(Level, Disagreement)> {
        let Some(first) = self.first() else { return Vec::new() };
        let mut found = Vec::new();
        for (level, came) in &self.runs {
            let run = match came {
                Came::To(run) => run,
                Came::Inexpressible(_) => continue,
                // A node panicked, or went in a loop.
                Came::Stopped(_) => {
                    if first.outcome.verdict.held() {
                        found.push((*level, Disagreement::Verdict));
                    }
                    continue;
                }
            };
            if !agree(&first.outcome.verdict, &run.outcome.verdict) {
                found.push((*level, Disagreement::Verdict));
            } else if let Some((node, topic)) = differs(first, run) {
                found.push((*level, Disagreement::Contents(node, topic)));
            }
        }
        found
    }
}

fn agree(lower: &Verdict, higher: &Verdict) -> bool {
    match (lower, higher) {
        (Verdict::Violated(broken), Verdict::Violated(_)) => {
            broken.first().is_none_or(|first| higher.violation_of(&first.invariant).is_some())
        }
        (Verdict::Panicked(_), Verdict::Panicked(_)) => true,
        _ => lower == higher,
    }
}

/// A node that shows something else, where the two runs can be compared at all.
fn differs(one: &Run, other: &Run) -> Option<(NodeId, Topic)> {
    if one.commits != other.commits || !one.outcome.verdict.held() {
        return None;
    }
    let of_either = one.contents.keys().chain(other.contents.keys());
    of_either.copied().find(|key| one.contents.get(key) != other.contents.get(key))
}
