//! One run: a case in, an outcome out.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use super::case::Case;
use super::watchdog::Watched;
use crate::digest::Digest;
use crate::engine::{Counts, Limits, World};
use crate::fault::Timeline;
use crate::history::{History, Phase};
use crate::invariant::{Judge, Judged, TraceLine, Violation};
use crate::time::Time;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every invariant held.
    Held,
    /// At least one invariant did not. The first violation of each, in the order of time.
    Violated(Vec<Violation>),
    /// A node or a checker panicked with this message. Never a pass.
    Panicked(String),
}

impl From<Vec<Violation>> for Verdict {
    fn from(violations: Vec<Violation>) -> Self {
        if violations.is_empty() { Self::Held } else { Self::Violated(violations) }
    }
}

impl Verdict {
    /// The violations, if there are any.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Violated(violations) => violations,
            _ => &[],
        }
    }
    /// The violation of one invariant.
    pub fn violation_of(&self, invariant: &str) -> Option<&Violation> {
        self.violations().iter().find(|violation| violation.invariant == invariant)
    }
    /// Whether every invariant held.
    pub fn held(&self) -> bool {
        *self == Self::Held
    }
}

/// All that is known of a run, whatever was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it came to.
    pub verdict: Verdict,
    /// 128 bits over every event and observation; does not depend on which invariants judge.
    pub digest: Digest,
    /// What happened, in numbers.
    pub counts: Counts,
    /// The states that the models said they reached, and how often.
    pub marks: BTreeMap<&'static str, u64>,
}

/// What a recorded run leaves besides its outcome.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Every observation.
    pub history: History,
    /// Every event in words.
    pub trace: Vec<TraceLine>,
}

/// How much of a connection is real in a run on the discrete engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fidelity {
    /// Messages travel as they are.
    #[default]
    Message,
    /// They travel as the bytes of a real WebSocket codec.
    #[cfg(feature = "wire")]
    Wire,
}

/// Runs a case.
pub fn run<P: Judged>(case: &Case<P>) -> Outcome {
    run_at(Fidelity::Message, case)
}

/// Runs a case and keeps its history and a trace.
pub fn run_recorded<P: Judged>(case: &Case<P>) -> (Outcome, Recording) {
    run_recorded_at(Fidelity::Message, case)
}

/// Runs a case at a fidelity.
pub fn run_at<P: Judged>(fidelity: Fidelity, case: &Case<P>) -> Outcome {
    let judge = Judge::new(P::invariants(&case.objectives), case.invariants.as_deref());
    guarded(fidelity, case, judge).0
}

/// Runs a case at a fidelity and keeps its history and a trace.
pub fn run_recorded_at<P: Judged>(fidelity: Fidelity, case: &Case<P>) -> (Outcome, Recording) {
    let judge = Judge::new(P::invariants(&case.objectives), case.invariants.as_deref());
    guarded(fidelity, case, judge.recording().tracing())
}

fn guarded<P: Judged>(fidelity: Fidelity, case: &Case<P>, judge: Judge<P>) -> (Outcome, Recording) {
    let _watched = Watched::new(&case.origin);
    quiet_panics();
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| drive(fidelity, case, judge)));
    QUIET.set(false);
    result.unwrap_or_else(|payload| {
        let outcome = Outcome {
            verdict: Verdict::Panicked(message_of(payload.as_ref())),
            digest: Digest::default(),
            counts: Counts::default(),
            marks: BTreeMap::new(),
        };
        (outcome, Recording::default())
    })
}

fn drive<P: Judged>(fidelity: Fidelity, case: &Case<P>, judge: Judge<P>) -> (Outcome, Recording) {
    let config = Arc::new(case.config.clone());
    let mut world = World::new(
        &case.topology,
        &case.network,
        config,
        &case.objectives,
        case.seed,
        case.limits(),
        judge,
    );
    match fidelity {
        Fidelity::Message => {}
        #[cfg(feature = "wire")]
        Fidelity::Wire => world = world.over_wire(),
    }
    world.start();
    let nodes = case.topology.nodes.iter().map(|node| node.id).collect();
    let mut faults = Timeline::new(&case.plan, nodes, case.horizon);
    faults.prepare(&mut world);
    let mut operations: Vec<_> =
        case.operations.iter().filter(|operation| operation.at <= case.horizon).collect();
    operations.sort_by_key(|operation| operation.at);
    let mut operations = operations.into_iter().peekable();

    let mut in_budget = true;
    while in_budget {
        let operation = operations.peek().map(|operation| operation.at);
        let next = [operation, faults.next()].into_iter().flatten().min();
        let Some(at) = next else { break };
        in_budget = world.run_until(at);
        if faults.next() == Some(at) {
            faults.step(&mut world);
        } else if let Some(operation) = operations.next() {
            world.give(operation.node, operation.id, &operation.op);
        }
    }
    in_budget = in_budget && world.run_until(case.horizon);
    world.phase(Phase::Healed);
    in_budget = in_budget && world.run_until(case.end());
    world.phase(Phase::Quiet);
    conclude(world, case.limits(), in_budget)
}

fn conclude<P: Judged>(
    world: World<P, Judge<P>>,
    limits: Limits,
    in_budget: bool,
) -> (Outcome, Recording) {
    let at = world.now();
    let (digest, counts, marks, runaway, judge) = world.finish();
    // A run that was cut short proves nothing about what should hold in the end.
    let end = in_budget.then_some(at);
    let (mut violations, history, trace) = judge.finish(end);
    if let (false, Some(names)) = (in_budget, runaway) {
        let whole = counts.events > limits.events;
        let most = if whole { limits.events } else { limits.instant };
        violations.push(progress(at, &names, most, if whole { "by" } else { "at" }));
    }
    violations.sort_by_key(|violation| violation.at);
    let recording =
        Recording { history: history.unwrap_or_default(), trace: trace.unwrap_or_default() };
    (Outcome { verdict: violations.into(), digest, counts, marks }, recording)
}

/// The most names that a loop is told in.
const NAMES: usize = 4;

/// The violation of a run that used up its budget, naming the loop that did: those of its last
/// events that came more than once, in an order that does not depend on where it was stopped.
fn progress(at: Time, last: &[String], most: u64, when: &str) -> Violation {
    let times = |name: &String| last.iter().filter(|other| *other == name).count();
    let mut names: Vec<&str> =
        last.iter().filter(|name| times(name) > 1).map(String::as_str).collect();
    if names.is_empty() {
        names.extend(last.iter().map(String::as_str));
    }
    names.sort_unstable();
    names.dedup();
    let more = if names.len() > NAMES { " and others" } else { "" };
    names.truncate(NAMES);
    let (names, most, time) = (names.join(", "), in_groups(most), at.since(Time::ZERO));
    Violation {
        invariant: "progress".to_owned(),
        at,
        node: None,
        message: format!("{names}{more}, over and over: more than {most} events {when} {time}"),
    }
}

/// A number as people write it: 10,300.
fn in_groups(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the default hook from printing panics that a run catches.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
