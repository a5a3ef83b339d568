//! A command line for a protocol: list, run, replay, shrink, sweep, merge, explore, check.
//!
//! [`cli`] is a whole `main`. A tool with commands of its own takes [`Command`] into its own
//! list of commands and says with [`Tool`] what they are to work on.

mod cases;
mod error;
mod explore;
mod fidelity;
mod output;
mod progress;
mod recorded;
mod sweep;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde_json::Value;

use super::Exit;
use super::settings::time;
use crate::explore::Scenario;
use crate::invariant::{Judged, Suite};
use crate::objectives::Objectives;
use crate::report::Document;

pub use error::CliError;
pub use output::{Format, complain, print, read, say, threads, writable, write_new};
pub use progress::Bar;

/// What a user gives as a configuration or a remedy may be wrong in ways of its own.
pub type ConfigError = Box<dyn std::error::Error + Send + Sync>;

/// What the commands of a protocol work on.
///
/// Whoever has nothing to add calls [`cli`]. Here a configuration is a number, and so is a remedy:
///
/// ```
/// use std::path::Path;
///
/// use wavetank::explore::Scenario;
/// use wavetank::harness::cli::{ConfigError, Tool, read};
/// use wavetank::invariant::Judged;
///
/// struct Limits<P: Judged>(Vec<Box<dyn Scenario<P>>>);
///
/// impl<P: Judged<Config = u32>> Tool<P> for Limits<P> {
///     fn name(&self) -> &str {
///         "limits"
///     }
///     fn scenarios(&self) -> Vec<&dyn Scenario<P>> {
///         self.0.iter().map(AsRef::as_ref).collect()
///     }
///     fn config(&self, name: Option<&str>) -> Result<u32, ConfigError> {
///         Ok(name.map_or(Ok(10), str::parse)?)
///     }
///     fn patched(&self, _config: &u32, remedy: &Path) -> Result<u32, ConfigError> {
///         Ok(read(remedy)?.trim().parse()?)
///     }
/// }
/// ```
pub trait Tool<P: Judged>: Sync {
    /// What people type to start it, for the lines that are printed to be pasted.
    fn name(&self) -> &str;
    /// The scenarios.
    fn scenarios(&self) -> Vec<&dyn Scenario<P>>;
    /// The configuration that a name or a file stands for; without one, the usual one.
    ///
    /// # Errors
    /// A name or a file that stands for none.
    fn config(&self, name: Option<&str>) -> Result<P::Config, ConfigError>;
    /// A configuration with the remedy in a file applied.
    ///
    /// # Errors
    /// A file that cannot be read, or that holds no remedy.
    fn patched(&self, config: &P::Config, remedy: &Path) -> Result<P::Config, ConfigError>;
}

/// The commands that any protocol has.
#[derive(Subcommand)]
pub enum Command {
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
    /// Go where no case has been: keep and change cases that touch something new.
    Explore(explore::ExploreArgs),
    /// Check a recording of a real system, in any language: what broke, and what it cannot tell.
    Check(recorded::CheckArgs),
}

impl Command {
    /// The scenario that a command is about, where it is about one.
    pub fn scenario(&self) -> Option<&str> {
        match self {
            Self::Run(args) => Some(args.what()),
            _ => None,
        }
    }

    /// Does what the command says.
    ///
    /// # Errors
    /// Wrong input, or a file that cannot be read or written.
    pub fn run<P: Judged>(&self, tool: &dyn Tool<P>) -> Result<Exit, CliError> {
        match self {
            Self::Run(args) => watched(|| cases::run(tool, args)),
            Self::Replay(args) => watched(|| cases::replay(tool, args)),
            Self::Shrink(args) => watched(|| cases::shrink(tool, args)),
            Self::Sweep(args) => sweep::sweep(tool, args),
            Self::Merge(args) => sweep::merge(args),
            Self::Explore(args) => explore::explore(tool, args),
            Self::Check(args) => recorded::check(tool, args),
        }
    }
}

/// A time as an argument.
fn duration(text: &str) -> Result<Duration, String> {
    time(text).ok_or_else(|| "expected a time such as 90s, 15min or 8h".to_owned())
}

/// Does something while somebody looks after its runs.
fn watched(work: impl FnOnce() -> Result<Exit, CliError>) -> Result<Exit, CliError> {
    let _watchdog = progress::watch();
    work()
}

/// The exit codes, for the help of a command line.
pub const EXIT_CODES: &str = "\
Exit codes: 0 held or done, 1 an invariant was broken, 2 wrong usage or input, 3 a state was
never reached or nothing could be checked, 4 a panic, 5 a file could not be written, 6 the same
case gave two digests, 7 fidelities disagree.";

