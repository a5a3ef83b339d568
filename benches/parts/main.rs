//! What the parts of the engine cost.
//!
//! `cargo bench --package wavetank-sims --bench parts` prints the processor time of a unit of each
//! part. With `-- --count` each part runs under valgrind, and the instructions of a unit are held
//! against `benches/parts/counts.toml`: seconds differ from machine to machine and from minute to
//! minute, instructions hardly do.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]
#![expect(unreachable_pub, reason = "files of the engine are included as they are")]

mod counts;
#[path = "../../src/engine"]
mod engine {
    #![allow(dead_code, unused_imports, reason = "only some of it is measured")]
    pub mod agenda;
    pub mod heap;
    pub mod link;
    pub mod path;
}
mod parts;
mod timed;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
// What the included files call `crate::…`.
use wavetank::{history, id, rng, time};

use parts::{PARTS, Part};
use timed::timed;

/// A sample takes at least this long.
const SAMPLE_AT_LEAST: Duration = Duration::from_millis(50);

/// What the parts of the engine cost, in processor time or in instructions.
#[derive(Parser)]
struct Args {
    /// Only the parts whose names contain this.
    only: Option<String>,
    /// Samples of each part; the table has their median.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Counts instructions under valgrind, and fails where there are more than are pinned.
    #[arg(long)]
    count: bool,
    /// Counts instructions and pins them.
    #[arg(long, conflicts_with = "only")]
    accept: bool,
    /// Runs so many units of the one part that is named in full, and prints nothing.
    #[arg(long, hide = true, requires = "only")]
    units: Option<u64>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Nanoseconds of processor time that a unit takes: the median of the samples.
fn nanoseconds(part: &Part, samples: u32) -> f64 {
    let mut work = (part.prepare)();
    let mut units = 1;
    while timed(|| work(units)).0 < SAMPLE_AT_LEAST {
        units *= 2;
    }
    let mut taken: Vec<_> = (0..samples).map(|_| timed(|| work(units)).0).collect();
    taken.sort_unstable();
    taken[taken.len() / 2].as_nanos() as f64 / units as f64
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(units) = args.units {
        let part = PARTS.iter().find(|part| Some(part.name) == args.only.as_deref());
        let Some(part) = part else { return ExitCode::from(2) };
        (part.prepare)()(units);
        return ExitCode::SUCCESS;
    }
    let chosen = |part: &&Part| args.only.as_ref().is_none_or(|only| part.name.contains(only));
    let chosen: Vec<&Part> = PARTS.iter().filter(chosen).collect();
    if args.count || args.accept {
        return counts::compare(&chosen, args.accept).unwrap_or_else(|error| {
            eprintln!("error: {error}");
            ExitCode::from(2)
        });
    }
    println!("{:<28} {:>14}  unit", "part", "ns per unit");
    for part in chosen {
        println!("{:<28} {:>14.1}  {}", part.name, nanoseconds(part, args.samples), part.unit);
    }
    ExitCode::SUCCESS
}
