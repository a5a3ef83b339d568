//! Policy files: those that come with the tool, and what is said of files that are wrong.

use std::path::Path;

use serde_json::json;
use wavetank_models::policy::{Bytes, Patch, PolicyFile, bundled};
use wavetank_models::{Config, Policy, flaws};

fn read(name: &str) -> PolicyFile {
    PolicyFile::find(name).unwrap_or_else(|error| panic!("{error}"))
}

/// What is said of a file with these lines after the name of the system. They begin at line 6.
fn complaint(lines: &str) -> String {
    let head = "[system]\nname = \"a system\"\nversion = \"1\"\nmodel = \"a model\"\n\n";
    let text = format!("{head}{lines}\n");
    let read = PolicyFile::parse(Path::new("bad.toml"), text);
    read.expect_err("the file is wrong").to_string()
}

#[test]
fn every_bundled_policy_can_be_read() {
    for name in bundled() {
        let file = read(name);
        let system = &file.document.system;
        for text in [&system.name, &system.version, &system.model] {
            assert!(!text.is_empty(), "{name}: the system is not described");
        }
        for promise in &file.document.promises {
            assert!(!promise.cite.is_empty(), "{name}: no source for: {}", promise.says);
        }
    }
}

#[test]
fn the_reference_file_is_the_default_and_names_every_knob() {
    let file = read("reference");
    assert_eq!(file.document.policy, Policy::default());
    assert_eq!(file.config().differences(), []);
    for path in Policy::paths() {
        assert!(file.line(&path).is_some(), "reference.toml does not write out {path}");
    }
}

#[test]
fn every_value_of_a_real_system_has_its_source_beside_it() {
    for name in bundled().filter(|name| *name != "reference") {
        let file = read(name);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let text = std::fs::read_to_string(folder.join(format!("{name}.toml")))
            .expect("a bundled policy is a file");
        let lines: Vec<&str> = text.lines().collect();
        for path in Policy::paths() {
            let Some(line) = file.line(&path) else { continue };
            assert!(lines[line - 1].contains(" # "), "{name}.toml:{line}: {path} has no source");
        }
    }
}

#[test]
fn the_naive_policy_has_much_wrong_with_it() {
    let file = read("naive");
    assert!(file.config().differences().len() >= 10);
    assert!(file.document.flaws.iter().count() >= 2);
    for (path, value) in file.document.flaws.iter() {
        assert!(!flaws::is_right(path, value), "{path} is not wrong");
    }
}

#[test]
fn an_unknown_knob_is_refused_with_its_line_and_the_nearest_name() {
    let said = complaint("[policy.client.reconnect]\nbase = \"1s\"\njiter_percent = 20");
    assert!(said.starts_with("bad.toml:8: unknown field `jiter_percent`"), "{said}");
    assert!(said.ends_with("did you mean `jitter_percent`?"), "{said}");
}

#[test]
fn an_unknown_value_is_refused_with_its_line_and_the_nearest_name() {
    let said = complaint("[policy.client.sync]\non_open = \"resum\"");
    assert!(said.starts_with("bad.toml:7: unknown variant `resum`"), "{said}");
    assert!(said.ends_with("did you mean `resume`?"), "{said}");
}

#[test]
fn a_wrong_unit_is_refused_with_the_units_that_there_are() {
    let said = complaint("[policy.client.dial]\ntimeout = \"10sec\"");
    assert!(said.starts_with("bad.toml:7: `10sec` has no known unit"), "{said}");
    assert!(said.contains("us, ms, s, min or h, such as 10s"), "{said}");
}

#[test]
fn a_negative_time_is_refused_with_an_example() {
    let said = complaint("[policy.client.reconnect]\nbase = \"-1s\"");
    assert!(said.starts_with("bad.toml:7: `-1s` is not a duration"), "{said}");
    assert!(said.contains("such as 250ms or 30s"), "{said}");
}

#[test]
fn a_cap_below_the_base_is_refused_with_both() {
    let said = complaint("[policy.client.reconnect]\nbase = \"10s\"\n\ncap = \"5s\"");
    let wanted = "bad.toml:9: `client.reconnect.cap`: the cap (5s) is below the base (10s); \
                  expected at least 10s";
    assert_eq!(said, wanted);
}

#[test]
fn an_empty_table_of_delays_is_refused() {
    let said = complaint("[policy.client.reconnect]\nschedule = \"table\"\ntable = []");
    assert!(said.starts_with("bad.toml:8: `client.reconnect.table`"), "{said}");
}

