//! The reference of the policy in the book, the JSON Schema for editors and that of messages: all
//! are written from the types, their comments and the catalogue, and are what these come to now.
//!
//! `WAVETANK_RENEW=1 cargo test -p wavetank-models --test schema` writes them anew.

mod build;
mod messages;
mod page;
#[path = "../../../tests/renewing/mod.rs"]
mod renewing;
mod source;
mod valid;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wavetank_models::Policy;
use wavetank_models::catalogue::entries;
use wavetank_models::message::Message;
use wavetank_models::policy::bundled;

const RENEW: &str = "WAVETANK_RENEW=1 cargo test -p wavetank-models --test schema";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Holds a file against what it should be, or writes it.
fn pinned(path: &str, now: &str) {
    let path = root(path);
    if renewing::is_renewing() {
        std::fs::write(&path, now).expect("a file that can be written");
    }
    assert!(read(&path) == now, "{} is not what it should be; run {RENEW}", path.display());
}

/// A policy file as an editor sees it.
fn policy(name: &str) -> Value {
    let text = read(&root(&format!("policies/{name}.toml")));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a schema says at a path of a policy.
fn at<'a>(schema: &'a Value, path: &str) -> &'a Value {
    let pointer = format!("/properties/policy/properties/{}", path.replace('.', "/properties/"));
    schema.pointer(&pointer).unwrap_or_else(|| panic!("the schema has no {path}"))
}

/// Something done to a policy file.
type Change = fn(&mut Value);

/// The name of a value that no knob has.
const NONSENSE: &str = "no such value";

/// A schema as it stands in its file.
fn written(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("JSON");
    text.push('\n');
    text
}

#[test]
fn the_schema_for_editors_is_what_the_types_say() {
    pinned("policy.schema.json", &written(&build::schema()));
}

#[test]
fn the_schema_of_messages_is_what_the_types_say() {
    pinned("operations/messages.schema.json", &written(&messages::schema()));
}

/// The messages that the operators' page shows, which has one of each.
fn shown() -> Vec<Value> {
    let page = read(&root("operations/messages.md"));
    let blocks = page.split("```json\n").skip(1);
    let text = |block: &str| block.split("\n```").next().map(str::to_owned);
    blocks.filter_map(text).map(|text| serde_json::from_str(&text).expect("JSON")).collect()
}

#[test]
fn every_message_is_valid_and_each_is_in_the_schema() {
    let schema = messages::schema();
    let shown = shown();
    for message in &shown {
        assert_eq!(valid::errors(&schema, message), Vec::<String>::new(), "{message}");
    }
    let choices = schema["definitions"]["Message"]["oneOf"].as_array().expect("choices");
    assert_eq!(choices.len(), shown.len());
}

#[test]
fn a_message_that_lacks_something_is_valid_only_if_it_can_be_read_all_the_same() {
    let schema = messages::schema();
    let is_valid = |message: &Value| valid::errors(&schema, message).is_empty();
    let mut refused = 0;
    for message in shown().iter().filter(|message| message.is_object()) {
        assert!(!is_valid(&json!({ NONSENSE: message })));
        let (name, body) = message.as_object().and_then(|map| map.iter().next()).expect("a name");
        for (field, _) in body.as_object().into_iter().flatten() {
            let mut fewer = body.clone();
            fewer.as_object_mut().expect("an object").remove(field);
            let fewer = json!({ name: fewer });
            let is_read = serde_json::from_value::<Message>(fewer.clone()).is_ok();
            assert!(is_read || !is_valid(&fewer), "{name} without {field}");
            refused += u32::from(!is_valid(&fewer));
        }
    }
    assert!(refused > 0);
}

#[test]
fn the_reference_in_the_book_is_what_the_types_say() {
    let path = "../book/src/policy.md";
    let text = read(&root(path));
    let (head, _) = text.split_once(page::BEGIN).expect("a place where the reference begins");
    pinned(path, &format!("{head}{}", page::page(&build::schema())));
}

