//! `explore`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::cases::{read_case, scenario_named};
use super::progress::Bar;
use super::{CliError, Tool, duration, say, write_new};
use crate::explore::{Case, Guided, Tried, run, shrink};
use crate::harness::{Exit, case_files};
use crate::invariant::{Judged, Violation};

/// Runs that the shrinking of a finding may take.
const BUDGET: u64 = 1000;

/// Arguments of `explore`.
#[derive(Args)]
#[command(group(ArgGroup::new("end").required(true).args(["runs", "time"])))]
pub struct ExploreArgs {
    /// The scenario to begin with.
    scenario: String,
    /// Cases to run.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    runs: Option<u64>,
    /// Stop after this time instead, such as 90s or 2h.
    #[arg(long, value_parser = duration)]
    time: Option<Duration>,
    /// The seed of what is drawn afresh and of how cases are changed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The configuration: a file, or a name that the tool knows.
    #[arg(long, visible_alias = "policy")]
    config: Option<String>,
    /// Cases that touched something new are kept in this folder. An exploration that finds some
    /// there begins with them.
    #[arg(long, default_value = "corpus")]
    corpus: PathBuf,
    /// Findings are saved in this folder, as small as they get.
    #[arg(long, default_value = "found")]
    out: PathBuf,
}

pub(super) fn explore<P: Judged>(tool: &dyn Tool<P>, args: &ExploreArgs) -> Result<Exit, CliError> {
    let scenario = scenario_named(tool, &args.scenario)?;
    let config = tool.config(args.config.as_deref()).map_err(CliError::Config)?;
    for folder in [&args.corpus, &args.out] {
        std::fs::create_dir_all(folder).map_err(|source| {
            let path = folder.display().to_string();
            CliError::Write { path, source }
        })?;
    }
    let mut guided = Guided::new(scenario, &config, args.seed);
    let bar = Bar::new().styled("{wide_bar} {msg}");
    let _watchdog = bar.watch();
    let mut findings: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut keep = |tried, kept: Option<&Path>| keep(tool, tried, args, kept, &mut findings);
    let unreadable = |source| {
        let path = args.corpus.display().to_string();
        CliError::Read { path, source }
    };
    for path in case_files(&args.corpus).map_err(unreadable)? {
        let case = Case { config: config.clone(), ..read_case(&path)? };
        keep(guided.recall(case), Some(&path))?;
    }
    let goes_on = |guided: &Guided<'_, P>| match args.runs {
        Some(runs) => guided.runs() < runs,
        None => bar.elapsed() < args.time.unwrap_or_default(),
    };
    while goes_on(&guided) {
        keep(guided.step(), None)?;
        bar.tell(args.runs.unwrap_or(0), guided.runs(), || {
            let (broken, seen, cases) = (guided.found().len(), guided.breadth(), guided.corpus());
            format!("{} runs, {cases} cases touch {seen} things, {broken} findings", guided.runs())
        });
    }
    bar.done();
    say(&format!(
        "{} runs; {} cases touch {} different things: a role, its state and what happened to it.\n",
        guided.runs(),
        guided.corpus(),
        guided.breadth(),
    ))?;
    for (invariant, path) in &findings {
        let times = guided.found().get(invariant).copied().unwrap_or_default();
        say(&format!(
            "{invariant}, {times} times\n    {} replay {}\n",
            tool.name(),
            path.display()
        ))?;
    }
    Ok(if findings.is_empty() { Exit::Held } else { Exit::Violated })
}

/// Keeps what is new: a case of the corpus, or a finding.
fn keep<P: Judged>(
    tool: &dyn Tool<P>,
    tried: Tried<P>,
    args: &ExploreArgs,
    from: Option<&Path>,
    findings: &mut BTreeMap<String, PathBuf>,
) -> Result<(), CliError> {
    let (name, message, case) = match tried {
        Tried::Known => return Ok(()),
        Tried::Novel(_, case) if from.is_none() => {
            let digest = case.origin.digest.unwrap_or_default().to_string();
            let path = args.corpus.join(format!("{}-{}.json", args.scenario, &digest[..12]));
            return write_new(&path, &case.to_json());
        }
        Tried::Novel(..) => return Ok(()),
        Tried::Panicked(message, case) => ("panic".to_owned(), message, case),
        Tried::Broke(Violation { invariant, message, .. }, case) => (invariant, message, case),
    };
    let (mut case, message) = match shrink(&case, &name, BUDGET) {
        Some(small) => (small.case, small.violation.message),
        None => (*case, message),
    };
    let digest = run(&case).digest;
    case.origin.digest = Some(digest);
    case.origin.breaks = Some(name.clone());
    let path = args.out.join(format!("{name}-{}.json", &digest.to_string()[..12]));
    write_new(&path, &case.to_json())?;
    let path_shown = path.display();
    say(&format!("{name}: {message}\n    {} replay {path_shown}\n", tool.name()))?;
    findings.insert(name, path);
    Ok(())
}
