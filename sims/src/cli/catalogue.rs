//! `wavetank catalogue`.

use std::path::{Path, PathBuf};

use clap::Args;
use wavetank::explore::Pool;
use wavetank::harness::cli::{self, Bar, Format, print, say};
use wavetank::harness::{Exit, nearest};
use wavetank_models::catalogue::{Entry, entries};

use super::error::CliError;
use crate::catalogue::{self, CAMPAIGNS_MAX, Options, Progress, Shortfall, Study};

const AFTER: &str = "\
Examples:
  wavetank catalogue --seeds 1000                       the whole table
  wavetank catalogue --seeds 200 --entry recon-no-resync --entry dlv-server-no-dedup
  wavetank catalogue --seeds 1000 --campaigns 20        medians and intervals
  wavetank catalogue --format json --out found          for programs; the cases go to `found`

Exit codes: 0 every row is whole and the reference broke nothing, 1 the reference broke
something, a repair did not mend or a flaw was found by its own claims alone, 3 a flaw was not
found, 2 wrong usage, 5 a file could not be written.";

/// Arguments of `catalogue`.
#[derive(Args)]
#[command(after_help = AFTER)]
pub(super) struct CatalogueArgs {
    /// The most runs of each flaw; the scenarios take turns. The reference runs every scenario
    /// with as many seeds; dear scenarios run fewer, by their cost.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// How often the hunt for each flaw is made, with other seeds each time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=u64::from(CAMPAIGNS_MAX)))]
    campaigns: u64,
    /// Look at this failure mode only, or at several.
    #[arg(long, value_name = "ID")]
    entry: Vec<String>,
    /// Threads to run on; 0 is one per core. The result does not depend on it.
    #[arg(long, default_value_t = 0, value_parser = cli::threads)]
    threads: usize,
    /// How the table is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The folder for the small cases and their fixes. By default one below `wavetank-report`,
    /// named after what was found.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Write the page of the book to this file as well, over an earlier one.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// The date that the page bears.
    #[arg(long)]
    date: Option<String>,
}

pub(super) fn catalogue(args: &CatalogueArgs) -> Result<Exit, CliError> {
    let entries = chosen(&args.entry)?;
    let bar = Bar::of("done");
    super::folder(args.out.as_deref())?;
    args.markdown.iter().try_for_each(|file| cli::writable(file))?;
    let _watchdog = bar.watch();
    let pool = Pool::new(args.threads);
    let progress = |step| show(&bar, step);
    let (seeds, campaigns) = (args.seeds, args.campaigns);
    let options = Options { entries, seeds, campaigns, pool: &pool, progress: &progress };
    let study = catalogue::study(&options);
    bar.done();
    let folder = args.out.clone().unwrap_or_else(|| catalogue::folder(&study));
    let page = || catalogue::to_page(&study, args.date.as_deref());
    match args.format {
        Format::Json => say(&catalogue::to_json(&study, &folder))?,
        Format::Markdown => say(&page())?,
        Format::Text => print(&catalogue::to_document(&study, &folder), args.format)?,
    }
    catalogue::save(&study, &folder)?;
    if let Some(file) = &args.markdown {
        write_page(file, &page())?;
    }
    Ok(exit(&study))
}

/// The failure modes of these names; all of them if none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static Entry>, CliError> {
    if names.is_empty() {
        return Ok(entries().iter().collect());
    }
    for name in names {
        if !entries().iter().any(|entry| entry.id == *name) {
            let nearest = nearest(name, entries().iter().map(|entry| entry.id.clone()));
            return Err(CliError::Entry { name: name.clone(), nearest });
        }
    }
    Ok(entries().iter().filter(|entry| names.contains(&entry.id)).collect())
}

/// Writes the page, over an earlier one but over nothing else.
fn write_page(file: &Path, page: &str) -> Result<(), CliError> {
    match std::fs::read_to_string(file) {
        Ok(there) if !catalogue::is_page(&there) => Ok(cli::write_new(file, page)?),
        _ => std::fs::write(file, page).map_err(|source| {
            let path = file.display().to_string();
            CliError::Any(cli::CliError::Write { path, source })
        }),
    }
}

/// Shows what is being done.
fn show(bar: &Bar, progress: Progress) {
    match progress {
        Progress::Reference(runs) => bar.begin("running the reference", runs),
        Progress::Hunting(hunts) => bar.begin("hunting for flaws", hunts),
        Progress::Shrinking(cases) => bar.begin("making cases small", cases),
        Progress::Step => bar.step(),
    }
}

fn exit(study: &Study) -> Exit {
    let broken = study.violations().next().is_some();
    let wrong = study.any(Shortfall::Unrepaired) || study.any(Shortfall::Confesses);
    match (broken || wrong, study.any(Shortfall::Undetected)) {
        (true, _) => Exit::Violated,
        (false, true) => Exit::Vacuous,
        (false, false) => Exit::Held,
    }
}
