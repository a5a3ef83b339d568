//! An audit as JSON: the same bytes for any number of threads.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use wavetank_models::catalogue::{Severity, Transport};
use wavetank_models::policy::Patch;

use super::save::{case_name, fix_name, open_name};
use super::{Audit, Finding, Kind, Tally, Unexplained};
use crate::conformance::Checked;

#[derive(Serialize)]
struct Report<'a> {
    policy: String,
    system: &'a str,
    score: f64,
    seeds: u64,
    runs: u64,
    rechecked: u64,
    digest: String,
    findings: Vec<Item<'a>>,
    unexplained: Vec<Open<'a>>,
    conformance: Vec<Statement<'a>>,
    marks: BTreeMap<&'a str, BTreeMap<&'static str, u64>>,
    marks_not_reached: &'a [(String, String)],
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    title: &'a str,
    kind: &'static str,
    severity: Severity,
    severity_notes: Vec<&'a str>,
    transport: Option<Transport>,
    invariant: &'a str,
    also: &'a [String],
    scenario: &'a str,
    seed: u64,
    location: String,
    case: String,
    digest: String,
    message: &'a str,
    failing: u64,
    of: u64,
    fix: Fix<'a>,
    behind: &'a [String],
}

#[derive(Serialize)]
struct Fix<'a> {
    patch: String,
    changes: &'a Patch,
    mended: usize,
    tried: usize,
}

#[derive(Serialize)]
struct Open<'a> {
    invariant: &'a str,
    scenario: &'a str,
    seed: u64,
    case: String,
    failing: u64,
}

#[derive(Serialize)]
struct Statement<'a> {
    statement: &'a str,
    cite: &'a str,
    probe: &'a str,
    expect: &'a str,
    found: &'a str,
    holds: bool,
}

/// The word for a kind of finding.
pub(super) const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::BreaksPromise => "breaks-its-promise",
        Kind::PromisesLess => "promises-less-than-demanded",
    }
}

/// Why a finding is as bad as it is, as far as the catalogue says so.
pub(super) fn notes(finding: &Finding) -> impl Iterator<Item = &'static str> {
    let notes = finding.entries.iter().map(|entry| entry.severity_note.as_str());
    notes.filter(|note| !note.is_empty())
}

/// What links must do for all of a finding to show; nothing if the catalogue does not know it.
pub(super) fn transport(finding: &Finding) -> Option<Transport> {
    finding.entries.iter().map(|entry| entry.transport).max()
}

/// Where the knobs of a finding stand in the policy.
pub(super) fn location(audit: &Audit, finding: &Finding) -> String {
    let path = audit.file.path.display();
    let place = |knob: &wavetank_models::policy::Knob| match audit.file.line(&knob.path) {
        Some(line) => format!("{path}:{line}"),
        None => format!("{path} ({})", knob.path),
    };
    finding.changes.iter().map(place).collect::<Vec<_>>().join(", ")
}

fn item<'a>(audit: &Audit, finding: &'a Finding, folder: &Path) -> Item<'a> {
    let below = |name: String| folder.join(name).display().to_string();
    Item {
        id: &finding.id,
        title: &finding.title,
        kind: kind_word(finding.kind),
        severity: finding.severity,
        severity_notes: notes(finding).collect(),
        transport: transport(finding),
        invariant: &finding.invariant,
        also: &finding.also,
        scenario: &finding.scenario,
        seed: finding.seed,
        location: location(audit, finding),
        case: below(case_name(finding)),
        digest: finding.digest.to_string(),
        message: &finding.violation.message,
        failing: finding.failing.0,
        of: finding.failing.1,
        fix: Fix {
            patch: below(fix_name(finding)),
            changes: &finding.fix,
            mended: finding.mended.0,
            tried: finding.mended.1,
        },
        behind: &finding.behind,
    }
}

fn open<'a>(one: &'a Unexplained, folder: &Path) -> Open<'a> {
    let Unexplained { invariant, scenario, seed, failing, .. } = one;
    let case = folder.join(open_name(one)).display().to_string();
    Open { invariant, scenario, seed: *seed, case, failing: *failing }
}

fn statement(one: &Checked) -> Statement<'_> {
    Statement {
        statement: &one.statement,
        cite: &one.cite,
        probe: &one.probe,
        expect: &one.expect,
        found: &one.found,
        holds: one.holds,
    }
}

/// How often a scenario reached each mark of the catalogue.
fn marks(tally: &Tally) -> (&str, BTreeMap<&'static str, u64>) {
    (&tally.scenario, tally.marks.iter().collect())
}

/// The audit as JSON. Paths of cases and patches are below `folder`, as it is given.
///
/// # Panics
/// Never: all of it can be written as JSON.
pub fn to_json(audit: &Audit, folder: &Path) -> String {
    let report = Report {
        policy: audit.file.path.display().to_string(),
        system: &audit.file.document.system.name,
        score: audit.score as f64 / 10.0,
        seeds: audit.seeds,
        runs: audit.runs,
        rechecked: audit.rechecked,
        digest: audit.digest.to_string(),
        findings: audit.findings.iter().map(|finding| item(audit, finding, folder)).collect(),
        unexplained: audit.unexplained.iter().map(|one| open(one, folder)).collect(),
        conformance: audit.conformance.iter().map(statement).collect(),
        marks: audit.tallies.iter().map(marks).collect(),
        marks_not_reached: &audit.unreached,
    };
    let mut text = serde_json::to_string_pretty(&report).expect("a report can be written as JSON");
    text.push('\n');
    text
}
