//! `wavetank audit`.

use std::path::PathBuf;

use clap::Args;
use wavetank::explore::Pool;
use wavetank::harness::Exit;
use wavetank::harness::cli::{self, Bar, Format, print, say};
use wavetank_models::policy::{PolicyFile, bundled};

use super::Deny;
use super::error::CliError;
use crate::audit::{self, Options, Progress};

/// Arguments of `audit`.
#[derive(Args)]
pub(super) struct AuditArgs {
    /// A policy file, or the name of a bundled policy. Without one, Socket.IO 4 as it comes.
    policy: Option<String>,
    /// Runs of a cheap scenario; dear scenarios run fewer, by their cost.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Threads to run on; 0 is one per core. The result does not depend on it.
    #[arg(long, default_value_t = 0, value_parser = cli::threads)]
    threads: usize,
    /// How the report is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The folder for cases, fixes and the report. By default one below `wavetank-report`,
    /// named after the policy and what was found.
    #[arg(long)]
    out: Option<PathBuf>,
    /// End with exit code 1 if there are findings of this severity or worse.
    #[arg(long, value_enum)]
    deny: Option<Deny>,
}

pub(super) fn audit(args: &AuditArgs) -> Result<Exit, CliError> {
    let chosen = args.policy.as_deref();
    let default = bundled().next().unwrap_or_default();
    let file = PolicyFile::find(chosen.unwrap_or(default))?;
    super::folder(args.out.as_deref())?;
    let bar = Bar::new();
    let _watchdog = bar.watch();
    let pool = Pool::new(args.threads);
    let progress = |step| show(&bar, step);
    let options = Options { seeds: args.seeds, pool: &pool, progress: &progress };
    let audit = audit::audit(file, &options);
    bar.done();
    let audit = audit?;
    let folder = args.out.clone().unwrap_or_else(|| audit::folder(&audit));
    let report = audit::to_document(&audit, &folder);
    match args.format {
        Format::Json => say(&audit::to_json(&audit, &folder))?,
        format => print(&report, format)?,
    }
    audit::save(&audit, &folder, &report.to_markdown())?;
    if chosen.is_none() && args.format == Format::Text {
        let others: Vec<_> = bundled().skip(1).collect();
        say(&format!(
            "Next: `wavetank audit {}` shows what recovery and retries change; also bundled: {}. \
             `wavetank audit FILE` audits your own; copy models/policies/reference.toml to start.\n",
            others[0],
            others[1..].join(", "),
        ))?;
    }
    let denied = args.deny.is_some_and(|deny| {
        let worst = |finding: &audit::Finding| deny.covers(finding.severity);
        audit.findings.iter().any(worst) || !audit.unexplained.is_empty()
    });
    Ok(match (denied, audit.is_vacuous()) {
        (true, _) => Exit::Violated,
        (false, true) => Exit::Vacuous,
        (false, false) => Exit::Held,
    })
}

/// Shows what an audit is doing.
fn show(bar: &Bar, progress: Progress) {
    match progress {
        Progress::Campaign(0, runs) => bar.begin("running all scenarios", runs),
        Progress::Campaign(round, runs) => bar.begin(format!("again, {round} times mended"), runs),
        Progress::Rechecking(runs) => bar.begin("some of them again", runs),
        Progress::Run => bar.step(),
        Progress::Searching(_) => bar.say("looking for causes"),
    }
}
