//! The page of the book: the table, and the matrix by row and by column.

use wavetank::report::Document;
use wavetank_models::catalogue::{self, Transport};

use super::render::{HEAD, row, shortfalls, summary};
use super::{Fired, Study, Trial, columns};

/// What the page opens with, so that the command overwrites nothing but its own work.
const OPENING: &str = "# The catalogue put to the test\n";

/// Whether a text is such a page.
pub fn is_page(text: &str) -> bool {
    text.starts_with(OPENING)
}

/// The result as a page: the same for the same code, but for the date, if one is given.
pub fn to_page(study: &Study, date: Option<&str>) -> String {
    let mut page = Document::default();
    let version = env!("CARGO_PKG_VERSION");
    let on = date.map_or_else(String::new, |date| format!(", {date}"));
    page.text(format!(
        "Written by `wavetank catalogue --seeds {} --campaigns {} --markdown FILE`, version \
         {version}{on}. [How soon flaws are found](detection.md) says how to read it.",
        study.seeds, study.campaigns,
    ));
    page.text(summary(study));
    shortfalls(study, &mut page);
    page.heading(2, "Runs to detection");
    page.table(&HEAD, study.trials.iter().map(|trial| row(study, trial)).collect());
    page.heading(2, "What each flaw breaks");
    page.text(
        "Of the runs up to the one that found it. Where there is a choice, the number of runs \
         stands behind the name.",
    );
    page.table(&["flaw", "breaks first", "breaks as well"], rows(study));
    page.heading(2, "What each invariant finds");
    let all = columns(study);
    let of =
        all.iter().map(|one| vec![one.invariant.clone(), listed(&one.first), listed(&one.also)]);
    page.table(&["invariant", "first to find", "finds as well"], of.collect());
    page.heading(2, "Columns without a row");
    let empty: Vec<String> =
        all.iter().filter(|one| one.first.is_empty()).map(|one| one.invariant.clone()).collect();
    if empty.is_empty() {
        page.text("Each invariant is the first that some flaw of the catalogue breaks.");
    } else {
        page.text("Invariants that no flaw of the catalogue breaks before any other:");
        page.list(empty);
    }
    rated(study, &mut page);
    artefacts(&mut page);
    format!("{OPENING}\n{}", page.to_markdown())
}

fn rows(study: &Study) -> Vec<Vec<String>> {
    let cells = |trial: &Trial| {
        let row = trial.row();
        let some = |count: fn(&Fired) -> u64, skip: bool| {
            let chosen: Vec<_> = row
                .iter()
                .filter(|(_, fired)| count(fired) > 0 && (!skip || fired.first == 0))
                .collect();
            let many = chosen.len() > 1;
            let name = |(invariant, fired): &&(String, Fired)| match count(fired) {
                times if many => format!("{invariant} ({times})"),
                _ => invariant.clone(),
            };
            listed(&chosen.iter().map(name).collect::<Vec<_>>())
        };
        vec![trial.entry.id.clone(), some(|one| one.first, false), some(|one| one.all, true)]
    };
    study.trials.iter().map(cells).collect()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

/// What the catalogue says of flaws that needs a word: what shows them, and how bad they are.
fn rated(study: &Study, page: &mut Document) {
    let entries = || study.trials.iter().map(|trial| trial.entry);
    let chaos = entries().filter(|entry| entry.transport == Transport::Chaos);
    page.heading(2, "What no stream shows");
    page.text(format!(
        "Each of these {}; any other {}.",
        Transport::Chaos.about(),
        Transport::Stream.about()
    ));
    page.list(chaos.map(|entry| entry.id.clone()));
    page.heading(2, "Why a flaw is as bad as that");
    page.text("Where the audit documents differ, or give no level.");
    let noted = entries().filter(|entry| !entry.severity_note.is_empty());
    let row = |one: &catalogue::Entry| {
        vec![one.id.clone(), one.severity.word().to_owned(), one.severity_note.clone()]
    };
    page.table(&["flaw", "severity", "why"], noted.map(row).collect());
}

fn artefacts(page: &mut Document) {
    page.heading(2, "Failure modes that no simulation shows");
    if catalogue::artefacts().is_empty() {
        page.text("The catalogue has none yet.");
        return;
    }
    let row = |one: &catalogue::Artefact| vec![one.id.clone(), one.path.clone()];
    let rows = catalogue::artefacts().iter().map(row);
    page.table(&["failure mode", "covered by"], rows.collect());
}
