//! `run --fidelity`: a case where more is real, or everywhere.

use clap::ValueEnum;
use serde_json::json;

use super::{CliError, Format, print, say};
use crate::differential::{Came, Comparison, Disagreement, Level};
use crate::explore::{Case, Verdict};
use crate::fault::named;
use crate::harness::Exit;
use crate::invariant::Judged;
use crate::report::Document;

/// How much of a run is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Fidelity {
    /// The state machines.
    Message,
    /// The WebSocket codec as well.
    Wire,
    /// tokio and TCP as well.
    Stack,
    /// Each of these, and whether they agree.
    All,
}

impl Fidelity {
    /// The levels to run at.
    ///
    /// # Errors
    /// Where this build does not have one.
    pub(super) fn levels(self) -> Result<&'static [Level], CliError> {
        let one = |name: &'static str| {
            let place = Level::ALL.iter().position(|level| level.to_string() == name);
            let place = place.ok_or(CliError::Fidelity(name))?;
            Ok(&Level::ALL[place..=place])
        };
        match self {
            Self::Message => one("message"),
            Self::Wire => one("wire"),
            Self::Stack => one("stack"),
            Self::All => Ok(Level::ALL),
        }
    }
}

/// Runs a case at these levels and prints what it came to at each.
pub(super) fn compare<P: Judged>(
    case: &Case<P>,
    levels: &[Level],
    format: Format,
) -> Result<Exit, CliError> {
    let comparison = Comparison::of(case, levels);
    let disagreements = comparison.disagreements();
    match format {
        Format::Json => say(&format!("{:#}\n", as_json(&comparison, &disagreements)))?,
        _ => print(&as_text(case, &comparison, &disagreements), format)?,
    }
    if !disagreements.is_empty() {
        return Ok(Exit::Disagreement);
    }
    let stopped = comparison.runs.iter().any(|(_, came)| matches!(came, Came::Stopped(_)));
    match comparison.first() {
        Some(run) => Ok(Exit::from(&run.outcome.verdict)),
        None if stopped => Ok(Exit::Panicked),
        None => Ok(Exit::Usage),
    }
}

fn as_text<P: Judged>(
    case: &Case<P>,
    comparison: &Comparison,
    disagreements: &[(Level, Disagreement)],
) -> Document {
    let mut report = Document::default();
    let rows = comparison.runs.iter().map(|(level, came)| {
        let (end, broken) = in_words(came);
        let (messages, cost) = came.run().map_or((String::new(), String::new()), |run| {
            let digest = format!("digest {}", run.outcome.digest);
            (run.outcome.counts.sent.to_string(), run.cost.clone().unwrap_or(digest))
        });
        vec![level.to_string(), end, broken, messages, cost]
    });
    report.table(&["fidelity", "verdict", "broken", "messages", "cost"], rows.collect());
    for (level, came) in &comparison.runs {
        if let Came::To(run) = came {
            for one in run.outcome.verdict.violations() {
                let at = one.at;
                report.text(format!("{level}: {}, {at}: {}", one.invariant, one.message));
            }
        }
    }
    for (level, what) in disagreements {
        report.text(match what {
            Disagreement::Verdict => format!("{level} does not agree: it came to another verdict."),
            Disagreement::Contents(node, topic) => {
                format!("{level} does not agree: {node} shows something else of {topic}.")
            }
        });
    }
    let ran = comparison.runs.iter().filter(|(_, came)| came.run().is_some()).count();
    if ran > 1 && disagreements.is_empty() {
        report.text("They agree.");
    }
    if ran < comparison.runs.len() {
        report.code(case.in_words());
    }
    report
}

fn in_words(came: &Came) -> (String, String) {
    match came {
        Came::To(run) => match &run.outcome.verdict {
            Verdict::Held => ("held".to_owned(), String::new()),
            Verdict::Panicked(message) => ("panicked".to_owned(), message.clone()),
            Verdict::Violated(broken) => {
                let names: Vec<&str> = broken.iter().map(|one| one.invariant.as_str()).collect();
                ("violated".to_owned(), names.join(", "))
            }
        },
        Came::Inexpressible(faults) => {
            ("not run".to_owned(), format!("cannot express {}", named(faults)))
        }
        Came::Stopped(why) => ("stopped".to_owned(), why.clone()),
    }
}

fn as_json(comparison: &Comparison, disagreements: &[(Level, Disagreement)]) -> serde_json::Value {
    let runs: Vec<_> = comparison
        .runs
        .iter()
        .map(|(level, came)| {
            let (verdict, detail) = in_words(came);
            let run = came.run();
            json!({
                "fidelity": level.to_string(),
                "verdict": verdict,
                "detail": detail,
                "violations": run.map(|run| run.outcome.verdict.violations()),
                "counts": run.map(|run| run.outcome.counts),
                "digest": run.filter(|run| run.cost.is_none()).map(|run| run.outcome.digest),
                "cost": run.and_then(|run| run.cost.as_ref()),
            })
        })
        .collect();
    let found: Vec<_> = disagreements
        .iter()
        .map(|(level, what)| match what {
            Disagreement::Verdict => json!({"fidelity": level.to_string(), "in": "verdict"}),
            Disagreement::Contents(node, topic) => {
                json!({"fidelity": level.to_string(), "in": "contents", "node": node, "topic": topic})
            }
        })
        .collect();
    json!({"runs": runs, "agree": found.is_empty(), "disagreements": found})
}
