//! An audit as a report, in the form that reliability audits prescribe.

use std::path::Path;

use wavetank::protocol::Protocol;
use wavetank::report::Document;
use wavetank_models::DocSync;
use wavetank_models::catalogue::{self, Severity};
use wavetank_models::policy::Knob;

use super::json::{location, notes, transport};
use super::save::{case_name, fix_name, open_name};
use super::score::{FORMULA, demands, meaning, weight};
use super::{Audit, Finding, Kind, Unexplained};

/// The whole report. Paths of cases and patches are below `folder`.
pub fn to_document(audit: &Audit, folder: &Path) -> Document {
    let mut report = Document::default();
    front(audit, &mut report);
    environment(audit, &mut report);
    for (kind, title) in [
        (Kind::BreaksPromise, "Findings: breaks its promise"),
        (Kind::PromisesLess, "Findings: promises less than the objectives demand"),
    ] {
        let of_kind: Vec<_> = audit.findings.iter().filter(|one| one.kind == kind).collect();
        report.heading(2, format!("{title} ({})", of_kind.len()));
        if of_kind.is_empty() {
            report.text("None.");
        }
        for finding in of_kind {
            show(audit, finding, folder, &mut report);
        }
    }
    unexplained(audit, folder, &mut report);
    conformance(audit, &mut report);
    score(audit, &mut report);
    plan(audit, &mut report);
    evidence(audit, folder, &mut report);
    report
}

fn front(audit: &Audit, report: &mut Document) {
    let system = &audit.file.document.system;
    report.text(format!("This is {}.", system.model));
    report.heading(1, format!("Reconnection and sync audit: {}", system.name));
    let worst = audit.findings.iter().filter(|one| one.severity == Severity::Critical).count();
    let (whole, tenth) = (audit.score / 10, audit.score % 10);
    report.text(format!(
        "Score {whole}.{tenth} of 10 ({}). {} findings, {worst} of them critical, from {} runs.",
        meaning(audit.score),
        audit.findings.len(),
        audit.runs,
    ));
}

fn environment(audit: &Audit, report: &mut Document) {
    let system = &audit.file.document.system;
    report.heading(2, "Environment and assumptions");
    report.field("System", format!("{} ({})", system.name, system.version));
    report.field("Policy", audit.file.path.display().to_string());
    let needs = |text: &String| format!("{text} Needs Confirmation.");
    report.list(system.assumptions.iter().map(needs));
    if !system.beyond.is_empty() {
        report.text("What the policy language cannot say about this system:");
        report.list(system.beyond.iter().cloned());
    }
    if !audit.harmless.is_empty() {
        report.text(
            "Suspicious patterns: differences from the reference on which no finding rests. They \
             may matter in situations that no scenario has; verify them by hand.",
        );
        report.list(audit.harmless.iter().map(difference));
    }
}

fn difference(knob: &Knob) -> String {
    format!("{} = {} (reference: {})", knob.path, knob.value, knob.reference)
}

/// The risk category of an area, as the two forms of audit name it; none where it is neither an
/// area of the catalogue nor a section of the policy that is about one.
pub fn category(area: &str) -> Option<&'static str> {
    Some(match area {
        "connection" | "dial" | "close_policy" => "Disconnect / Connection",
        "reconnection" | "reconnect" => "Disconnect / Reconnection",
        "delivery" | "outbox" | "ack" | "commit" => "Consistency / Messaging",
        "heartbeat" => "Disconnect / Heartbeat",
        "backend" | "fanout" => "Backend WS / Messaging",
        "processing" => "Message Processing / State Sync",
        "errors" => "Error Handling / Connection",
        "security" | "auth" | "limits" | "rate" => "Backend WS / Security",
        "consistency" => "Consistency / State Sync",
        "observability" => "Testing / Connection",
        "ui" => "Error Handling / State Sync",
        "staleness" => "Disconnect / State Sync",
        "tearing" | "sync" | "apply" => "State Tearing / State Sync",
        _ => return None,
    })
}

/// The area of a knob: what the catalogue says, or what its path does.
fn area(knob: &Knob) -> &str {
    let entry = catalogue::of_knob(&knob.path, &knob.value);
    entry.map_or_else(|| knob.path.split('.').nth(1).unwrap_or("state"), |entry| &entry.area)
}

fn problem(knob: &Knob) -> String {
    catalogue::of_knob(&knob.path, &knob.value).map_or_else(
        || format!("{} lets the objective be missed.", difference(knob)),
        |entry| entry.failure_mode.clone(),
    )
}

