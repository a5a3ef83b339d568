//! Whatever people and programs may feed to it is read or refused, never a panic, and what was
//! written is read back as it was: policies, cases, plans, histories, recordings and their mappings.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use wavetank::engine::Weather;
use wavetank::explore::{Case, case_of_seed, run_recorded};
use wavetank::fault::generate::{self, Menu};
use wavetank::fault::{FaultKind, Plan};
use wavetank::history::{Record, log};
use wavetank::id::{NodeId, StoreId, Topic};
use wavetank::invariant::shipped;
use wavetank::objectives::Objectives;
use wavetank::recorded::{Checker, Limits, Lines, Mapping, Options};
use wavetank::time::{Span, Time};
use wavetank_models::policy::{Patch, Policy, PolicyFile, bundled};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(3),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

/// Feeds a text to every parser. What is read is written, read again, and must be the same.
fn feed(text: &str) {
    if let Ok(case) = Case::<DocSync>::from_json(text) {
        assert_eq!(Case::from_json(&case.to_json()).expect("what was written"), case);
    }
    if let Ok(plan) = serde_json::from_str::<Plan>(text) {
        let again = serde_json::to_string(&plan).expect("a plan can be written");
        assert_eq!(serde_json::from_str::<Plan>(&again).expect("what was written"), plan);
    }
    if let Ok(weather) = serde_json::from_str::<Weather>(text) {
        let again = serde_json::to_string(&weather).expect("weather can be written");
        assert_eq!(serde_json::from_str::<Weather>(&again).expect("what was written"), weather);
    }
    for record in log::read(text.as_bytes()).flatten() {
        assert_eq!(through_a_log(std::slice::from_ref(&record)), [record]);
    }
    check(None, text);
    if let Ok(mapping) = toml::from_str::<Mapping>(text) {
        let _ = mapping.check();
        check(Some(mapping), text);
    }
    if let Ok(file) = PolicyFile::parse(Path::new("policy.toml"), text.to_owned()) {
        let policy = file.config().policy;
        let again = toml::to_string(&policy).expect("a policy can be written");
        assert_eq!(toml::from_str::<Policy>(&again).expect("what was written"), policy);
    }
    if let Ok(patch) = toml::from_str::<Patch>(text) {
        let _ = Config::default().patched(&patch);
    }
    if let Ok(span) = text.parse::<Span>() {
        assert_eq!(span.to_string().parse::<Span>().expect("what was written"), span);
    }
}

/// Feeds a text to a check, as a recording; what comes of it does not matter.
fn check(mapping: Option<Mapping>, text: &str) {
    let limits = Limits { window: 8, connections: 8, names: 8 };
    let (midway, own_objectives) = (text.len().is_multiple_of(2), text.len().is_multiple_of(5));
    let options = Options { limits, midway, own_objectives, ..Options::default() };
    let invariants = || shipped(&Objectives::default(), |field| field.to_string(), None);
    let mut checker = Checker::new(mapping, options, [invariants(), invariants()]);
    let mut lines = Lines::new(text.as_bytes());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        let _ = checker.line(line);
    }
    assert_eq!(checker.finish().findings.len(), invariants().len());
}

/// Lines of a foreign log with every kind of line, all of whose parts are drawn.
fn foreign_lines() -> impl Strategy<Value = String> {
    let kinds = [
        "started",
        "crashed",
        "restarted",
        "paused",
        "resumed",
        "dialled",
        "opened",
        "refused",
        "closed",
        "sent",
        "delivered",
        "given",
        "committed",
        "executed",
        "flushed",
        "shown",
        "told",
        "status",
        "quiet",
        "skip",
    ];
    let words = [
        "hello",
        "snapshot",
        "delta",
        "event",
        "op",
        "ack",
        "sync-request",
        "subscribe",
        "saved",
        "pending",
        "live",
        "failed",
        "edit",
        "undo",
        "redo",
    ];
    let word = || prop::sample::select(words.to_vec());
    let number = || prop_oneof![0u64..12, Just(9_007_199_254_740_991), any::<u64>()];
    let name = || prop::sample::select(vec!["a", "b", "server", "d", "1"]);
    let line = (
        prop::sample::select(kinds.to_vec()),
        word(),
        word(),
        [name(), name(), name()],
        number(),
        number(),
        any::<bool>(),
    );
    let line =
        line.prop_map(|(kind, message, state, [node, operation, connection], seq, time, flag)| {
            let time = time % 2_000;
            serde_json::json!({
            "time": time, "kind": kind, "message": message, "state": state, "node": node,
            "operation": operation, "connection": connection, "document": connection, "seq": seq,
            "epoch": seq, "cursor": time % 7, "client": operation, "whole": flag, "stale": flag,
            "values": {node: seq, operation: null},
        })
        .to_string()
        });
    prop::collection::vec(line, 1..60).prop_map(|lines| lines.join("\n"))
}

