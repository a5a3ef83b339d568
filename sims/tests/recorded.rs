//! `wavetank check` on recordings of a real server and its clients: what was built in is found,
//! and nothing else.

mod binary;

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use binary::{json, text, wavetank};
use serde_json::Value;
use wavetank::explore::{case_of_seed, run_recorded};
use wavetank::history::log;
use wavetank_models::DocSync;
use wavetank_models::policy::PolicyFile;
use wavetank_sims::scenarios;

/// The recordings: the fault that was built in, and the invariants that it breaks.
const RECORDINGS: [(&str, &[&str]); 5] = [
    ("clean", &[]),
    ("unsafe-ack", &["no-false-ack", "no-lost-edit"]),
    ("forget-resends", &["at-most-once-effect"]),
    (
        "drop-broadcast",
        &["contiguous-apply", "delivery-to-all-subscribers", "state-matches-cursor"],
    ),
    ("stale-snapshot", &["convergence", "no-state-regression", "state-matches-cursor"]),
];

/// Where this is set, a test that cannot run fails.
const MUST_RUN: &str = "WAVETANK_RECORDERS";

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn recording(name: &str) -> PathBuf {
    folder("tests/recordings").join(format!("{name}.jsonl"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file of the project")
}

fn check(log: &Path, args: &[&str]) -> Output {
    let log = log.to_str().expect("a name in UTF-8");
    wavetank(".", &[&["check", log], args].concat())
}

/// Checks a text, with a mapping if there is one.
fn checked(text: &str, mapping: Option<&str>, args: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("log.jsonl"), text).expect("written");
    let mut all = vec!["check", "log.jsonl"];
    if let Some(mapping) = mapping {
        std::fs::write(folder.path().join("mapping.toml"), mapping).expect("written");
        all.extend(["--mapping", "mapping.toml"]);
    }
    wavetank(&folder, &[&all, args].concat())
}

/// The names of what is broken, in the order of the alphabet.
fn broken(report: &Value) -> Vec<&str> {
    let violations = report["violations"].as_array().expect("a list");
    let mut names: Vec<_> = violations.iter().filter_map(|one| one["invariant"].as_str()).collect();
    names.sort_unstable();
    names
}

fn assert_finds(log: &Path, name: &str, wanted: &[&str]) {
    let output = check(log, &["--format", "json"]);
    let report = json(&output);
    assert_eq!(broken(&report), wanted, "{name}: {report:#}");
    assert_eq!(output.status.code(), Some(i32::from(!wanted.is_empty())), "{name}");
}

#[test]
fn every_fault_is_found_in_its_recording_and_none_in_the_clean_one() {
    for (name, wanted) in RECORDINGS {
        let log = recording(name);
        let lines = read(&log).lines().count();
        assert!(lines < 200, "{name} has {lines} lines");
        assert_finds(&log, name, wanted);
        assert!(!read(&log).contains(name), "the log of {name} says what is wrong with it");
    }
}

#[test]
fn a_violation_names_the_line_and_the_names_of_the_log() {
    let log = recording("forget-resends");
    let report = json(&check(&log, &["--format", "json"]));
    let violation = &report["violations"][0];
    let line = violation["line"].as_u64().expect("a number") as usize;
    let record: Value = serde_json::from_str(read(&log).lines().nth(line - 1).expect("a line"))
        .expect("a line of JSON");
    assert_eq!(record["kind"], "committed");
    assert_eq!(violation["node"], "server");
    let operation = record["operation"].as_str().expect("a name");
    assert_eq!(violation["message"], format!("{operation} took effect twice"));
}

#[test]
fn a_report_says_what_broke_what_held_and_what_was_not_checked() {
    let text = text(&check(&recording("drop-broadcast"), &[]).stdout);
    let (_, rest) = text.split_once('\n').expect("a heading");
    let (_, rest) = rest.split_once('\n').expect("a line below it");
    insta::assert_snapshot!(rest);
    let book = read(&folder("../book/src/recorded.md"));
    assert!(book.contains(rest.trim()), "the book shows another report than\n{rest}");
}

#[test]
fn the_mapping_in_the_book_reads_the_line_above_it() {
    let book = read(&folder("../book/src/recorded.md"));
    let block = |kind: &str| -> String {
        let (_, chapter) = book.split_once("## A mapping").expect("a part on mappings");
        let (_, rest) = chapter.split_once(&format!("```{kind}\n")).expect("a block");
        rest.split_once("```").expect("its end").0.to_owned()
    };
    let output = checked(&block("text"), Some(&block("toml")), &["--format", "json"]);
    assert_eq!(json(&output)["held"], serde_json::json!(["no-state-regression"]));
    let mapping: toml::Value = toml::from_str(&block("toml")).expect("a mapping is TOML");
    assert_valid("mapping", &serde_json::to_string(&mapping).expect("JSON"));
}

/// Why a test does not run; an error where it must.
fn skipped(why: &str) {
    #[expect(clippy::disallowed_methods, reason = "whether a test may be passed over is no result")]
    let must_run = std::env::var_os(MUST_RUN).is_some();
    assert!(!must_run, "{why}, and {MUST_RUN} is set");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// What a setup script has prepared, if it has.
fn prepared(path: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_wavetank")).ancestors().nth(2)?;
    Some(target.join(path)).filter(|path| path.exists())
}

/// Python with what `recorders/python/requirements.txt` names.
fn python() -> Option<PathBuf> {
    prepared("recorders/venv/bin/python")
}

#[test]
fn the_recordings_can_be_made_again_with_python() {
    let Some(python) = python() else {
        return skipped("no Python with FastAPI: run sims/recorders/python/setup");
    };
    let out = tempfile::tempdir().expect("a folder");
    let script = folder("recorders/python/example/record.py");
    let running = RECORDINGS.map(|(name, wanted)| {
        let log = out.path().join(format!("{name}.jsonl"));
        let fault = if name == "clean" { "none" } else { name };
        let mut command = Command::new(&python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(&script).arg(&log);
        let child = command.args(["--fault", fault]).stderr(Stdio::piped()).spawn();
        (name, wanted, log, child.expect("Python runs"))
    });
    for (name, wanted, log, child) in running {
        let output = child.wait_with_output().expect("Python runs");
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        assert_finds(&log, name, wanted);
    }
}

#[test]
fn the_typescript_recorder_writes_what_check_reads() {
    let Some(recorder) = prepared("recorders/typescript/recorder.mjs") else {
        return skipped("no compiled recorder: run sims/recorders/typescript/setup");
    };
    let script = folder("recorders/typescript/example.mjs");
    let output = Command::new("node").arg(script).arg(recorder).output().expect("node runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let midway = checked(&text(&output.stdout), None, &["--format", "json"]);
    let report = json(&midway);
    assert_eq!(report["verdict"], "held", "{report:#}");
    let held = report["held"].as_array().expect("a list");
    assert!(held.contains(&Value::from("contiguous-apply")), "{report:#}");
    assert_valid("recording", &text(&output.stdout));
}

/// A log of another system, with names of its own.
const FOREIGN: &str = r#"{"ts":"2026-01-31T12:00:00Z","ev":"boot"}
{"ts":"2026-01-31T12:00:01Z","ev":"http","path":"/health"}
{"ts":"2026-01-31T12:00:02Z","ev":"page","who":"ann","data":{"doc":"a","rev":6}}
{"ts":"2026-01-31T12:00:03Z","ev":"page","who":"ann","data":{"doc":"a","rev":4}}
"#;

const MAPPING: &str = r#"
unit = "rfc3339"
unknown = "skip"
[fields]
time = "ts"
kind = "ev"
node = "who"
document = "data.doc"
seq = "data.rev"
[kinds]
boot = "started"
page = "shown"
[numbers]
seq_first = 0
"#;

#[test]
fn the_log_of_another_system_is_read_with_a_mapping() {
    let output = checked(FOREIGN, Some(MAPPING), &["--format", "json"]);
    let report = json(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(broken(&report), ["no-state-regression"]);
    assert_eq!(report["violations"][0]["message"], "showed a at 1:7, then at 1:5");
    assert_eq!(report["violations"][0]["line"], 4);
    assert_eq!(report["violations"][0]["node"], "ann");
    assert_eq!(report["skipped"], 1);
}

#[test]
fn what_a_log_cannot_tell_is_not_called_held() {
    let shown = r#"{"time":1,"kind":"shown","node":"a","document":"d","seq":1}"#;
    let report = json(&checked(shown, None, &["--format", "json"]));
    assert_eq!(report["held"], serde_json::json!(["no-state-regression"]));
    let named = checked(shown, None, &["--invariant", "convergence"]);
    assert_eq!(named.status.code(), Some(3), "{}", text(&named.stdout));
    assert_eq!(checked("", None, &[]).status.code(), Some(3));
    // It is of the reference's own fields, which no other log has.
    let own = checked(shown, None, &["--invariant", "protected-fields", "--format", "json"]);
    assert_eq!(own.status.code(), Some(3), "{}", text(&own.stdout));
    assert_eq!(json(&own)["not_checked"][0]["invariant"], "protected-fields");
}

#[test]
fn an_ack_of_what_was_made_before_the_recording_began_is_no_violation() {
    let log = r#"{"time":1,"kind":"delivered","node":"a","document":"d","seq":8,"message":"event"}
{"time":1,"kind":"sent","message":"ack","operation":"older"}
{"time":1,"kind":"committed","document":"d","seq":8,"operation":"new"}
{"time":1,"kind":"sent","message":"ack","operation":"new"}
{"time":2,"kind":"shown","node":"a","document":"d","seq":8}"#;
    let midway = json(&checked(log, None, &["--midway", "--format", "json"]));
    assert_eq!(midway["verdict"], "held", "{midway:#}");
    let whole = json(&checked(log, None, &["--format", "json"]));
    assert_eq!(broken(&whole), ["contiguous-apply"]);
}

#[test]
fn what_lies_beyond_the_window_is_forgotten_and_nothing_wrong_comes_of_it() {
    let line = |n: u32, kind: &str, more: &str| {
        format!(
            "{{\"time\":{n},\"kind\":\"{kind}\",\"document\":\"d\",\"operation\":\"o{n}\"{more}}}\n"
        )
    };
    let mut log = String::new();
    for n in 1..=1000 {
        let values = format!(",\"seq\":{n},\"values\":{{\"f{}\":{n}}}", n % 7);
        log += &line(n, "given", ",\"node\":\"a\"");
        log += &line(n, "committed", &format!("{values},\"client\":\"a\""));
        log += &line(n, "sent", ",\"message\":\"ack\"");
        log += &line(n, "told", ",\"node\":\"a\",\"state\":\"saved\"");
        let event = format!(",\"node\":\"a\",\"message\":\"event\",\"seq\":{n}");
        log += &line(n, "delivered", &event);
        log += &line(n, "shown", &format!("{values},\"node\":\"a\",\"whole\":false"));
        if n == 1 {
            log += "{\"time\":1,\"kind\":\"status\",\"node\":\"a\",\"state\":\"live\"}\n";
        }
    }
    // A late answer, and a page that begins anew long after the first events were forgotten.
    log += &line(1, "sent", ",\"message\":\"ack\"");
    let last: Vec<String> = (0..7)
        .map(|f| format!("\"f{f}\":{}", (994..=1000).find(|n| n % 7 == f).unwrap_or(0)))
        .collect();
    let snapshot = "\"document\":\"d\",\"seq\":1000,\"node\":\"b\"";
    log +=
        &format!("{{\"time\":1001,\"kind\":\"delivered\",\"message\":\"snapshot\",{snapshot}}}\n");
    let values = last.join(",");
    log += &format!(
        "{{\"time\":1001,\"kind\":\"shown\",\"whole\":true,{snapshot},\"values\":{{{values}}}}}\n"
    );
    log += "{\"time\":1001,\"kind\":\"status\",\"node\":\"b\",\"state\":\"live\"}\n";
    log += "{\"time\":1002,\"kind\":\"quiet\"}\n";
    let check = |log: &str, window: &str| {
        json(&checked(log, None, &["--window", window, "--format", "json"]))
    };
    let narrow = check(&log, "100");
    assert_eq!(narrow["verdict"], "held", "{narrow:#}");
    assert_eq!(narrow["held"], check(&log, "5000")["held"]);
    let twice = |n: u32| {
        let again = line(n, "committed", ",\"seq\":1001,\"values\":{\"x\":1}");
        log.replace("{\"time\":1002", &format!("{again}{{\"time\":1002"))
    };
    assert!(broken(&check(&twice(990), "100")).contains(&"at-most-once-effect"));
    assert!(broken(&check(&twice(5), "5000")).contains(&"at-most-once-effect"));
    assert!(!broken(&check(&twice(5), "100")).contains(&"at-most-once-effect"));
}

/// The history of a simulated run, and what it broke.
fn simulated(scenario: &str, config: &str, seed: u64) -> (String, Vec<String>) {
    let scenario = scenarios::named(scenario).expect("a scenario");
    let config = PolicyFile::find(config).expect("a bundled policy").config();
    let (outcome, recording) = run_recorded(&case_of_seed::<DocSync>(scenario, &config, seed));
    let mut bytes = Vec::new();
    log::write(&mut bytes, &recording.history).expect("memory");
    let mut broken: Vec<String> =
        outcome.verdict.violations().iter().map(|one| one.invariant.clone()).collect();
    broken.sort_unstable();
    (text(&bytes), broken)
}

#[test]
fn a_history_of_a_simulated_run_breaks_what_the_run_broke_or_says_what_it_lacks() {
    let mut found = 0;
    let runs = [
        ("rapid-stages", "naive", 1),
        ("return-after-5min", "socket-io-4", 2),
        ("mixed", "reference", 3),
    ];
    for (scenario, config, seed) in runs {
        let (history, wanted) = simulated(scenario, config, seed);
        let report = json(&checked(&history, None, &["--format", "json"]));
        let lacking = report["not_checked"].as_array().expect("a list");
        let lacking: Vec<_> = lacking.iter().map(|one| &one["invariant"]).collect();
        let wanted: Vec<&str> = wanted
            .iter()
            .filter(|one| !lacking.contains(&&Value::from(one.as_str())))
            .map(String::as_str)
            .collect();
        assert_eq!(broken(&report), wanted, "{scenario} {config}");
        found += wanted.len();
    }
    assert!(found > 0, "some run breaks what a history can show");
}

#[test]
fn bad_input_gets_an_error_with_file_line_column_and_remedy() {
    let refused = |log: &str, mapping: Option<&str>, args: &[&str]| {
        let output = checked(log, mapping, args);
        assert_eq!(output.status.code(), Some(2), "{log}: {}", text(&output.stdout));
        assert!(output.stdout.is_empty(), "{log}");
        text(&output.stderr)
    };
    let good = r#"{"time":1,"kind":"started"}"#;
    let errors = [
        refused(r#"{"time":1,"kind":"shwon"}"#, None, &[]),
        refused(r#"{"time":"noon","kind":"started"}"#, None, &[]),
        refused(r#"{"time":1,"kind":"shown","document":"d","seq":-1}"#, None, &[]),
        refused(r#"{"time":1,"kind":"shown"}"#, None, &[]),
        refused(&format!("{good}\n[1]\n{{\"time\":1,"), None, &[]),
        refused(r#"{"at":"1s","what":7,"node":1}"#, None, &[]),
        refused(good, Some("[fields]\ntiem = \"ts\"\n"), &[]),
        refused(good, Some("[kinds]\nx = \"shwon\"\n"), &[]),
        refused(good, None, &["--invariant", "convergance"]),
        refused(&"{}\n".repeat(30), None, &[]).lines().last().unwrap_or_default().to_owned(),
    ];
    insta::assert_snapshot!(errors.join(""));
}

/// What a schema of the book finds wrong with each line, where Python is there to say.
fn wrong_by(schema: &str, lines: &str) -> Option<Vec<Vec<String>>> {
    let Some(python) = python() else {
        skipped("no Python with jsonschema: run sims/recorders/python/setup");
        return None;
    };
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(lines.as_bytes()).expect("written");
    file.rewind().expect("its beginning");
    let schema = folder("../book/src/schemas").join(format!("{schema}.schema.json"));
    let script = folder("recorders/python/valid.py");
    let mut command = Command::new(python);
    let output = command.arg(script).arg(schema).stdin(file).output().expect("Python runs");
    let said = text(&output.stdout);
    let wrong: Vec<Vec<String>> =
        said.lines().map(|line| serde_json::from_str(line).expect("a list")).collect();
    assert_eq!(wrong.len(), lines.lines().count(), "{}", text(&output.stderr));
    Some(wrong)
}

/// Every line is valid by a schema of the book.
fn assert_valid(schema: &str, lines: &str) {
    assert!(!lines.is_empty(), "nothing to hold against the schema");
    for (line, wrong) in lines.lines().zip(wrong_by(schema, lines).into_iter().flatten()) {
        assert!(wrong.is_empty(), "by {schema}, {wrong:?}: {line}");
    }
}

#[test]
fn recordings_records_and_mappings_are_valid_by_their_schemas() {
    for (name, _) in RECORDINGS {
        assert_valid("recording", &read(&recording(name)));
    }
    let (history, _) = simulated("mixed", "reference", 1);
    assert_valid("record", &history);
    let mapping: toml::Value = toml::from_str(MAPPING).expect("a mapping is TOML");
    let mapping = serde_json::to_string(&mapping).expect("JSON");
    let default = wavetank::recorded::Mapping::default();
    let default = serde_json::to_string(&default).expect("JSON");
    assert_valid("mapping", &[mapping, default].join("\n"));
}

/// Lines that a schema has to refuse, and what it says of each.
const INVALID: [(&str, &[(&str, &str)]); 3] = [
    (
        "recording",
        &[
            (r#"{"time":1,"kind":"shwon"}"#, "$.kind: 'shwon' is not one of"),
            (r#"{"time":-1,"kind":"started"}"#, "$.time: -1 is less than the minimum"),
            (r#"{"time":1,"kind":"shown","document":"d"}"#, "$: 'seq' is a required"),
        ],
    ),
    (
        "record",
        &[
            (r#"{"at":"1","node":1,"now":{"mono":0,"wall":0},"what":{}}"#, "$.at: '1' does not"),
            (r#"{"at":"1s","now":{"mono":0,"wall":0},"what":{}}"#, "$: 'node' is a required"),
        ],
    ),
    (
        "mapping",
        &[
            (r#"{"fields":{"tiem":"ts"}}"#, "$.fields: Additional properties are not allowed"),
            (r#"{"kinds":{"x":"shwon"}}"#, "$.kinds.x: 'shwon' does not match"),
            (r#"{"unit":"h"}"#, "$.unit: 'h' is not one of"),
        ],
    ),
];

#[test]
fn what_is_no_recording_record_or_mapping_is_not_valid_by_its_schema() {
    for (schema, invalid) in INVALID {
        let lines: Vec<&str> = invalid.iter().map(|(line, _)| *line).collect();
        let Some(wrong) = wrong_by(schema, &lines.join("\n")) else { return };
        for ((line, wanted), wrong) in invalid.iter().zip(wrong) {
            assert!(wrong.iter().any(|one| one.starts_with(wanted)), "{line}: {wrong:?}");
        }
    }
}
