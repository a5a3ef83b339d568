//! `wavetank list`.

use serde_json::json;
use wavetank::harness::Exit;
use wavetank::harness::cli::{Format, print, say};
use wavetank::invariant::Judged;
use wavetank::objectives::Objectives;
use wavetank::report::Document;
use wavetank_models::policy::bundled;
use wavetank_models::{DocSync, catalogue};

use super::error::CliError;
use crate::scenarios;

pub(super) fn list(format: Format) -> Result<Exit, CliError> {
    let scenarios = scenarios::all();
    let invariants = DocSync::invariants(&Objectives::default()).history;
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
        say(&format!("{value:#}\n"))?;
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
    print(&report, format)?;
    Ok(Exit::Held)
}
