//! The command line.

mod audit;
mod cases;
mod error;
mod progress;
mod sweep;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use wavetank::harness::Exit;
use wavetank::report::{Document, Style};
use wavetank_models::catalogue::Severity;

use error::CliError;

const AFTER: &str = "\
Examples:
  wavetank audit                                     the bundled Socket.IO policy
  wavetank audit phoenix-channels                    another bundled policy
  wavetank audit my-policy.toml --format markdown    your own
  wavetank run disconnect-during-edit --seed 7       one case of a scenario
  wavetank replay CASE.json --patch FIX.toml         a saved case, with a remedy applied
  wavetank sweep --time 10m                          many seeds of all scenarios

Exit codes: 0 held or done, 1 an invariant was broken (or an audit found what --deny names),
2 wrong usage or input, 3 a state was never reached, 4 a panic, 5 a file could not be written,
6 the same case gave two digests.";

#[derive(Parser)]
#[command(name = "wavetank", version, about, after_help = AFTER)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: coloured on a terminal, plain in a pipe.
    Text,
    /// For a pull request or a wiki.
    Markdown,
    /// For programs.
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Audit a reconnection and sync policy: what breaks, why, and what mends it.
    Audit(audit::AuditArgs),
    /// List scenarios, bundled policies, invariants and failure modes.
    List {
        /// How the list is printed.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Run one case of a scenario.
    Run(cases::RunArgs),
    /// Run a saved case again.
    Replay(cases::ReplayArgs),
    /// Make a failing case small.
    Shrink(cases::ShrinkArgs),
    /// Run many seeds of scenarios, all of them or one shard.
    Sweep(sweep::SweepArgs),
    /// Make one report of the reports of a sweep's shards.
    Merge(sweep::MergeArgs),
}

/// Which severities make an audit fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Critical findings.
    Critical,
    /// High and critical ones.
    High,
    /// Any.
    Any,
}

impl Deny {
    const fn covers(self, severity: Severity) -> bool {
        match self {
            Self::Critical => matches!(severity, Severity::Critical),
            Self::High => matches!(severity, Severity::Critical | Severity::High),
            Self::Any => true,
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> Exit {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let wrong = error.use_stderr();
            let _ = error.print();
            return if wrong { Exit::Usage } else { Exit::Held };
        }
    };
    let done = match args.command {
        Command::Audit(args) => audit::audit(&args),
        Command::List { format } => cases::list(format),
        Command::Run(args) => watched(|| cases::run(&args)),
        Command::Replay(args) => watched(|| cases::replay(&args)),
        Command::Shrink(args) => watched(|| cases::shrink(&args)),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Merge(args) => sweep::merge(&args),
    };
    done.unwrap_or_else(|error| {
        complain(&error);
        error.exit()
    })
}

/// Does something while somebody looks after its runs.
fn watched(work: impl FnOnce() -> Result<Exit, CliError>) -> Result<Exit, CliError> {
    let _watchdog = progress::watch();
    work()
}

fn complain(error: &CliError) {
    let mut stderr = anstream::stderr().lock();
    let label = owo_colors::OwoColorize::red(&"error:");
    let _ = writeln!(stderr, "{label} {error}");
}

/// Prints a report to standard output.
fn print(report: &Document, format: Format) {
    let colour = std::io::stdout().is_terminal();
    let text = match format {
        Format::Markdown => report.to_markdown(),
        _ => report.to_text(if colour { Style::Colour } else { Style::Plain }),
    };
    say(&text);
}

/// Prints text to standard output. A reader that went away is no error.
fn say(text: &str) {
    let mut stdout = anstream::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// Writes a file that is not there yet, or that says the same already.
fn write_new(path: &PathBuf, text: &str) -> Result<(), CliError> {
    if std::fs::read_to_string(path).is_ok_and(|there| there != text) {
        return Err(CliError::Exists(path.display().to_string()));
    }
    std::fs::write(path, text)
        .map_err(|source| CliError::Write { path: path.display().to_string(), source })
}
