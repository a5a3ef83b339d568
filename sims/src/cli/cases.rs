//! `wavetank list`, `run`, `replay` and `shrink`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use wavetank::explore::{
    Case, Outcome, Recording, Shrunk, Slid, Verdict, case_of_seed, run as run_case, run_recorded,
    shrink as shrink_case,
};
use wavetank::harness::Exit;
use wavetank::invariant::{Suite, Violation};
use wavetank::objectives::Objectives;
use wavetank::report::{Document, full_trace, sequence_diagram, trace};
use wavetank_models::policy::{Patch, PolicyFile, bundled};
use wavetank_models::{Config, DocSync, catalogue};

use super::error::CliError;
use super::{Format, print, say, write_new};
use crate::scenarios;

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
pub(super) struct RunArgs {
    /// The scenario; `wavetank list` shows them.
    scenario: String,
    /// The seed that the case is made from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The policy: a file, or the name of a bundled one.
    #[arg(long, default_value = "reference")]
    policy: String,
    /// Save the case to this file.
    #[arg(long)]
    save: Option<PathBuf>,
    #[command(flatten)]
    show: Show,
}

/// Arguments of `replay`.
#[derive(Args)]
pub(super) struct ReplayArgs {
    /// A case file.
    #[arg(value_name = "CASE")]
    file: PathBuf,
    /// A patch file: lines such as "client.ack.required" = true.
    #[arg(long)]
    patch: Option<PathBuf>,
    #[command(flatten)]
    show: Show,
}

/// Arguments of `shrink`.
#[derive(Args)]
pub(super) struct ShrinkArgs {
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

pub(super) fn list(format: Format) -> Result<Exit, CliError> {
    let scenarios = scenarios::all();
    let invariants = Suite::<DocSync>::shipped(&Objectives::default()).history;
    if format == Format::Json {
        let value = json!({
            "scenarios": scenarios.iter().map(|one| json!({
                "name": one.name(), "about": one.about(), "cost": one.cost(),
            })).collect::<Vec<_>>(),
            "policies": bundled().collect::<Vec<_>>(),
            "invariants": invariants.iter().map(|one| json!({
                "name": one.name(), "statement": one.statement(),
            })).collect::<Vec<_>>(),
            "failure_modes": catalogue::entries(),
        });
        say(&format!("{value:#}\n"));
        return Ok(Exit::Held);
    }
    let mut report = Document::default();
    let rows = scenarios
        .iter()
        .map(|one| vec![one.name().to_owned(), one.cost().to_string(), one.about().to_owned()]);
    report.heading(2, "Scenarios").table(&["name", "cost", "what happens"], rows.collect());
    report.heading(2, "Bundled policies").list(bundled().map(str::to_owned));
    let rows = invariants.iter().map(|one| vec![one.name().to_owned(), one.statement().to_owned()]);
    report.heading(2, "Invariants").table(&["name", "what it holds"], rows.collect());
    let rows = catalogue::entries().iter().map(|entry| {
        let patch = format!("{} = {}", entry.knob, entry.patch);
        vec![entry.id.clone(), entry.invariant.clone(), patch]
    });
    report.heading(2, "Failure modes").table(&["name", "breaks", "patch"], rows.collect());
    print(&report, format);
    Ok(Exit::Held)
}

pub(super) fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let Some(scenario) = scenarios::named(&args.scenario) else {
        let names = scenarios::all().into_iter().map(|one| one.name().to_owned());
        let nearest = catalogue::nearest(&args.scenario, names);
        let nearest = nearest.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        return Err(CliError::Scenario { name: args.scenario.clone(), nearest });
    };
    let config = PolicyFile::find(&args.policy)?.config();
    let case = case_of_seed(scenario, &config, args.seed);
    if let Some(path) = &args.save {
        write_new(path, &case.to_json())?;
    }
    let again =
        format!("wavetank run {} --seed {} --policy {}", args.scenario, args.seed, args.policy);
    Ok(present(&case, &args.show, &again))
}

