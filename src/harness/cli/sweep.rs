//! `sweep` and `merge`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::cases::scenario_named;
use super::progress::SweepBar;
use super::{CliError, Format, Tool, duration, print, read, say, threads, writable};
use crate::explore::{
    Pool, Scenario, Shard, Sweep, SweepEnd, SweepProgress, SweepReport, SweepTally, merge_sweeps,
};
use crate::harness::Exit;
use crate::invariant::Judged;
use crate::report::Document;

/// The most missing shards that are named.
const NAMED: usize = 20;

/// Arguments of `sweep`.
#[derive(Args)]
#[command(group(ArgGroup::new("end").required(true).args(["runs", "time"])))]
pub struct SweepArgs {
    /// The scenarios, which take turns; all of them if none is named.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Runs of all shards together.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    runs: Option<u64>,
    /// Stop after this time instead, such as 90s, 15min or 8h.
    #[arg(long, value_parser = duration)]
    time: Option<Duration>,
    /// The seed of the first run of each scenario; the seed goes up by one with each round.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The part to run: 3/16 is the third of sixteen.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// The configuration: a file, or a name that the tool knows.
    #[arg(long, visible_alias = "policy")]
    config: Option<String>,
    /// Threads to run on; 0 is one per core. The result does not depend on it.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    threads: usize,
    /// Where the report goes, for `merge` and other programs. FILE.journal beside it
    /// says how far the sweep has come.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Go on from FILE.journal if it is there, and replace FILE.
    #[arg(long, requires = "json")]
    resume: bool,
}

/// Arguments of `merge`.
#[derive(Args)]
pub struct MergeArgs {
    /// Reports of the shards of one sweep.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the merged report goes.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
    /// Merge what is there, even if shards are missing.
    #[arg(long)]
    partial: bool,
}

pub(super) fn sweep<P: Judged>(tool: &dyn Tool<P>, args: &SweepArgs) -> Result<Exit, CliError> {
    let named = args.scenarios.iter().map(|name| scenario_named(tool, name));
    let mut chosen: Vec<&dyn Scenario<P>> = named.collect::<Result<_, _>>()?;
    if chosen.is_empty() {
        chosen = tool.scenarios();
    }
    let config = tool.config(args.config.as_deref()).map_err(CliError::Config)?;
    args.json.iter().try_for_each(|path| writable(path))?;
    let (pool, journal) = (Pool::new(args.threads), args.json.as_deref().map(journal_of));
    let runs = args.runs.map(SweepEnd::Runs);
    let sweep = Sweep {
        scenarios: &chosen,
        config: &config,
        end: runs.unwrap_or(SweepEnd::After(args.time.unwrap_or_default())),
        seed: args.seed,
        shard: args.shard,
        pool: &pool,
        journal: journal.as_deref(),
        resume: args.resume,
    };
    let bar = SweepBar::new(args.time);
    let _watchdog = bar.watch();
    let mut before = None;
    let report = sweep.run(|progress: &SweepProgress| {
        before.get_or_insert(progress.done);
        bar.show(progress);
    });
    bar.done();
    let report = report?;
    if let Some(path) = &args.json {
        save(path, &report.to_json(), args.resume, RESUME)?;
    }
    if let Some(before) = before.filter(|before| *before > 0) {
        say(&format!("Went on after {before} runs.\n"))?;
    }
    print(&summary(&report, Some((tool.name(), args.config.as_deref()))), Format::Text)?;
    Ok(exit_of(&report))
}

pub(super) fn merge(args: &MergeArgs) -> Result<Exit, CliError> {
    let read = |path: &PathBuf| Ok((path.display().to_string(), read_report(path)?));
    let reports: Vec<_> = args.files.iter().map(read).collect::<Result<_, CliError>>()?;
    let report = merge_sweeps(reports)?;
    if let (false, Some(missing)) = (args.partial, missing(&report)) {
        return Err(CliError::Missing(missing));
    }
    if let Some(path) = &args.json {
        save(path, &report.to_json(), false, "")?;
    }
    print(&summary(&report, None), Format::Text)?;
    Ok(exit_of(&report))
}

