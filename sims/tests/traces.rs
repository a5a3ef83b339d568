//! What is printed of a run: the trace and the diagram, as people read them.

use std::path::Path;

use wavetank::explore::{Case, case_of_seed, run_recorded};
use wavetank::report::{sequence_diagram, trace};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

fn saved(name: &str) -> Case<DocSync> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let text = std::fs::read_to_string(folder.join(name)).expect("a saved case");
    Case::from_json(&text).expect("a case")
}

fn seeded(scenario: &str, seed: u64) -> Case<DocSync> {
    let scenario = scenarios::named(scenario).expect("a scenario");
    case_of_seed(scenario, &Config::default(), seed)
}

fn traced(case: &Case<DocSync>) -> String {
    let (outcome, recording) = run_recorded(case);
    trace(case, &outcome, &recording)
}

fn drawn(case: &Case<DocSync>) -> String {
    let (outcome, recording) = run_recorded(case);
    sequence_diagram(case, &outcome, &recording, 60)
}

#[test]
fn the_trace_of_a_saved_case_has_a_column_per_node_and_the_violation_in_its_place() {
    insta::assert_snapshot!(traced(&saved("flaw-recon-no-resync.json")));
}

#[test]
fn the_trace_of_a_seed_shows_faults_operations_and_messages() {
    insta::assert_snapshot!(traced(&seeded("disconnect-during-edit", 3)));
}

#[test]
fn the_diagram_of_a_saved_case_ends_with_the_violation() {
    insta::assert_snapshot!(drawn(&saved("flaw-recon-no-resync.json")));
}

#[test]
fn the_diagram_of_a_seed_is_cut_after_so_many_steps() {
    insta::assert_snapshot!(drawn(&seeded("disconnect-during-edit", 3)));
}

#[test]
fn with_more_nodes_than_columns_the_name_stands_in_front() {
    let text = traced(&seeded("server-restart-herd", 0));
    let first = text.lines().next().expect("a line");
    assert!(first.contains("n1") && !first.contains("browser"), "{first}");
}

#[test]
fn a_diagram_is_valid_whatever_was_said() {
    for name in ["flaw-recon-no-resync.json", "flaw-hb-client-no-liveness-check.json"] {
        for line in drawn(&saved(name)).lines().skip(1) {
            let line = line.trim_start();
            if line.starts_with("participant ") {
                continue;
            }
            let (head, text) = line.split_once(": ").expect("a text after a colon");
            assert!(!text.contains(['#', ';']) && !text.is_empty(), "{line}");
            let arrow = ["-->>", "->>", "--x", "-x"].iter().any(|arrow| head.contains(arrow));
            assert!(arrow || head.starts_with("Note over n"), "{line}");
        }
    }
}