pub(super) fn replay(args: &ReplayArgs) -> Result<Exit, CliError> {
    let mut case = read_case(&args.file)?;
    let saved = case.origin.clone();
    let mut again = format!("wavetank replay {}", args.file.display());
    if let Some(path) = &args.patch {
        case.config = patched(&case.config, path)?;
        again = format!("{again} --patch {}", path.display());
    }
    let exit = present(&case, &args.show, &again);
    if args.patch.is_none()
        && args.show.format == Format::Text
        && let Some(digest) = saved.digest
    {
        let outcome = run_case(&case);
        if outcome.digest != digest {
            say(&format!(
                "The case was saved with the digest {digest}: the models, the engine or the \
                 case have changed since.\n"
            ));
        }
        if let Some(broken) = saved.breaks.filter(|_| outcome.verdict.held()) {
            say(&format!("The case was saved because it broke {broken}. It no longer does.\n"));
        }
    }
    Ok(exit)
}

pub(super) fn shrink(args: &ShrinkArgs) -> Result<Exit, CliError> {
    let case = read_case(&args.file)?;
    let name = args.file.display().to_string();
    let outcome = run_case(&case);
    let Some(first) = outcome.verdict.violations().first() else {
        return Err(CliError::Holds(name));
    };
    let small = shrink_case(&case, &first.invariant, args.budget);
    let Shrunk { case, violation, runs, complete, slid } = small.ok_or(CliError::Holds(name))?;
    let path = args.out.clone().unwrap_or_else(|| args.file.with_extension("min.json"));
    let cut = if complete { "" } else { ", which was the budget: it may be made smaller still" };
    say(&format!("{}: {}\nafter {runs} runs{cut}: ", violation.invariant, violation.message));
    save(case, &violation, &path)?;
    for Slid { violation, case } in slid {
        let path = path.with_extension(format!("{}.json", violation.invariant));
        say(&format!(
            "\nA second finding, of a case that was tried on the way:\n{}: {}\n",
            violation.invariant, violation.message
        ));
        save(case, &violation, &path)?;
    }
    Ok(Exit::Violated)
}

/// Saves a case with what it breaks, and prints it in words with how to see it again.
fn save(mut case: Case<DocSync>, violation: &Violation, path: &PathBuf) -> Result<(), CliError> {
    case.origin.breaks = Some(violation.invariant.clone());
    case.origin.digest = Some(run_case(&case).digest);
    write_new(path, &case.to_json())?;
    let (words, path) = (case.in_words(), path.display());
    say(&format!("{words}saved as {path}\nwavetank replay {path}\n"));
    Ok(())
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path)
        .map_err(|source| CliError::Read { path: path.display().to_string(), source })
}

fn read_case(path: &Path) -> Result<Case<DocSync>, CliError> {
    let text = read(path)?;
    Case::from_json(&text)
        .map_err(|source| CliError::Case { path: path.display().to_string(), source })
}

fn patched(config: &Config, path: &Path) -> Result<Config, CliError> {
    let text = read(path)?;
    let name = path.display().to_string();
    let patch: Patch = toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        CliError::PatchText { path: name.clone(), line, message: error.message().to_owned() }
    })?;
    config.patched(&patch).map_err(|source| CliError::Patch { path: name, source })
}

/// Runs a case and prints what it came to.
fn present(case: &Case<DocSync>, show: &Show, again: &str) -> Exit {
    let recorded = show.trace.is_some() || show.diagram;
    let (outcome, recording) =
        if recorded { run_recorded(case) } else { (run_case(case), Recording::default()) };
    if show.format == Format::Json {
        say(&outcome_json(case, &outcome));
        return Exit::from(&outcome.verdict);
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
        Verdict::Held => report.text("Held: every invariant."),
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
    print(&report, show.format);
    Exit::from(&outcome.verdict)
}

fn outcome_json(case: &Case<DocSync>, outcome: &Outcome) -> String {
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
