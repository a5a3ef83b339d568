//! Small changes of a case: what a guided exploration tries next.

use super::super::case::{Case, Operation};
use crate::fault::{Fault, Plan};
use crate::id::OpId;
use crate::invariant::Judged;
use crate::rng::Rng;
use crate::time::{Span, Time};

/// A change of `case`, perhaps with parts of `other`. It may be no valid case.
pub(super) fn changed<P: Judged>(case: &Case<P>, other: &Case<P>, rng: &mut Rng) -> Case<P> {
    let mut case = case.clone();
    for _ in 0..=rng.below(3) {
        match rng.below(7) {
            0 => case.seed = rng.word(),
            1 => case.plan = with(&case.plan, pick(&other.plan.0, rng).cloned()),
            2 => case.plan = without(&case.plan, rng),
            3 => case.plan = moved(&case.plan, rng, case.horizon),
            4 => case.plan = again(&case.plan, rng, case.horizon),
            5 => borrow_operation(&mut case, other, rng),
            _ => move_operation(&mut case, rng),
        }
    }
    case.origin.seed = None;
    case.origin.breaks = None;
    case.origin.digest = None;
    case
}

fn pick<'a, T>(list: &'a [T], rng: &mut Rng) -> Option<&'a T> {
    if list.is_empty() { None } else { list.get(rng.below(list.len() as u64) as usize) }
}

fn with(plan: &Plan, fault: Option<Fault>) -> Plan {
    Plan::new(plan.0.iter().cloned().chain(fault).collect())
}

fn without(plan: &Plan, rng: &mut Rng) -> Plan {
    let mut faults = plan.0.clone();
    if !faults.is_empty() {
        faults.remove(rng.below(faults.len() as u64) as usize);
    }
    Plan::new(faults)
}

/// A time near another: within a moment or within seconds, since races live at both.
fn near(at: Time, rng: &mut Rng, horizon: Time) -> Time {
    let by = if rng.chance(500_000) { Span::millis(200) } else { Span::secs(5) };
    let by = rng.span(Span::ZERO, by);
    let micros = at.as_micros();
    let moved = if rng.chance(500_000) {
        micros.saturating_add(by.as_micros())
    } else {
        micros.saturating_sub(by.as_micros())
    };
    Time::from_micros(moved.min(horizon.as_micros()))
}

fn moved(plan: &Plan, rng: &mut Rng, horizon: Time) -> Plan {
    let mut faults = plan.0.clone();
    if !faults.is_empty() {
        let fault = rng.below(faults.len() as u64) as usize;
        faults[fault].at = near(faults[fault].at, rng, horizon);
    }
    Plan::new(faults)
}

/// The same fault once more, a little later or earlier.
fn again(plan: &Plan, rng: &mut Rng, horizon: Time) -> Plan {
    let twin = pick(&plan.0, rng).cloned().map(|mut fault| {
        fault.at = near(fault.at, rng, horizon);
        fault
    });
    with(plan, twin)
}

fn borrow_operation<P: Judged>(case: &mut Case<P>, other: &Case<P>, rng: &mut Rng) {
    let next = case.operations.iter().map(|one| one.id.0 + 1).max().unwrap_or(1);
    let borrowed = pick(&other.operations, rng).cloned();
    case.operations.extend(borrowed.map(|one| Operation { id: OpId(next), ..one }));
    case.operations.sort_by_key(|one| one.at);
}

fn move_operation<P: Judged>(case: &mut Case<P>, rng: &mut Rng) {
    if case.operations.is_empty() {
        return;
    }
    let place = rng.below(case.operations.len() as u64) as usize;
    let horizon = case.horizon;
    let operation = &mut case.operations[place];
    operation.at = near(operation.at, rng, horizon);
    case.operations.sort_by_key(|one| one.at);
}
