//! What failing cases and calm ones come to at each fidelity that this build has.
//!
//! `cargo run --release --features stack --package wavetank-sims --example fidelities -- 3`: so
//! many failing cases of each failure mode, and cases of the reference. The table is that of the
//! book; every disagreement is told with the line that shows it again.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use wavetank::differential::{Came, Comparison, Level};
use wavetank::explore::{Pool, Verdict, parallel};
use wavetank_sims::differential::{Sample, samples};

/// Cases of each scenario on the reference.
const CALM: u64 = 8;

/// What a level came to, in a word.
fn word(came: &Came) -> &'static str {
    match came {
        Came::Inexpressible(_) => "not expressible",
        Came::Stopped(_) => "stopped",
        Came::To(run) => match run.outcome.verdict {
            Verdict::Held => "held",
            Verdict::Violated(_) => "violated",
            Verdict::Panicked(_) => "panicked",
        },
    }
}

fn main() -> ExitCode {
    let mut output = std::io::stdout().lock();
    let each = std::env::args().nth(1).map_or(Ok(3), |text| text.parse());
    let Ok(each) = each else {
        let _ = writeln!(output, "expected the number of failing cases of each failure mode");
        return ExitCode::from(2);
    };
    let samples: Vec<Sample> = samples(each, CALM).into_iter().filter(Sample::is_small).collect();
    let compare = |sample: &Sample| Comparison::of(&sample.case, Level::ALL);
    let comparisons = parallel(&Pool::new(0), &samples, compare, || ());
    let mut counts: BTreeMap<(bool, String, &str), u32> = BTreeMap::new();
    let mut foreign: BTreeMap<&str, u32> = BTreeMap::new();
    for (sample, comparison) in samples.iter().zip(&comparisons) {
        for (level, came) in &comparison.runs {
            let key = (sample.flaw.is_some(), level.to_string(), word(came));
            *counts.entry(key).or_default() += 1;
            if let Came::Inexpressible(faults) = came {
                let mut names: Vec<&str> = faults.iter().map(|(_, name)| *name).collect();
                names.sort_unstable();
                names.dedup();
                names.into_iter().for_each(|name| *foreign.entry(name).or_default() += 1);
            }
        }
        let origin = &sample.case.origin;
        for (level, what) in comparison.disagreements() {
            let _ = writeln!(
                output,
                "{}: {level} disagrees in {what:?}: {} seed {:?}",
                sample.flaw.unwrap_or("reference"),
                origin.scenario,
                origin.seed,
            );
        }
        for (level, came) in &comparison.runs {
            if let Came::Stopped(why) = came {
                let _ = writeln!(output, "{level} stopped: {} {why}", origin.scenario);
            }
        }
    }
    let _ = writeln!(output, "\n| cases | fidelity | verdict | count |\n|---|---|---|---|");
    for ((flawed, level, word), count) in counts {
        let of = if flawed { "of failure modes" } else { "of the reference" };
        let _ = writeln!(output, "| {of} | {level} | {word} | {count} |");
    }
    for (name, count) in foreign {
        let _ = writeln!(output, "\nnot expressible: {name}, in {count} cases");
    }
    ExitCode::SUCCESS
}
