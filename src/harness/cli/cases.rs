//! `run`, `replay` and `shrink`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::fidelity::{self, Fidelity};
use super::{CliError, Format, Tool, print, read, say, write_new};
use crate::differential::Level;
use crate::explore::{
    Case, Fidelity as Engine, Outcome, Recording, Scenario, Shrunk, Slid, Verdict, case_of_seed,
    run as run_case, run_at, run_recorded_at, shrink as shrink_case,
};
use crate::harness::{Exit, did_you_mean, nearest};
use crate::invariant::{Judged, Suite, Violation};
use crate::report::{Document, full_trace, sequence_diagram, trace};

/// The most steps of a diagram.
const STEPS: usize = 200;

/// What is printed of a run, besides what it came to.
#[derive(Args)]
struct Show {
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Print what happened, a line per event and a column per node.
    #[arg(
        long,
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "compact"
    )]
    trace: Option<Trace>,
    /// Print the case in words and as JSON: everything that was drawn from the seed.
    #[arg(long)]
    case: bool,
    /// Print a Mermaid sequence diagram, for a pull request.
    #[arg(long)]
    diagram: bool,
}

impl Show {
    /// Checks that nothing is asked for that is not printed in this way.
    fn is_plain(&self, way: &str) -> Result<(), CliError> {
        if self.case || self.trace.is_some() || self.diagram {
            let message = format!("--case, --trace and --diagram are not printed {way}");
            return Err(CliError::Input(message));
        }
        Ok(())
    }
}

/// How much of a run is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Trace {
    /// What a reader wants to know of.
    Compact,
    /// Every event and every effect, as the engine puts it.
    Full,
}

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArgs {
    /// A scenario, as `list` shows them, or a case file.
    #[arg(value_name = "SCENARIO|CASE")]
    what: String,
    /// The seed that the case is made from, 0 if none is given; a case file has its own.
    #[arg(long)]
    seed: Option<u64>,
    /// The configuration: a file, or a name that the tool knows.
    #[arg(long, visible_alias = "policy")]
    config: Option<String>,
    /// How much of the run is real: the state machines, the WebSocket codec as well, or tokio
    /// and TCP as well; all of them, and whether they agree.
    #[arg(long, value_enum, default_value = "message")]
    fidelity: Fidelity,
    /// Save the case to this file.
    #[arg(long)]
    save: Option<PathBuf>,
    #[command(flatten)]
    show: Show,
}

impl RunArgs {
    pub(super) fn what(&self) -> &str {
        &self.what
    }
}

/// Arguments of `replay`.
#[derive(Args)]
pub struct ReplayArgs {
    /// A case file.
    #[arg(value_name = "CASE")]
    file: PathBuf,
    /// A file with a remedy, which is applied to the configuration first.
    #[arg(long)]
    patch: Option<PathBuf>,
    #[command(flatten)]
    show: Show,
}

/// Arguments of `shrink`.
#[derive(Args)]
pub struct ShrinkArgs {
    /// A case file.
    #[arg(value_name = "CASE")]
    file: PathBuf,
    /// Where the small case goes; by default beside the case, as NAME.min.json.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The most runs that it may take.
    #[arg(long, default_value_t = 1000)]
    budget: u64,
}

/// The case of a scenario and seed, or that of a file, on the configuration that was named.
fn case_of<P: Judged>(tool: &dyn Tool<P>, args: &RunArgs) -> Result<Case<P>, CliError> {
    let file = Path::new(&args.what);
    let config = args.config.as_deref();
    if file.extension().is_none_or(|extension| extension != "json") {
        let scenario = scenario_named(tool, &args.what)?;
        let config = tool.config(config).map_err(CliError::Config)?;
        return Ok(case_of_seed(scenario, &config, args.seed.unwrap_or_default()));
    }
    if args.seed.is_some() {
        return Err(CliError::Input(format!(
            "{}: a case has its seed; leave --seed out",
            args.what
        )));
    }
    let mut case = read_case::<P>(file)?;
    if config.is_some() {
        case.config = tool.config(config).map_err(CliError::Config)?;
    }
    Ok(case)
}

