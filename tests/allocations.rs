//! The engine allocates nothing for an event: what is allocated in the steady state of a workload
//! is the protocol's own.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wavetank::explore::{Case, case_of_seed, run};
use wavetank::fault::Plan;
use wavetank_sims::w::{Setup, W, Workload};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations and events of a run of W in which nobody is cut off, the case not counted.
fn cost(seconds: u64) -> (u64, u64) {
    let setup = Setup { seconds, ..Setup::default() };
    let mut case: Case<W> = case_of_seed(&Workload, &setup, 0);
    case.plan = Plan::default();
    let region = Region::new(GLOBAL);
    let outcome = run(&case);
    let made = region.change();
    assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
    ((made.allocations + made.reallocations) as u64, outcome.counts.events)
}

#[test]
fn an_event_of_the_steady_state_allocates_nothing() {
    let (short, long) = (cost(120), cost(720));
    let (allocations, events) = (long.0 - short.0, long.1 - short.1);
    // The server's log is the protocol's own: it grows by doubling.
    assert!(events > 10_000 && allocations <= 8, "{allocations} allocations, {events} events");
}