#[test]
fn an_unknown_flaw_is_refused_with_its_line_and_the_nearest_name() {
    let said = complaint("[flaws]\n\"client.apply.odl\" = \"apply\"");
    let wanted = "bad.toml:7: no knob is called `client.apply.odl`; did you mean \
                  `client.apply.old`?";
    assert_eq!(said, wanted);
    let said = complaint("[flaws]\n\"client.apply.old\" = \"maybe\"");
    assert!(said.starts_with("bad.toml:7: `client.apply.old`: expected \"ignore\""), "{said}");
}

#[test]
fn an_unknown_policy_is_refused_with_the_nearest_name() {
    let said = PolicyFile::find("socketio-4").expect_err("there is no such policy").to_string();
    assert!(said.ends_with("did you mean `socket-io-4`?"), "{said}");
}

#[test]
fn a_promise_of_what_no_invariant_holds_is_refused_with_its_line_and_the_nearest_name() {
    let promise = |invariant| {
        format!(
            "[[promises]]\nsays = \"it holds\"\ninvariant = \"{invariant}\"\ncite = \"a page\"\n"
        )
    };
    let said = complaint(&[promise("convergence"), promise("no-lost-edti")].concat());
    let wanted = "bad.toml:12: no invariant is called `no-lost-edti`; did you mean `no-lost-edit`?";
    assert_eq!(said, wanted);
}

#[test]
fn a_patch_after_which_the_policy_cannot_work_is_refused() {
    let patch = |knob, value| Config::default().patched(&Patch::one(knob, value));
    let said = patch("client.reconnect.jitter_percent", json!(150)).expect_err("too much");
    let wanted = "`client.reconnect.jitter_percent`: 150 % of jitter; expected 0 to 100";
    assert_eq!(said.to_string(), wanted);
    patch("client.reconnect.jitter_percent", json!(100)).expect("it can work");
}

#[test]
fn a_saved_configuration_is_held_to_what_a_policy_file_is() {
    let read = |text| serde_json::from_str::<Config>(text).expect_err("it is wrong").to_string();
    let said = read(r#"{"policy": {"client": {"reconnect": {"jitter_percent": 150}}}}"#);
    assert!(said.contains("150 % of jitter"), "{said}");
    let said = read(r#"{"flaws": {"client.apply.odl": "apply"}}"#);
    assert!(said.contains("did you mean `client.apply.old`?"), "{said}");
    let naive = PolicyFile::find("naive").expect("a bundled one").config();
    let text = serde_json::to_string(&naive).expect("it can be written");
    assert_eq!(serde_json::from_str::<Config>(&text).expect("it can be read"), naive);
}

#[test]
fn a_size_is_read_with_a_unit_or_as_a_number_of_bytes() {
    let path = "server.limits.message_bytes";
    let read = |value| Policy::default().with(path, &value);
    for (value, bytes) in [
        (json!("1 MB"), 1 << 20),
        (json!("256 KB"), 256 << 10),
        (json!("256KB"), 256 << 10),
        (json!("300 B"), 300),
        (json!(300), 300),
        (json!(0), 0),
    ] {
        let policy = read(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!(policy.server.limits.message_bytes, Bytes(bytes), "{value}");
    }
    for (value, said) in [
        (json!("1 GB"), "`1 GB` has no known unit: expected B, KB or MB, such as 1 KB"),
        (json!("1"), "`1` has no known unit: expected B, KB or MB, such as 1 KB"),
        (json!("much"), "`much` is not a size: expected a whole number with a unit"),
        (json!("1.5 MB"), "`1.5 MB` is not a size"),
        (json!("5000 MB"), "`5000 MB` is not a size"),
        (json!(-1), "a size is not negative"),
        (json!(1_u64 << 32), "a size is below 4096 MB"),
        (json!(true), "a size, such as 256 KB, or a number of bytes"),
    ] {
        let error = read(value).expect_err(said).to_string();
        assert!(error.contains(said) && error.contains(path), "{error}");
    }
}

#[test]
fn a_size_is_written_with_the_largest_unit_that_it_is_so_many_of() {
    for (bytes, text) in [
        (1 << 20, json!("1 MB")),
        (1 << 18, json!("256 KB")),
        (1_500, json!("1500 B")),
        (3 << 19, json!("1536 KB")),
        (0, json!(0)),
    ] {
        assert_eq!(serde_json::to_value(Bytes(bytes)).expect("JSON"), text);
    }
}
