//! The command line: what any protocol has, the audit, and the test of the catalogue.

mod audit;
mod catalogue;
mod error;
mod list;
mod serve;

use std::path::Path;

use clap::{Parser, Subcommand, ValueEnum};
use wavetank::explore::Scenario;
use wavetank::harness::Exit;
use wavetank::harness::cli::{self, ConfigError, Format, Tool, complain, read};
use wavetank_models::advice::line_of;
use wavetank_models::catalogue::Severity;
use wavetank_models::policy::{Patch, PolicyFile};
use wavetank_models::{Config, DocSync};

use crate::scenarios;
use crate::w::{Setup, W, Workload};
use error::CliError;

const AFTER: &str = "\
Examples:
  wavetank audit                                     the bundled Socket.IO policy
  wavetank audit phoenix-channels                    another bundled policy
  wavetank audit my-policy.toml --format markdown    your own
  wavetank catalogue --seeds 1000                    how soon each known flaw is found
  wavetank run disconnect-during-edit --seed 7       one case of a scenario
  wavetank sweep --time 10min                        many seeds of all scenarios
  wavetank replay CASE.json --patch FIX.toml         a saved case, with a remedy applied
  wavetank check server.jsonl --mapping MAPPING.toml a log of a system in any language
  wavetank serve                                     the reference server, and a page for it

Exit codes: 0 held or done, 1 an invariant was broken (or an audit found what --deny names),
2 wrong usage or input, 3 a state was never reached or nothing could be checked, 4 a panic,
5 a file could not be written, 6 the same case gave two digests, 7 fidelities disagree.";

/// How a patch is written.
const FORM: &str = "expected lines such as \"client.ack.required\" = true";

#[derive(Parser)]
#[command(name = "wavetank", version, about, after_help = AFTER)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Audit a reconnection and sync policy: what breaks, why, and what mends it.
    Audit(audit::AuditArgs),
    /// Put the catalogue of failure modes to the test: how many runs each takes to be found.
    Catalogue(catalogue::CatalogueArgs),
    /// List scenarios, bundled policies, invariants and failure modes.
    List {
        /// How the list is printed.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Serve a document on a real port, with a page to edit it from several tabs.
    Serve(serve::ServeArgs),
    #[command(flatten)]
    Any(cli::Command),
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
        Command::Catalogue(args) => catalogue::catalogue(&args),
        Command::List { format } => list::list(format),
        Command::Serve(args) => serve::serve(&args),
        Command::Any(command) if command.scenario() == Some("w") => {
            command.run(&Benchmark).map_err(CliError::from)
        }
        Command::Any(command) => command.run(&Wavetank).map_err(CliError::from),
    };
    done.unwrap_or_else(|error| {
        complain(&error);
        error.exit()
    })
}

/// The reference protocol, whose configurations are policies and whose remedies are patches.
struct Wavetank;

impl Tool<DocSync> for Wavetank {
    fn name(&self) -> &str {
        "wavetank"
    }
    fn scenarios(&self) -> Vec<&dyn Scenario<DocSync>> {
        scenarios::all().into_iter().map(|one| one as _).collect()
    }
    fn config(&self, name: Option<&str>) -> Result<Config, ConfigError> {
        Ok(PolicyFile::find(name.unwrap_or("reference"))?.config())
    }
    fn patched(&self, config: &Config, remedy: &Path) -> Result<Config, ConfigError> {
        let name = remedy.display();
        let text = read(remedy)?;
        let patch: Patch = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            format!("{name}:{line}: {}; {FORM}", error.message())
        })?;
        config.patched(&patch).map_err(|error| {
            let path = error.path();
            let line = text.find(path).map_or(1, |start| line_of(&text, start));
            let is_table = patch.iter().any(|(one, value)| one == path && value.is_object());
            let form = if is_table { format!("; {FORM}") } else { String::new() };
            format!("{name}:{line}: {error}{form}").into()
        })
    }
}

/// The workload that engines are compared by. A configuration is its size, as JSON.
struct Benchmark;

impl Tool<W> for Benchmark {
    fn name(&self) -> &str {
        "wavetank"
    }
    fn scenarios(&self) -> Vec<&dyn Scenario<W>> {
        vec![&Workload]
    }
    fn config(&self, name: Option<&str>) -> Result<Setup, ConfigError> {
        let Some(file) = name else { return Ok(Setup::default()) };
        let text = read(Path::new(file))?;
        serde_json::from_str(&text).map_err(|error| format!("{file}: {error}").into())
    }
    fn patched(&self, _setup: &Setup, remedy: &Path) -> Result<Setup, ConfigError> {
        self.config(remedy.to_str())
    }
}

/// Checks that cases can be saved in a folder, before any work is done for them.
fn folder(out: Option<&Path>) -> Result<(), CliError> {
    let folder = out.unwrap_or(Path::new("wavetank-report"));
    if folder.exists() && !folder.is_dir() {
        let source = std::io::ErrorKind::NotADirectory.into();
        let path = folder.display().to_string();
        return Err(CliError::Any(cli::CliError::Write { path, source }));
    }
    Ok(())
}