fn show(audit: &Audit, finding: &Finding, folder: &Path, report: &mut Document) {
    let below = |name: String| folder.join(name).display().to_string();
    report.heading(3, format!("[SEVERITY: {}] {}", finding.severity.word(), finding.title));
    report.field("Finding", finding.id.clone());
    report.field("Location", location(audit, finding));
    let mut areas: Vec<_> = finding
        .changes
        .iter()
        .map(|knob| category(area(knob)))
        .map(|known| known.unwrap_or("State Tearing / State Sync"))
        .collect();
    areas.dedup();
    report.field("Risk Category", areas.join("; "));
    rating(finding, report);
    let problem: Vec<_> = finding.changes.iter().map(problem).collect();
    report.field("The Problem", problem.join(" "));
    let (failing, of) = finding.failing;
    let also = match finding.also.as_slice() {
        [] => String::new(),
        also => format!(" It also breaks {}.", also.join(", ")),
    };
    report.field(
        "Impact",
        format!(
            "{} was broken in {failing} of {of} runs of the scenarios concerned.{also} In the \
             small case: {}.",
            finding.invariant, finding.violation.message
        ),
    );
    let (mended, tried) = finding.mended;
    let confidence = if mended * 2 >= tried { "High" } else { "Medium" };
    report.field(
        "Confidence",
        format!("{confidence}: the fix mended {mended} of {tried} independent failing cases."),
    );
    report.field(
        "How to Verify",
        format!("scenario {}, seed {}; shrunk to:", finding.scenario, finding.seed),
    );
    report.code(finding.case.in_words());
    let (case, fix) = (below(case_name(finding)), below(fix_name(finding)));
    report.code(format!("wavetank replay {case}\nwavetank replay {case} --patch {fix}"));
    if !finding.behind.is_empty() {
        report.text(format!(
            "It showed once these were mended: {}; the case carries them.",
            finding.behind.join(", ")
        ));
    }
    remedy(finding, report);
}

/// Why it is as bad as that, and what links have to do for it: as far as the catalogue knows.
fn rating(finding: &Finding, report: &mut Document) {
    let notes: Vec<_> = notes(finding).collect();
    if !notes.is_empty() {
        report.field("Why This Severity", notes.join(" "));
    }
    if let Some(transport) = transport(finding) {
        report.field("Transport", format!("It {}.", transport.about()));
    }
}

fn remedy(finding: &Finding, report: &mut Document) {
    let fixes: Vec<_> = finding.entries.iter().map(|entry| entry.fix.as_str()).collect();
    let own = "Set the knob to the reference's value.";
    report.field("The Fix", if fixes.is_empty() { own.to_owned() } else { fixes.join(" ") });
    let lines = finding.changes.iter().flat_map(|knob| {
        let Knob { path, reference, value } = knob;
        [format!("- {path} = {value}"), format!("+ {path} = {reference}")]
    });
    report.code(lines.collect::<Vec<_>>().join("\n"));
    let costs: Vec<_> = finding.entries.iter().map(|entry| entry.trade_off.as_str()).collect();
    let own = "What the system chose this value for; weigh it against the objective.";
    let costs = if costs.is_empty() { own.to_owned() } else { costs.join(" ") };
    report.field("Trade-off Consideration", costs);
}

fn unexplained(audit: &Audit, folder: &Path, report: &mut Document) {
    if audit.unexplained.is_empty() {
        return;
    }
    report.heading(2, format!("Broken, and not explained ({})", audit.unexplained.len()));
    report.text(
        "No set of up to three changes mends at least eight independent failing cases of these.",
    );
    report.list(audit.unexplained.iter().map(|one| {
        let Unexplained { invariant, scenario, seed, failing, .. } = one;
        let case = folder.join(open_name(one));
        format!(
            "{invariant}: {failing} runs, such as seed {seed} of {scenario}: `wavetank replay {}`",
            case.display()
        )
    }));
}

fn conformance(audit: &Audit, report: &mut Document) {
    if audit.conformance.is_empty() {
        return;
    }
    report.heading(2, "Conformance of the model to the documentation");
    let rows = audit.conformance.iter().map(|one| {
        let holds = if one.holds { "yes" } else { "NO" };
        vec![
            holds.to_owned(),
            one.found.clone(),
            one.expect.clone(),
            one.statement.clone(),
            one.cite.clone(),
        ]
    });
    let head = ["holds", "model", "documented", "statement", "source"];
    report.table(&head, rows.collect());
}

