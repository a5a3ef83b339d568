//! Runs one workload on wavetank and on its peers, interleaved in one process, and prints how
//! they compare.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- --json FILE`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]

mod hub;
mod on_madsim;
mod on_turmoil;
mod on_wavetank;
mod plot;
mod ran;
#[path = "../../parts/timed.rs"]
mod timed;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use ran::{Ran, Samples, table};
use timed::timed;
use wavetank::explore::Fidelity;
use wavetank_sims::w::Setup;

/// A sample takes at least this long, so that the first touch of memory does not count; a quick
/// engine runs several seeds in it.
const SAMPLE_AT_LEAST: Duration = Duration::from_millis(50);

/// The same workload on wavetank and on its peers, side by side.
#[derive(Parser)]
struct Args {
    /// Clients of the one server.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// Simulated seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Samples of each engine.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Only the engines whose names contain this.
    #[arg(long)]
    only: Option<String>,
    /// Where to write the rows as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where to draw the medians, as SVG.
    #[arg(long)]
    svg: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Wavetank(Fidelity),
    Stack,
    Turmoil { tick_ms: u64 },
    Madsim { over: &'static str },
}

const REFERENCE: Engine = Engine::Turmoil { tick_ms: 1 };
const ENGINES: [Engine; 7] = [
    Engine::Wavetank(Fidelity::Message),
    Engine::Wavetank(Fidelity::Wire),
    Engine::Stack,
    REFERENCE,
    Engine::Turmoil { tick_ms: 10 },
    Engine::Madsim { over: "udp" },
    Engine::Madsim { over: "websocket" },
];

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Madsim { over: "udp" } => "madsim, datagrams",
            Self::Madsim { .. } => "madsim, WebSocket",
            Self::Wavetank(Fidelity::Message) => "wavetank, messages",
            Self::Wavetank(Fidelity::Wire) => "wavetank, bytes",
            Self::Stack => "wavetank, on turmoil",
            Self::Turmoil { tick_ms: 1 } => "turmoil, ticks of 1 ms",
            Self::Turmoil { .. } => "turmoil, ticks of 10 ms",
        }
    }

    fn fidelity(self) -> &'static str {
        match self {
            Self::Madsim { over: "udp" } => "message",
            Self::Wavetank(Fidelity::Message) => "message",
            Self::Wavetank(Fidelity::Wire) => "wire",
            Self::Stack | Self::Turmoil { .. } | Self::Madsim { .. } => "stack",
        }
    }

    fn run(self, setup: &Setup, runs: u64) -> Result<(Duration, Ran), String> {
        match self {
            Self::Wavetank(fidelity) => measured(|| on_wavetank::run_all(setup, fidelity, 0..runs)),
            Self::Stack => measured(|| on_wavetank::on_stack(setup, 0..runs)),
            Self::Turmoil { tick_ms } => measured(|| on_turmoil::run_all(setup, tick_ms, 0..runs)),
            Self::Madsim { over } => on_madsim::run_all(setup, over, runs),
        }
    }

    /// How many runs one sample is made of.
    fn runs(self, setup: &Setup) -> Result<u64, String> {
        if matches!(self, Self::Stack | Self::Turmoil { .. }) {
            return Ok(1);
        }
        let (spent, _) = self.run(setup, 1)?;
        Ok((SAMPLE_AT_LEAST.as_nanos() / spent.as_nanos().max(1)) as u64 + 1)
    }
}

fn measured(work: impl FnOnce() -> Result<Ran, String>) -> Result<(Duration, Ran), String> {
    let (spent, ran) = timed(work);
    Ok((spent, ran?))
}

/// Takes all samples, one of each engine in turn, so that a noisy moment strikes all alike. A peer
/// that could not be built or run is named, and the others go on.
fn compare(args: &Args, setup: &Setup) -> Vec<ran::Row> {
    let chosen = |engine: &Engine| args.only.as_ref().is_none_or(|o| engine.name().contains(o));
    let has_madsim = on_madsim::build();
    let mut all = Vec::new();
    for engine in ENGINES.into_iter().filter(chosen) {
        let usable = match engine {
            Engine::Madsim { .. } => has_madsim.clone(),
            _ => Ok(()),
        };
        match usable.and_then(|()| engine.runs(setup)) {
            Ok(runs) => all.push((engine, runs, Samples::new(engine.name(), engine.fidelity()))),
            Err(error) => eprintln!("left out: {}: {error}", engine.name()),
        }
    }
    for _ in 0..args.samples {
        all.retain_mut(|(engine, runs, samples)| {
            let taken =
                engine.run(setup, *runs).and_then(|(spent, ran)| samples.add(setup, spent, ran));
            taken.inspect_err(|error| eprintln!("left out: {}: {error}", engine.name())).is_ok()
        });
    }
    let reference = all.iter().find(|(engine, ..)| *engine == REFERENCE);
    let reference = reference.map(|(_, _, samples)| samples.median_ms());
    all.iter().map(|(_, _, samples)| samples.row(setup, reference)).collect()
}

fn main() -> ExitCode {
    let args = Args::parse();
    let setup =
        Setup { clients: args.clients, seconds: args.seconds, ..Setup::default() };
    let rows = compare(&args, &setup);
    println!("workload W: {} clients, medians of {} samples", args.clients, args.samples);
    print!("{}", table(&rows));
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&rows).expect("rows can be written as JSON");
        if let Err(error) = std::fs::write(path, text + "\n") {
            eprintln!("error: {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if let Some(path) = &args.svg
        && let Err(error) = plot::bars(&rows, path)
    {
        eprintln!("error: {}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