#[test]
fn every_bundled_policy_is_valid() {
    let schema = build::schema();
    for name in bundled() {
        assert_eq!(valid::errors(&schema, &policy(name)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_knob_is_in_the_schema_with_its_default_and_its_meaning() {
    let schema = build::schema();
    let mut knobs = build::knobs(&schema);
    knobs.sort();
    assert_eq!(knobs, Policy::paths());
    let reference = serde_json::to_value(Policy::default()).expect("JSON");
    for path in knobs {
        let knob = at(&schema, &path);
        let default = reference.pointer(&format!("/{}", path.replace('.', "/")));
        assert_eq!(knob["default"], default.cloned().unwrap_or(json!([])), "{path}");
        assert!(knob["description"].as_str().is_some_and(|text| text.len() > 9), "{path}");
        assert_eq!(valid::errors(knob, &knob["default"]), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn every_choice_is_one_that_the_policy_takes_and_there_are_no_others() {
    let schema = build::schema();
    for path in build::knobs(&schema) {
        let knob = at(&schema, &path);
        let is_list = knob["type"] == "array";
        let of = if is_list { &knob["items"] } else { knob };
        let Some(choices) = of["enum"].as_array() else { continue };
        let given = |value: Value| if is_list { json!([value]) } else { value };
        for choice in choices {
            let taken = Policy::default().with(&path, &given(choice.clone()));
            assert!(taken.is_ok(), "{path}: {choice}");
        }
        let refused = Policy::default().with(&path, &given(json!(NONSENSE)));
        let said = refused.expect_err("there is no such value").to_string();
        let named =
            said.split('`').skip(1).step_by(2).filter(|name| *name != path && *name != NONSENSE);
        assert_eq!(named.collect::<Vec<_>>(), *choices, "{path}: {said}");
    }
}

#[test]
fn no_number_beyond_its_bounds_makes_a_policy_that_can_work() {
    let schema = build::schema();
    for path in build::knobs(&schema) {
        let Some(most) = at(&schema, &path)["maximum"].as_u64() else { continue };
        let beyond = Policy::default().with(&path, &json!(most + 1));
        let works = beyond.is_ok_and(|policy| policy.contradiction().is_none());
        assert!(!works, "{path} takes {}, and the schema does not", most + 1);
        let most = Policy::default().with(&path, &json!(most)).expect("within bounds");
        assert_eq!(most.contradiction(), None, "{path}");
    }
}

#[test]
fn a_wrong_file_is_invalid() {
    let schema = build::schema();
    let wrong = |change: Change| {
        let mut file = policy("reference");
        change(&mut file);
        valid::errors(&schema, &file)
    };
    assert_eq!(wrong(|_| {}), Vec::<String>::new());
    let cases: [(Change, &str); 7] = [
        (|file| file["policy"]["client"]["dial"]["time_out"] = json!("1s"), "time_out"),
        (|file| file["policy"]["client"]["dial"]["timeout"] = json!("10sec"), "timeout"),
        (|file| file["policy"]["client"]["sync"]["on_open"] = json!("resum"), "on_open"),
        (|file| file["policy"]["client"]["reconnect"]["jitter_percent"] = json!(101), "jitter"),
        (|file| file["policy"]["server"]["heartbeat"]["close_code"] = json!(70_000), "close_code"),
        (|file| file["promises"][0]["invariant"] = json!("no-such-thing"), "invariant"),
        (|file| file["flaws"] = json!({"client.apply.old": "maybe"}), "client.apply.old"),
    ];
    for (change, named) in cases {
        let errors = wrong(change);
        assert!(errors.len() == 1 && errors[0].contains(named), "{named}: {errors:?}");
    }
}

#[test]
fn the_reference_names_every_failure_mode_of_a_knob() {
    let text = page::page(&build::schema());
    let of_knobs = entries().iter().filter(|entry| Policy::default().has(&entry.knob));
    for entry in of_knobs {
        assert!(text.contains(&format!("`{}`", entry.id)), "{}", entry.id);
    }
}