#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Everything,
}

#[derive(Subcommand)]
enum Everything {
    /// List scenarios and invariants.
    List {
        /// How the list is printed.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    #[command(flatten)]
    Any(Command),
}

/// A whole `main` for a protocol: its scenarios, and the configuration that is used where
/// `--config FILE` names no other, as JSON. A remedy is a JSON file as well; what it says takes
/// the place of what the configuration says.
///
/// ```no_run
/// # use std::process::ExitCode;
/// # use wavetank::{explore::Scenario, invariant::Judged};
/// # fn main_of<P: Judged<Config = ()>>(resets: &dyn Scenario<P>) -> ExitCode {
/// wavetank::cli(&[resets], &()).into()
/// # }
/// ```
pub fn cli<P: Judged>(scenarios: &[&dyn Scenario<P>], config: &P::Config) -> Exit {
    run(scenarios, config, std::env::args_os())
}

/// The same with these arguments, of which the first is the name of the program.
pub fn run<P: Judged>(
    scenarios: &[&dyn Scenario<P>],
    config: &P::Config,
    arguments: impl IntoIterator<Item = OsString>,
) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let path = arguments.first().map(Path::new).and_then(Path::file_stem);
    let name = path.map_or_else(|| P::NAME.to_owned(), |stem| stem.to_string_lossy().into_owned());
    let help = format!("Tests the protocol `{}` under simulated faults.", P::NAME);
    let command = Args::command().bin_name(name.clone()).about(help).after_help(EXIT_CODES);
    let parsed = command.try_get_matches_from(arguments);
    let args = match parsed.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return output::usage(&error),
    };
    let tool = Plain { name, scenarios: scenarios.to_vec(), config };
    let done = match args.command {
        Everything::List { format } => list(&tool, format),
        Everything::Any(command) => command.run(&tool),
    };
    done.unwrap_or_else(|error| {
        complain(&error);
        error.exit()
    })
}

/// A tool with nothing of its own.
struct Plain<'a, P: Judged> {
    name: String,
    scenarios: Vec<&'a dyn Scenario<P>>,
    config: &'a P::Config,
}

impl<P: Judged> Tool<P> for Plain<'_, P> {
    fn name(&self) -> &str {
        &self.name
    }
    fn scenarios(&self) -> Vec<&dyn Scenario<P>> {
        self.scenarios.clone()
    }
    fn config(&self, name: Option<&str>) -> Result<P::Config, ConfigError> {
        let Some(file) = name else { return Ok(self.config.clone()) };
        let text = read(Path::new(file))?;
        serde_json::from_str(&text).map_err(|error| format!("{file}: {error}").into())
    }
    fn patched(&self, config: &P::Config, remedy: &Path) -> Result<P::Config, ConfigError> {
        let name = remedy.display();
        let text = read(remedy)?;
        let remedy = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        let mut value = serde_json::to_value(config)?;
        merge(&mut value, remedy);
        serde_json::from_value(value).map_err(|error| format!("{name}: {error}").into())
    }
}

/// Puts what a remedy says in the place of what is there.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn list<P: Judged>(tool: &dyn Tool<P>, format: Format) -> Result<Exit, CliError> {
    let scenarios = tool.scenarios();
    let Suite { history, state } = P::invariants(&Objectives::default());
    let of_history = history.iter().map(|one| [one.name(), one.statement()]);
    let invariants: Vec<[&str; 2]> =
        of_history.chain(state.iter().map(|one| [one.name(), one.statement()])).collect();
    if format == Format::Json {
        let scenarios = scenarios.iter().map(
            |one| serde_json::json!({"name": one.name(), "about": one.about(), "cost": one.cost()}),
        );
        let invariants = invariants
            .iter()
            .map(|[name, statement]| serde_json::json!({"name": name, "statement": statement}));
        let (scenarios, invariants): (Vec<_>, Vec<_>) = (scenarios.collect(), invariants.collect());
        let value = serde_json::json!({"scenarios": scenarios, "invariants": invariants});
        say(&format!("{value:#}\n"))?;
        return Ok(Exit::Held);
    }
    let mut report = Document::default();
    let rows = scenarios.iter().map(|one| vec![one.name().to_owned(), one.about().to_owned()]);
    report.heading(2, "Scenarios").table(&["name", "what happens"], rows.collect());
    let rows = invariants.iter().map(|row| row.map(str::to_owned).to_vec());
    report.heading(2, "Invariants").table(&["name", "what it holds"], rows.collect());
    print(&report, format)?;
    Ok(Exit::Held)
}
