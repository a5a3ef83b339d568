//! The table for a terminal.

use std::path::Path;

use wavetank::report::Document;
use wavetank_models::catalogue;

use super::files::{case_name, fix_name};
use super::{Hunt, Shortfall, Study, Trial};

/// The heads of the table that [`row`] fills.
pub(super) const HEAD: [&str; 7] = [
    "flaw",
    "detected by",
    "runs to detection",
    "reached, triggered",
    "faults, operations, nodes of its smallest case",
    "repair verified",
    "found without its claims",
];

/// The report for people. Paths are below `folder`.
pub fn to_document(study: &Study, folder: &Path) -> Document {
    let mut report = Document::default();
    report.heading(1, "The catalogue put to the test");
    report.text(summary(study));
    let head = ["flaw", "detected by", "runs", "reached", "size", "repair", "mute"];
    report.table(&head, study.trials.iter().map(|trial| row(study, trial)).collect());
    report.text(
        "runs: until the invariant was broken; reached: runs in which the wrong step was taken, or \
         the section of the wrong knob was looked up, and in which it made a difference; size: \
         faults + operations, nodes of the smallest case; repair: it mends the case, the smallest \
         case and further seeds; mute: found without the claims that only the flaw makes.",
    );
    shortfalls(study, &mut report);
    if let Some(trial) = study.trials.iter().find(|trial| trial.exhibit.is_some()) {
        let below = |name: String| folder.join(name).display().to_string();
        let (case, fix) = (below(case_name(trial)), below(fix_name(trial)));
        report.text("Every row replays, and holds with its fix:");
        report.code(format!("wavetank replay {case}\nwavetank replay {case} --patch {fix}"));
    }
    report
}

/// What came of it, in a sentence or two.
pub(super) fn summary(study: &Study) -> String {
    let found = study.trials.iter().filter(|trial| !trial.runs().contains(&None)).count();
    let artefacts = catalogue::artefacts().len();
    let campaigns = match study.campaigns {
        1 => String::new(),
        more => format!(" in each of {more} campaigns"),
    };
    format!(
        "{found} of {} failure modes were found within {} runs each{campaigns}. The reference \
         broke {} invariants in {} runs. {artefacts} further failure modes are covered by \
         artefacts.",
        study.trials.len(),
        study.seeds,
        study.violations().count(),
        study.reference_runs(),
    )
}

/// A row of the table.
pub(super) fn row(study: &Study, trial: &Trial) -> Vec<String> {
    let by = trial.exhibit.as_ref().map_or("-", |_| &trial.entry.invariant);
    let yes = |is: bool| if is { "yes" } else { "NO" }.to_owned();
    let none = || "-".to_owned();
    let exhibit = trial.exhibit.as_ref();
    let size = exhibit.map(|one| {
        let [faults, operations, nodes] = one.size();
        format!("{faults} + {operations}, {nodes}")
    });
    let mute = |found: bool| match (found, trial.entry.wrong_claim) {
        (false, true) => "it is a claim".to_owned(),
        (found, _) => yes(found),
    };
    vec![
        trial.entry.id.clone(),
        by.to_owned(),
        runs(study, trial),
        reached(trial),
        size.unwrap_or_else(none),
        exhibit.map_or_else(none, |one| yes(one.repair.holds())),
        exhibit.map_or_else(none, |one| mute(one.mute)),
    ]
}

/// In how many runs of all hunts the wrong step was taken, or the section of the wrong knob was
/// looked up, and in how many it made a difference.
fn reached(trial: &Trial) -> String {
    let sum = |count: fn(&Hunt) -> u64| trial.hunts.iter().map(count).sum::<u64>();
    format!("{}, {}", sum(|hunt| hunt.reached), sum(|hunt| hunt.triggered))
}

/// The runs to detection: of one campaign the number, of several the median and its interval.
fn runs(study: &Study, trial: &Trial) -> String {
    let end = |runs: Option<u64>| {
        runs.map_or_else(|| format!("more than {}", study.seeds), |runs| runs.to_string())
    };
    let Some(median) = super::Median::of(&trial.runs()) else { return "-".to_owned() };
    let interval = median.interval.map(|(low, high)| format!(" [{}, {}]", end(low), end(high)));
    format!("{}{}", end(median.median), interval.unwrap_or_default())
}

/// The rows that fell short, and what the reference broke.
pub(super) fn shortfalls(study: &Study, report: &mut Document) {
    let short: Vec<String> = study.trials.iter().flat_map(|trial| short(study, trial)).collect();
    let broken = study.violations().map(|(scenario, seed, invariant)| {
        format!("the reference breaks {invariant}: `run {scenario} --seed {seed}`")
    });
    let lines: Vec<String> = short.into_iter().chain(broken).collect();
    report.heading(2, format!("Fell short ({})", lines.len()));
    if lines.is_empty() {
        report.text("Nothing did.");
    } else {
        report.list(lines);
    }
}

fn short(study: &Study, trial: &Trial) -> Vec<String> {
    let id = &trial.entry.id;
    let line = |shortfall: &Shortfall| match shortfall {
        Shortfall::Undetected => {
            let missed = trial.hunts.iter().filter(|hunt| hunt.found.is_none());
            let sum = |count: fn(&Hunt) -> u64| missed.clone().map(count).sum::<u64>();
            let (ran, reached) = (sum(|hunt| hunt.runs), sum(|hunt| hunt.reached));
            let (differed, elsewhere) = (sum(|hunt| hunt.triggered), sum(|hunt| hunt.elsewhere));
            format!(
                "{id}: {} was not broken in {} of {} campaigns; of their {ran} runs, {reached} used \
                 what is wrong, {differed} differed from the reference's, and {elsewhere} broke \
                 something else",
                trial.entry.invariant,
                missed.clone().count(),
                study.campaigns,
            )
        }
        Shortfall::Unrepaired => {
            let repair = trial.exhibit.as_ref().map(|one| one.repair).unwrap_or_default();
            let (held, of) = repair.further;
            let word = |held: bool| if held { "holds" } else { "still breaks something" };
            format!(
                "{id}: with the right value the case {}, the smallest case {}, and {held} of {of} \
                 further seeds hold",
                word(repair.original),
                word(repair.small),
            )
        }
        Shortfall::Confesses => {
            format!("{id}: found by nothing but claims that the repaired nodes never make")
        }
    };
    trial.shortfalls().iter().map(line).collect()
}