/// The scenario of a name, or an error that says the nearest.
pub(super) fn scenario_named<'a, P: Judged>(
    tool: &'a dyn Tool<P>,
    name: &str,
) -> Result<&'a dyn Scenario<P>, CliError> {
    let all = tool.scenarios();
    let names = all.iter().map(|one| one.name().to_owned());
    let nearest = did_you_mean(nearest(name, names).as_deref());
    let found = all.into_iter().find(|one| one.name() == name);
    let (name, tool) = (name.to_owned(), tool.name().to_owned());
    found.ok_or(CliError::Scenario { name, nearest, tool })
}

pub(super) fn run<P: Judged>(tool: &dyn Tool<P>, args: &RunArgs) -> Result<Exit, CliError> {
    let case = case_of(tool, args)?;
    if let Some(path) = &args.save {
        write_new(path, &case.to_json())?;
    }
    let mut again = format!("{} run {}", tool.name(), args.what);
    if let Some(seed) = args.seed {
        again = format!("{again} --seed {seed}");
    }
    if let Some(config) = &args.config {
        again = format!("{again} --config {config}");
    }
    let engine = match args.fidelity.levels()? {
        [Level::Message] => Engine::Message,
        #[cfg(feature = "wire")]
        [Level::Wire] => {
            again += " --fidelity wire";
            Engine::Wire
        }
        levels => {
            args.show.is_plain("at several fidelities")?;
            return fidelity::compare(&case, levels, args.show.format);
        }
    };
    Ok(Exit::from(&present(engine, &case, &args.show, &again)?.verdict))
}

pub(super) fn replay<P: Judged>(tool: &dyn Tool<P>, args: &ReplayArgs) -> Result<Exit, CliError> {
    let mut case = read_case::<P>(&args.file)?;
    let saved = case.origin.clone();
    let mut again = format!("{} replay {}", tool.name(), args.file.display());
    if let Some(path) = &args.patch {
        case.config = tool.patched(&case.config, path).map_err(CliError::Config)?;
        again = format!("{again} --patch {}", path.display());
    }
    let outcome = present(Engine::Message, &case, &args.show, &again)?;
    if args.patch.is_none()
        && args.show.format == Format::Text
        && let Some(digest) = saved.digest
    {
        if !case.is_current() {
            say(
                "The case was saved when the protocol's types had another shape; it still fits.\n",
            )?;
        }
        if outcome.digest != digest {
            say(&format!(
                "The case was saved with the digest {digest}: the protocol, the engine or the \
                 case have changed since.\n"
            ))?;
        }
        if let Some(broken) = saved.breaks.filter(|_| outcome.verdict.held()) {
            say(&format!("The case was saved because it broke {broken}. It no longer does.\n"))?;
        }
    }
    Ok(Exit::from(&outcome.verdict))
}

pub(super) fn shrink<P: Judged>(tool: &dyn Tool<P>, args: &ShrinkArgs) -> Result<Exit, CliError> {
    let case = read_case::<P>(&args.file)?;
    let name = args.file.display().to_string();
    let outcome = run_case(&case);
    let Some(first) = outcome.verdict.violations().first() else {
        return Err(CliError::Holds(name));
    };
    let small = shrink_case(&case, &first.invariant, args.budget);
    let Shrunk { case, violation, runs, complete, slid } = small.ok_or(CliError::Holds(name))?;
    let path = args.out.clone().unwrap_or_else(|| args.file.with_extension("min.json"));
    let cut = if complete { "" } else { ", which was the budget: it may be made smaller still" };
    say(&format!("{}: {}\nafter {runs} runs{cut}: ", violation.invariant, violation.message))?;
    save(tool, case, &violation, &path)?;
    for Slid { violation, case } in slid {
        let path = path.with_extension(format!("{}.json", violation.invariant));
        say(&format!(
            "\nA second finding, of a case that was tried on the way:\n{}: {}\n",
            violation.invariant, violation.message
        ))?;
        save(tool, case, &violation, &path)?;
    }
    Ok(Exit::Violated)
}

/// Saves a case with what it breaks, and prints it in words with how to see it again.
fn save<P: Judged>(
    tool: &dyn Tool<P>,
    mut case: Case<P>,
    violation: &Violation,
    path: &Path,
) -> Result<(), CliError> {
    case.origin.breaks = Some(violation.invariant.clone());
    case.origin.digest = Some(run_case(&case).digest);
    write_new(path, &case.to_json())?;
    let (words, path, name) = (case.in_words(), path.display(), tool.name());
    say(&format!("{words}saved as {path}\n{name} replay {path}\n"))?;
    Ok(())
}