fn through_a_log(records: &[Record]) -> Vec<Record> {
    let mut bytes = Vec::new();
    log::write(&mut bytes, records).expect("memory can be written to");
    log::read(bytes.as_slice()).collect::<Result<_, _>>().expect("what was written")
}

/// Texts that are nearly right: something of a valid one is cut out, doubled or replaced.
fn nearly(valid: Vec<String>) -> impl Strategy<Value = String> {
    let words =
        ["", "-1", "0", "1e99", "null", "\"\"", "{", "[", "18446744073709551616", "\u{feff}"];
    let place = any::<prop::sample::Index>;
    (0..valid.len(), place(), 0usize..40, prop::sample::select(words.to_vec()), any::<bool>())
        .prop_map(move |(which, at, len, word, twice)| {
            let mut chars: Vec<char> = valid[which].chars().collect();
            let start = at.index(chars.len());
            let end = (start + len).min(chars.len());
            let cut: Vec<char> = chars.splice(start..end, word.chars()).collect();
            if twice {
                chars.splice(start..start, cut.iter().chain(&cut).copied());
            }
            chars.into_iter().collect()
        })
}

fn menu() -> Menu {
    Menu {
        clients: vec![NodeId(1), NodeId(2)],
        servers: vec![NodeId(0)],
        stores: vec![StoreId(1)],
        topics: vec![Topic(1)],
        dormant: vec![NodeId(3)],
        outside: vec![NodeId(2)],
        kinds: FaultKind::NAMES.to_vec(),
        from: Time::ZERO,
        until: Time::from_micros(50_000_000),
        most: 12,
    }
}

/// A case that is small as a text, and with it a history and a plan.
fn samples() -> Vec<String> {
    let scenario = scenarios::named("disconnect-during-edit").expect("a known scenario");
    let case = case_of_seed::<DocSync>(scenario, &Config::default(), 1);
    let (_, recording) = run_recorded(&case);
    let mut history = Vec::new();
    log::write(&mut history, recording.history.iter().take(200)).expect("memory");
    let policy = |name| PolicyFile::find(name).expect("a bundled policy").config().policy;
    let text = |name| toml::to_string(&policy(name)).expect("a policy can be written");
    let mut samples: Vec<String> = bundled().map(text).collect();
    for name in ["clean", "forget-resends"] {
        let path = format!("{}/sims/tests/recordings/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
        samples.push(std::fs::read_to_string(path).expect("a recording"));
    }
    samples.push(toml::to_string(&Mapping::default()).expect("a mapping can be written"));
    samples.push(case.to_json());
    samples.push(serde_json::to_string(&case.plan).expect("a plan can be written"));
    samples.push(String::from_utf8(history).expect("JSON is text"));
    samples
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        feed(&String::from_utf8_lossy(&bytes));
        let _ = log::read(bytes.as_slice()).count();
    }

    #[test]
    fn arbitrary_words_are_read_or_refused(text in "[\\[\\]{}:,\"a-z0-9 .=\\-\n]{0,120}") {
        feed(&text);
    }

    #[test]
    fn arbitrary_lines_of_a_foreign_log_are_read_or_refused(text in foreign_lines()) {
        check(None, &text);
        check(Some(Mapping { unique_values: true, ..Mapping::default() }), &text);
    }

    #[test]
    fn plans_survive_a_file(plan in generate::plan(menu())) {
        let text = serde_json::to_string_pretty(&plan).expect("a plan can be written");
        prop_assert_eq!(serde_json::from_str::<Plan>(&text).expect("what was written"), plan);
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn what_is_nearly_right_is_read_or_refused(text in nearly(samples())) {
        feed(&text);
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn cases_and_their_histories_survive_a_file(seed in any::<u64>(), which in any::<prop::sample::Index>()) {
        let all = scenarios::all();
        let cheap: Vec<_> = all.into_iter().filter(|scenario| scenario.cost() == 1).collect();
        let case = case_of_seed::<DocSync>(cheap[which.index(cheap.len())], &Config::default(), seed);
        let text = case.to_json();
        let read = Case::<DocSync>::from_json(&text).expect("what was written");
        prop_assert_eq!(read.to_json(), text);
        prop_assert_eq!(&read, &case);
        let (_, recording) = run_recorded(&case);
        prop_assert_eq!(through_a_log(&recording.history), recording.history);
    }
}

#[test]
fn a_line_of_a_log_that_is_no_record_is_named_and_the_rest_is_read() {
    let good =
        r#"{"at":"1s","node":1,"now":{"mono":"1s","wall":5},"what":{"device":{"online":true}}}"#;
    let text = format!("{good}\n\n{{\"at\": 7}}\n{good}\n");
    let read: Vec<_> = log::read(text.as_bytes()).collect();
    assert_eq!(read.len(), 3);
    let error = read[1].as_ref().expect_err("the third line is no record").to_string();
    assert!(error.starts_with("line 3, column "), "{error}");
    assert_eq!(read[0].as_ref().ok(), read[2].as_ref().ok());
}
