//! How fast runs are on one core: making the case, running it unjudged, running it judged.
//!
//! `cargo run --release --example speed -- 200 mixed slow-network`: so many cases of each of
//! these scenarios. Times are the processor's. `x real` is the simulated time of whole cases per
//! second, `x to heal` that of their first part alone, in which there is work and there are faults.
//! The digest at the end of a line is over all outcomes: two builds that print the same did the
//! same.

#[path = "../../benches/parts/timed.rs"]
mod timed;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use wavetank::digest::{Digest, Digester};
use wavetank::explore::{Case, Outcome, Pool, Scenario, Verdict, case_of_seed, parallel, run};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

/// What is measured unless the command line names others.
const SCENARIOS: [&str; 3] = ["mixed", "edit-while-updates", "slow-network"];

/// The seconds of processor time that `work` takes, and what it makes.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let (spent, made) = timed::timed(work);
    (spent.as_secs_f64(), made)
}

/// One digest over the outcomes of many runs, verdicts and messages included.
fn digest_of(outcomes: &[Outcome]) -> Digest {
    let mut digest = Digester::default();
    for Outcome { verdict, digest: one, .. } in outcomes {
        digest.value(one);
        match verdict {
            Verdict::Held => digest.value(&0u8),
            Verdict::Violated(violations) => digest.value(violations),
            Verdict::Panicked(message) => digest.value(message),
        };
    }
    digest.finish()
}

/// Measures the first `count` cases of a scenario, and says it in a line.
fn line(name: &str, count: u64) -> Option<String> {
    let scenario = scenarios::named(name)?;
    let config = Config::default();
    let make = || (0..count).map(|seed| case_of_seed(scenario, &config, seed)).collect();
    let (making, mut cases): (_, Vec<Case<DocSync>>) = timed(make);
    let run_all = |cases: &[Case<DocSync>]| cases.iter().map(run).collect::<Vec<_>>();
    let (judged, outcomes) = timed(|| run_all(&cases));
    for case in &mut cases {
        case.invariants = Some(Vec::new());
    }
    let (unjudged, _) = timed(|| run_all(&cases));

    let seconds = |micros: u64| micros as f64 / 1e6;
    let simulated = seconds(cases.iter().map(|case| case.end().as_micros()).sum());
    let at_work = seconds(cases.iter().map(|case| case.horizon.as_micros()).sum());
    let events: u64 = outcomes.iter().map(|outcome| outcome.counts.events).sum();
    let per_case = |seconds: f64| seconds * 1e6 / count as f64;
    Some(format!(
        "{name:20} {count:6} {events:9} {:10.0} {:10.0} {:10.0} {:10.0} {:10.0} {:10.0}  {}",
        per_case(making),
        per_case(unjudged),
        per_case(judged),
        judged * 1e9 / events as f64,
        simulated / judged,
        at_work / judged,
        digest_of(&outcomes),
    ))
}

/// How much sooner two threads are done than one, the best of five. Wall time, so that it says
/// something only where two cores are free.
#[expect(clippy::disallowed_methods, reason = "the clock of the machine is what is measured")]
fn threads(scenario: &dyn Scenario<DocSync>, count: u64) -> String {
    let config = Config::default();
    let seeds: Vec<u64> = (0..count).collect();
    let work = |seed: &u64| run(&case_of_seed(scenario, &config, *seed)).digest;
    let pools = [Pool::new(1), Pool::new(2)];
    let mut best = [f64::INFINITY; 2];
    for _ in 0..5 {
        for (pool, best) in pools.iter().zip(&mut best) {
            let start = Instant::now();
            let digests = parallel(pool, &seeds, work, || {});
            *best = best.min(start.elapsed().as_secs_f64());
            assert_eq!(digests.len(), seeds.len(), "each seed was run");
        }
    }
    format!("two threads: {:.2}x one", best[0] / best[1])
}

fn main() -> ExitCode {
    let mut output = std::io::stdout().lock();
    let mut words = std::env::args().skip(1);
    let count = words.next().map_or(Ok(200), |text| text.parse::<u64>());
    let Ok(count @ 1..) = count else {
        let _ = writeln!(output, "the first argument is the number of cases");
        return ExitCode::from(2);
    };
    let named: Vec<String> = words.collect();
    let names = if named.is_empty() { SCENARIOS.map(str::to_owned).to_vec() } else { named };
    let _ = writeln!(
        output,
        "{:20} {:>6} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}  digest",
        "scenario",
        "cases",
        "events",
        "make us",
        "bare us",
        "judged us",
        "ns/event",
        "x real",
        "x to heal",
    );
    for name in &names {
        let Some(line) = line(name, count) else {
            let _ = writeln!(output, "no scenario `{name}`");
            return ExitCode::from(2);
        };
        let _ = writeln!(output, "{line}");
    }
    if let Some(scenario) = names.first().and_then(|name| scenarios::named(name)) {
        let _ = writeln!(output, "{}", threads(scenario, count));
    }
    ExitCode::SUCCESS
}