pub(super) fn read_case<P: Judged>(path: &Path) -> Result<Case<P>, CliError> {
    let case = Case::<P>::from_json(&read(path)?)
        .map_err(|source| CliError::Case { path: path.display().to_string(), source })?;
    if let Some(names) = &case.invariants {
        let Suite { history, state } = P::invariants(&case.objectives);
        let all = history.iter().map(|one| one.name()).chain(state.iter().map(|one| one.name()));
        known(names, &all.chain(OF_THE_ENGINE).collect::<Vec<_>>())
            .map_err(|message| CliError::Input(format!("{}: {message}", path.display())))?;
    }
    Ok(case)
}

/// What the engine itself finds broken: a run that does not end, and one that panics.
const OF_THE_ENGINE: [&str; 2] = ["progress", "panic"];

/// Whether there are invariants of all these names, and one is named; if not, what is wrong.
pub(super) fn known(names: &[String], all: &[&str]) -> Result<(), String> {
    if names.is_empty() {
        return Err("it names no invariant; leave `invariants` out to judge by all".to_owned());
    }
    let Some(name) = names.iter().find(|name| !all.contains(&name.as_str())) else {
        return Ok(());
    };
    let near = nearest(name, all.iter().map(|one| (*one).to_owned()));
    Err(format!("no invariant is called `{name}`{}", did_you_mean(near.as_deref())))
}

/// Runs a case and prints what it came to.
fn present<P: Judged>(
    engine: Engine,
    case: &Case<P>,
    show: &Show,
    again: &str,
) -> Result<Outcome, CliError> {
    if show.format == Format::Json {
        show.is_plain("as JSON")?;
    }
    let (outcome, recording) = if show.trace.is_some() || show.diagram {
        run_recorded_at(engine, case)
    } else {
        (run_at(engine, case), Recording::default())
    };
    if show.format == Format::Json {
        say(&outcome_json(case, &outcome))?;
        return Ok(outcome);
    }
    let mut report = Document::default();
    if show.case {
        report.heading(2, "Case").code(case.in_words()).code(case.to_json());
    }
    if let Some(detail) = show.trace {
        let lines = match detail {
            Trace::Compact => trace(case, &outcome, &recording),
            Trace::Full => full_trace(&recording.trace),
        };
        report.heading(2, "Trace").code(lines);
    }
    if show.diagram {
        let diagram = sequence_diagram(case, &outcome, &recording, STEPS);
        report.heading(2, "Messages").code(diagram);
    }
    match &outcome.verdict {
        Verdict::Held => report.text(held(case)),
        Verdict::Panicked(message) => report.text(format!("Panicked: {message}")),
        Verdict::Violated(violations) => {
            for one in violations {
                let node = one.node.map_or(String::new(), |node| format!(" at {node}"));
                let at = one.at;
                report.text(format!("{}, {at}{node}: {}", one.invariant, one.message));
            }
            report.text("To see it again:").code(again.to_owned())
        }
    };
    let counts = outcome.counts;
    report.field("Digest", outcome.digest.to_string());
    report.field("Counts", format!("{} events, {} messages", counts.events, counts.sent));
    print(&report, show.format)?;
    Ok(outcome)
}

/// What a run that held proves.
fn held<P: Judged>(case: &Case<P>) -> String {
    match &case.invariants {
        None => "Held: every invariant.".to_owned(),
        Some(names) => format!("Held: {}; the case is judged by nothing else.", names.join(", ")),
    }
}

fn outcome_json<P: Judged>(case: &Case<P>, outcome: &Outcome) -> String {
    let (verdict, message) = match &outcome.verdict {
        Verdict::Held => ("held", None),
        Verdict::Violated(_) => ("violated", None),
        Verdict::Panicked(message) => ("panicked", Some(message)),
    };
    let value = json!({
        "scenario": case.origin.scenario,
        "seed": case.origin.seed,
        "verdict": verdict,
        "panic": message,
        "violations": outcome.verdict.violations(),
        "digest": outcome.digest,
        "counts": outcome.counts,
        "marks": outcome.marks,
    });
    format!("{value:#}\n")
}
