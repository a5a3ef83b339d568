//! Runs many cases twice and compares the digests: in order, and backwards on other threads.
//!
//! `cargo run --release --example determinism -- 1000000`

use std::io::Write;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use wavetank::digest::{Digest, Digester};
use wavetank::explore::{Pool, case_of_seed, parallel, run};
use wavetank_models::Config;
use wavetank_sims::scenarios;

/// Scenarios with three clients and a horizon of 30 seconds, taken in turn.
const SCENARIOS: [&str; 2] = ["edit-while-updates", "slow-network"];

/// The digest and the events of the n-th case, which is made anew from its seed.
fn outcome(nth: u64) -> (Digest, u64) {
    let count = SCENARIOS.len() as u64;
    let name = SCENARIOS[(nth % count) as usize];
    let scenario = scenarios::named(name).expect("a known scenario");
    let mut case = case_of_seed(scenario, &Config::default(), nth / count);
    // A digest does not depend on who judges, so nobody does.
    case.invariants = Some(Vec::new());
    let outcome = run(&case);
    (outcome.digest, outcome.counts.events)
}

fn main() -> ExitCode {
    let mut output = std::io::stdout().lock();
    let count = match std::env::args().nth(1).map(|text| text.parse::<u64>()) {
        None => 1_000,
        Some(Ok(count)) => count,
        Some(Err(error)) => {
            let _ = writeln!(output, "the number of cases: {error}");
            return ExitCode::from(2);
        }
    };
    let bar = ProgressBar::new(count * 2);
    let template = "{msg:10} {wide_bar} {pos}/{len} runs, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).expect("a template"));
    let pool = Pool::new(0);
    let pass = |order: &[u64], name: &'static str| {
        bar.set_message(name);
        parallel(&pool, order, |nth| outcome(*nth), || bar.inc(1))
    };
    let order: Vec<u64> = (0..count).collect();
    let backwards: Vec<u64> = order.iter().rev().copied().collect();
    let first = pass(&order, "in order");
    let second = pass(&backwards, "backwards");
    bar.finish_and_clear();

    let mut digest = Digester::default();
    let (mut events, mut different) = (0, 0);
    for (nth, (one, other)) in order.iter().zip(first.iter().zip(second.iter().rev())) {
        digest.value(&one.0);
        events += one.1;
        if one != other {
            different += 1;
            let _ = writeln!(output, "case {nth}: {} and {}", one.0, other.0);
        }
    }
    let digest = digest.finish();
    let _ = writeln!(
        output,
        "{count} cases, {events} events each time, {different} different; digest of all {digest}"
    );
    ExitCode::from(if different == 0 { 0 } else { 6 })
}
