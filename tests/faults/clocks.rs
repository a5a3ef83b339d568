//! Faults of clocks.

use wavetank::fault::{ClockFault, Fault, FaultKind};
use wavetank::history::Observation;
use wavetank::time::{Span, Wall};

use super::puppet::{ALICE, BOB, Do, Told, case, from, millis, told};

/// What a node's wall and monotonic clocks read when it is asked, in milliseconds of the run.
fn readings(told: &Told, node: wavetank::id::NodeId) -> Vec<(i64, i64)> {
    let start = Wall::START.as_micros();
    let reading =
        |values: Vec<u64>| ((values[1] as i64 - start as i64) / 1000, values[2] as i64 / 1000);
    told.all(node, "op").into_iter().map(|(_, values)| reading(values)).collect()
}

fn ask() -> Vec<(u64, wavetank::id::NodeId, Do)> {
    [1000, 3000, 6000]
        .into_iter()
        .flat_map(|at| [ALICE, BOB].map(|node| (at, node, Do::Nothing)))
        .collect()
}

#[test]
fn a_wall_clock_jumps_ahead_and_back_while_the_monotonic_one_goes_on() {
    let fault = FaultKind::Clock(ClockFault::Ahead(ALICE, Span::secs(90)));
    let told = told(&case(&ask(), vec![from(2000, 5000, fault)]));
    assert_eq!(readings(&told, ALICE), [(1000, 1000), (93_000, 3000), (6000, 6000)]);
    assert_eq!(readings(&told, BOB), [(1000, 1000), (3000, 3000), (6000, 6000)]);
    assert!(told.saw(|node, what| node == ALICE
        && matches!(what, Observation::Clock { wall_step_us: 90_000_000, .. })));
}

#[test]
fn a_wall_clock_jumps_behind_and_forth() {
    let fault = FaultKind::Clock(ClockFault::Behind(ALICE, Span::secs(90)));
    let told = told(&case(&ask(), vec![from(2000, 5000, fault)]));
    assert_eq!(readings(&told, ALICE), [(1000, 1000), (-87_000, 3000), (6000, 6000)]);
}

#[test]
fn a_permanent_offset_stays_beyond_the_horizon() {
    let kind = FaultKind::Clock(ClockFault::Ahead(ALICE, Span::secs(90)));
    let told = told(&case(&ask(), vec![Fault::for_good(millis(2000), kind)]));
    assert_eq!(readings(&told, ALICE)[2], (96_000, 6000));
}

#[test]
fn a_clock_that_drifts_makes_timers_early_and_late() {
    for (ppm, at) in [(250_000, 5800), (-200_000, 8500)] {
        let work = [(1000, ALICE, Do::Timer(1, Span::secs(6))), (6000, ALICE, Do::Nothing)];
        let fault = FaultKind::Clock(ClockFault::Drift(ALICE, ppm));
        let told = told(&case(&work, vec![from(1000, 20_000, fault)]));
        assert_eq!(told.times(ALICE, "timer"), [at], "at {ppm} ppm");
        let (wall, mono) = readings(&told, ALICE)[1];
        assert_eq!(mono, 1000 + 5000 + 5 * i64::from(ppm) / 1000);
        assert_eq!(wall, mono, "both clocks run at the same rate");
    }
}