fn score(audit: &Audit, report: &mut Document) {
    let (whole, tenth) = (audit.score / 10, audit.score % 10);
    report.heading(2, format!("Score: {whole}.{tenth} of 10"));
    report.text(FORMULA);
    let all = demands();
    let row = |one: &super::Demand| {
        let failing =
            audit.tallies.iter().filter(|tally| tally.failing.contains_key(one.invariant));
        let scenarios: Vec<_> = failing.map(|tally| tally.scenario.clone()).collect();
        let broken = (!scenarios.is_empty()).then(|| scenarios.join(", "))?;
        let weight = weight(one.severity).to_string();
        Some(vec![one.invariant.to_owned(), one.severity.word().to_owned(), weight, broken])
    };
    let rows: Vec<_> = all.iter().filter_map(row).collect();
    report.text(format!("Of {} demands {} did not hold.", all.len(), rows.len()));
    report.table(&["demand", "severity", "weight", "broken in"], rows);
}

fn plan(audit: &Audit, report: &mut Document) {
    report.heading(2, "Summary and action plan");
    let line = |finding: &Finding| {
        let fix: Vec<_> =
            finding.changes.iter().map(|k| format!("{} = {}", k.path, k.reference)).collect();
        format!("{} ({}): {}", finding.title, finding.id, fix.join(", "))
    };
    report.heading(3, "Top three fixes");
    if audit.findings.is_empty() {
        report.text("None is needed for what was tried.");
    }
    report.list(audit.findings.iter().take(3).map(line));
    let of = |wanted: &[Severity]| {
        let chosen = audit.findings.iter().filter(|one| wanted.contains(&one.severity));
        chosen.map(line).collect::<Vec<_>>()
    };
    report.heading(3, "Fix Now (before production)");
    report.list(or_none(of(&[Severity::Critical])));
    report.heading(3, "Fix Soon (next iteration)");
    report.list(or_none(of(&[Severity::High, Severity::Medium])));
    report.heading(3, "Monitor");
    let mut watched: Vec<_> = audit
        .findings
        .iter()
        .flat_map(|one| &one.entries)
        .flat_map(|e| e.metrics.clone())
        .collect();
    watched.sort_unstable();
    watched.dedup();
    report.list(or_none(of(&[Severity::Monitor])));
    let rows =
        THRESHOLDS.iter().map(|(metric, limit)| vec![(*metric).to_owned(), (*limit).to_owned()]);
    report.table(&["metric", "alert"], rows.collect());
    if !watched.is_empty() {
        report.field("Watch for these findings", watched.join(", "));
    }
}

/// Metrics that show these failures in production, and when to raise an alarm.
const THRESHOLDS: [(&str, &str); 6] = [
    ("reconnections", "more than 10 a minute per client, or 5 % of connections an hour"),
    ("heartbeat failures", "more than 5 % of expected answers"),
    ("outbound queue depth", "more than 100 (limit 1000)"),
    ("message latency", "average above 1 s; p95 objective 200 ms"),
    ("connection errors", "more than 10 % of dials"),
    ("duplicate effects", "any"),
];

fn or_none(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["nothing".to_owned()] } else { lines }
}

fn evidence(audit: &Audit, folder: &Path, report: &mut Document) {
    report.heading(2, "Evidence");
    let rows = audit.tallies.iter().map(|tally| {
        let failing: std::collections::BTreeSet<_> = tally.failing.values().flatten().collect();
        let numbers = [tally.runs, failing.len() as u64, tally.events].map(|n| n.to_string());
        let [runs, failing, events] = numbers;
        vec![tally.scenario.clone(), runs, failing, events]
    });
    report.table(&["scenario", "runs", "failing", "events"], rows.collect());
    report.text("States that the campaign reached, how often, and in how many scenarios:");
    let rows = DocSync::MARKS.iter().map(|mark| {
        let reached = || audit.tallies.iter().map(|tally| tally.marks.times(mark.name));
        let scenarios = reached().filter(|times| *times > 0).count();
        let numbers = [reached().sum::<u64>().to_string(), scenarios.to_string()];
        let [times, scenarios] = numbers;
        vec![mark.name.to_owned(), times, scenarios, mark.about.to_owned()]
    });
    report.table(&["state", "times", "scenarios", "what has happened"], rows.collect());
    if !audit.unreached.is_empty() {
        report.text("Never reached, though the scenario should: what rests on them is not proved.");
        report.list(audit.unreached.iter().map(|(scenario, mark)| format!("{scenario}: {mark}")));
    }
    report.field("Digest of all runs", audit.digest.to_string());
    let twice = audit.rechecked;
    report.field("Made twice", format!("{twice} runs, each with the same outcome both times"));
    report.field("Cases, fixes and this report", folder.display().to_string());
}
