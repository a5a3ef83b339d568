//! Whether an event costs the same in large runs as in small ones.
//!
//! `cargo bench --package wavetank-sims --bench scale` runs W with few clients and with many, with
//! long sessions and with a herd, and prints the processor time of an event beside that of W as it
//! is compared with other engines. Each sample is a process of its own, which tells the most memory
//! that it held; samples are taken in turn.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]

#[path = "parts/timed.rs"]
mod timed;

use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use serde::{Deserialize, Serialize};
use timed::timed;
use wavetank::explore::{case_of_seed, run};
use wavetank_sims::w::{Setup, Workload};

/// A sample takes at least this long.
const SAMPLE_AT_LEAST: Duration = Duration::from_millis(100);

const W: Setup = Setup::W;

/// Clients that only ping, of a server that restarts.
const HERD: Setup = Setup { seconds: 300, edits: false, cuts: false, restart: true, ..W };

/// All of them; the first is what the others are held against.
const ROWS: [(&str, Setup); 11] = [
    ("W", W),
    ("100 clients", Setup { clients: 100, ..W }),
    ("a room of 1,000, 16 s", Setup { clients: 1_000, seconds: 16, ..W }),
    ("1,000 documents of 3", Setup { clients: 3_000, documents: 1_000, ..W }),
    ("one client, 60 s", Setup { clients: 1, ..W }),
    ("one client, 8 h", Setup { clients: 1, seconds: 8 * 3_600, ..W }),
    ("W for 24 h", Setup { seconds: 24 * 3_600, ..W }),
    (
        "an idle room, 24 h",
        Setup { seconds: 24 * 3_600, edits: false, pings: false, cuts: false, ..W },
    ),
    ("a herd of 1,000, 5 min", Setup { clients: 1_000, ..HERD }),
    ("a herd of 10,000, 5 min", Setup { clients: 10_000, ..HERD }),
    ("a herd of 100,000, 5 min", Setup { clients: 100_000, ..HERD }),
];

/// How the cost of an event grows with the size of a run.
#[derive(Parser)]
struct Args {
    /// Only the rows whose names contain this.
    only: Option<String>,
    /// Samples of each row; the table has their median.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Takes one sample of the row with this number, and prints it as JSON.
    #[arg(long, hide = true)]
    row: Option<usize>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Sample {
    ns_per_run: u64,
    events: u64,
    /// The most memory that the process held.
    peak_kib: u64,
}

/// The most memory that this process has held, where the system tells.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    number.unwrap_or(0)
}

fn sample(setup: &Setup) -> Sample {
    let (mut spent, mut runs, mut events) = (Duration::ZERO, 0, 0);
    while spent < SAMPLE_AT_LEAST {
        let case = case_of_seed(&Workload, setup, runs);
        let (of_run, outcome) = timed(|| run(&case));
        assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
        (spent, runs, events) = (spent + of_run, runs + 1, events + outcome.counts.events);
    }
    let ns_per_run = spent.as_nanos() as u64 / runs;
    Sample { ns_per_run, events: events / runs, peak_kib: peak_kib() }
}

/// Takes a sample in a process of its own.
fn sample_apart(row: usize) -> Result<Sample, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["--row", &row.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).map_err(|_| format!("{}: {}", ROWS[row].0, said()))
}

fn table(rows: &[(usize, Vec<Sample>)]) {
    let median = |samples: &[Sample]| {
        let mut sorted = samples.to_vec();
        sorted.sort_by_key(|sample| sample.ns_per_run);
        sorted[sorted.len() / 2]
    };
    let ns = |sample: Sample| sample.ns_per_run as f64 / sample.events.max(1) as f64;
    let first = rows.first().filter(|(row, _)| *row == 0).map(|(_, samples)| ns(median(samples)));
    println!(
        "{:<26} {:>11} {:>12} {:>9} {:>7} {:>9}",
        "W with", "events", "ms a run", "ns/event", "to W", "peak MiB"
    );
    for (row, samples) in rows {
        let sample = median(samples);
        let ratio = first.map_or("-".to_owned(), |first| format!("{:.2}x", ns(sample) / first));
        println!(
            "{:<26} {:>11} {:>12.3} {:>9.0} {ratio:>7} {:>9}",
            ROWS[*row].0,
            sample.events,
            sample.ns_per_run as f64 / 1e6,
            ns(sample),
            samples.iter().map(|sample| sample.peak_kib).max().unwrap_or(0) / 1024,
        );
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(row) = args.row {
        let text = serde_json::to_string(&sample(&ROWS[row].1)).expect("a sample as JSON");
        println!("{text}");
        return ExitCode::SUCCESS;
    }
    let chosen = |row: &usize| args.only.as_ref().is_none_or(|only| ROWS[*row].0.contains(only));
    let mut rows: Vec<_> = (0..ROWS.len()).filter(chosen).map(|row| (row, Vec::new())).collect();
    for _ in 0..args.samples {
        for (row, samples) in &mut rows {
            match sample_apart(*row) {
                Ok(sample) => samples.push(sample),
                Err(error) => {
                    eprintln!("error: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    table(&rows);
    ExitCode::SUCCESS
}
