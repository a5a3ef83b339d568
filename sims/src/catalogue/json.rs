//! The result as JSON: the same bytes for any number of threads.

use std::path::Path;

use serde_json::{Value, json};
use wavetank_models::catalogue;

use super::files::{case_name, fix_name};
use super::{Column, Median, Study, Trial, columns};

/// The result as JSON. Paths of cases and fixes are below `folder`, as it is given.
pub fn to_json(study: &Study, folder: &Path) -> String {
    let violations = study.violations().map(|(scenario, seed, invariant)| {
        json!({"scenario": scenario, "seed": seed, "invariant": invariant})
    });
    let violations: Vec<Value> = violations.collect();
    let artefacts = catalogue::artefacts().iter();
    let columns = columns(study);
    let never: Vec<&str> = columns
        .iter()
        .filter(|column| column.first.is_empty())
        .map(|Column { invariant, .. }| invariant.as_str())
        .collect();
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "seeds": study.seeds,
        "campaigns": study.campaigns,
        "flaws": study.trials.iter().map(|trial| flaw(trial, folder)).collect::<Vec<_>>(),
        "reference": {
            "runs": study.reference_runs(),
            "violations": violations.len(),
            "broken": violations,
        },
        "never_first": never,
        "artefacts": artefacts
            .map(|one| json!({"id": one.id, "path": one.path}))
            .collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn flaw(trial: &Trial, folder: &Path) -> Value {
    let below = |name: String| folder.join(name).display().to_string();
    let Trial { entry, hunts, exhibit } = trial;
    let first = hunts.first().cloned().unwrap_or_default();
    let row = trial.row();
    let fired = row.iter().map(|(invariant, fired)| {
        json!({"invariant": invariant, "first": fired.first, "all": fired.all})
    });
    let mut value = json!({
        "id": entry.id,
        "title": entry.title,
        "detected": exhibit.is_some(),
        "invariant": entry.invariant,
        "wrong_claim": entry.wrong_claim,
        "runs": first.runs,
        "reached": first.reached,
        "triggered": first.triggered,
        "elsewhere": first.elsewhere,
        "runs_by_campaign": trial.runs(),
        "median": Median::of(&trial.runs()).map(|one| json!({
            "runs": one.median,
            "interval": one.interval.map(|(low, high)| [low, high]),
        })),
        "fired": fired.collect::<Vec<_>>(),
        "case": exhibit.as_ref().map(|_| below(case_name(trial))),
        "fix": exhibit.as_ref().map(|_| below(fix_name(trial))),
    });
    if let (Some(one), Value::Object(map)) = (exhibit, &mut value) {
        let [faults, operations, nodes] = one.size();
        let repair = one.repair;
        let more = json!({
            "scenario": one.case.origin.scenario,
            "seed": one.case.origin.seed,
            "digest": one.case.origin.digest,
            "message": one.message,
            "size": {"faults": faults, "operations": operations, "nodes": nodes},
            "repaired": repair.holds(),
            "repair": {
                "original": repair.original,
                "small": repair.small,
                "further": {"held": repair.further.0, "of": repair.further.1},
            },
            "mute": one.mute,
        });
        if let Value::Object(more) = more {
            map.extend(more);
        }
    }
    value
}