fn read_report(path: &Path) -> Result<SweepReport, CliError> {
    let path_shown = || path.display().to_string();
    SweepReport::from_json(&read(path)?)
        .map_err(|source| CliError::Report { path: path_shown(), source })
}

/// The journal beside a report.
fn journal_of(report: &Path) -> PathBuf {
    beside(report, ".journal")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// What to do about a report of a sweep that is there already and differs.
const RESUME: &str = "; with --resume it is replaced";

/// Writes a report in one step, so that a file of its name is always whole. One that is there
/// and differs is replaced only where that is wanted.
fn save(path: &Path, text: &str, replace: bool, hint: &'static str) -> Result<(), CliError> {
    if !replace && std::fs::read_to_string(path).is_ok_and(|there| there != text) {
        return Err(CliError::Differs { path: path.display().to_string(), hint });
    }
    let whole = beside(path, ".new");
    std::fs::write(&whole, text)
        .and_then(|()| std::fs::rename(&whole, path))
        .map_err(|source| CliError::Write { path: path.display().to_string(), source })
}

/// Which shards a report lacks, in words.
fn missing(report: &SweepReport) -> Option<String> {
    let numbers = report.missing();
    let of = report.shards.of;
    let names: Vec<_> = numbers.iter().take(NAMED).map(|number| format!("{number}/{of}")).collect();
    let more = numbers.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!numbers.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}

/// What the exit code says of a report. A shard alone is not held to the promises.
fn exit_of(report: &SweepReport) -> Exit {
    if report.scenarios.iter().any(SweepTally::panicked) {
        Exit::Panicked
    } else if report.findings() > 0 {
        Exit::Violated
    } else if report.is_vacuous() {
        Exit::Vacuous
    } else {
        Exit::Held
    }
}

/// A report for people. With a tool and a configuration, it also says how to see a finding again.
fn summary(report: &SweepReport, with: Option<(&str, Option<&str>)>) -> Document {
    let mut document = Document::default();
    let rows = report.scenarios.iter().map(|one| {
        let reached = one.marks.values().filter(|times| **times > 0).count();
        let marks = format!("{reached} of {}", one.marks.len());
        let broken: Vec<_> = one.broken.keys().map(String::as_str).collect();
        let numbers = [one.runs, one.events].map(|number| number.to_string());
        [&one.scenario, &numbers[0], &numbers[1], &marks, &broken.join(", ")].map(Clone::clone)
    });
    let head = ["scenario", "runs", "events", "marks reached", "broken"];
    document.heading(2, "Sweep").table(&head, rows.map(Vec::from).collect());
    for one in &report.scenarios {
        for (invariant, broken) in &one.broken {
            let runs = if broken.runs == 1 { "run" } else { "runs" };
            let mut text = format!("{invariant} in {}, {} {runs}", one.scenario, broken.runs);
            let _ = write!(text, "; seed {}: {}", broken.seed, broken.message);
            document.text(text);
            if let Some((tool, config)) = with {
                let (scenario, seed) = (&one.scenario, broken.seed);
                let config = config.map_or(String::new(), |config| format!(" --config {config}"));
                document.code(format!("{tool} run {scenario} --seed {seed}{config}"));
            }
        }
    }
    if let Some(missing) = missing(report) {
        document.field("Missing shards", missing);
    } else {
        for (scenario, marks) in &report.unreached {
            let marks = marks.join(", ");
            document.text(format!("{scenario} never reached {marks}: the sweep proves nothing."));
        }
    }
    document.field("Digest", report.digest.to_string());
    let (runs, twice) = (report.runs, report.rechecked);
    document.field("Runs", format!("{runs}, {twice} of them made twice"));
    document
}
