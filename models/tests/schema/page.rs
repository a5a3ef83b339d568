//! The reference of the policy as a page of the book.

use std::fmt::Write as _;

use serde_json::Value;
use wavetank_models::catalogue::entries;

/// The line at which the page begins that is written from the types.
pub(crate) const BEGIN: &str = "<!-- From here on written by";

/// The reference, from its first line on.
pub(crate) fn page(schema: &Value) -> String {
    let mut page = format!("{BEGIN} `{}`. -->\n\n## Every knob\n\n", super::RENEW);
    page.push_str(
        "A duration is a number with `us`, `ms`, `s`, `min` or `h`. A size is a whole number with \
         `B`, `KB` or `MB`, each 1024 of the one before, or a plain number of bytes. The last column names the \
         failure modes of the [catalogue](catalogue.md) that a wrong value is, each with that \
         value; a knob without one has none there.\n",
    );
    let policy = &schema["properties"]["policy"]["properties"];
    for (side, of_side) in policy.as_object().into_iter().flatten() {
        for (table, of_table) in of_side["properties"].as_object().into_iter().flatten() {
            let path = format!("{side}.{table}");
            let about = of_table["description"].as_str().unwrap_or_default();
            let _ = write!(page, "\n### `[policy.{path}]`\n\n{about}\n\n");
            page.push_str("| knob | meaning | value | reference | failure modes |\n");
            page.push_str("|---|---|---|---|---|\n");
            rows(&path, "", of_table, &mut page);
        }
    }
    page
}

fn rows(table: &str, prefix: &str, schema: &Value, page: &mut String) {
    for (name, knob) in schema["properties"].as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        if knob.get("properties").is_some() {
            rows(table, &format!("{name}."), knob, page);
            continue;
        }
        let meaning = cell(knob["description"].as_str().unwrap_or_default());
        let (value, default) = (value(knob), code(&knob["default"]));
        let modes = modes(&format!("{table}.{name}"));
        let _ = writeln!(page, "| `{name}` | {meaning} | {value} | {default} | {modes} |");
    }
}

/// What a knob can be set to, and what that means.
fn value(knob: &Value) -> String {
    if knob["type"] == "array" {
        return format!("a list: {}", value(&knob["items"]));
    }
    if knob.get("oneOf").is_some() {
        return "a size".to_owned();
    }
    if let Some(choices) = knob["enum"].as_array() {
        let docs = &knob["x-taplo"]["docs"]["enumValues"];
        let choice = |(i, choice): (usize, &Value)| {
            format!("{}: {}", code(choice), cell(docs[i].as_str().unwrap_or_default()))
        };
        return choices.iter().enumerate().map(choice).collect::<Vec<_>>().join("<br>");
    }
    match (knob["type"].as_str(), knob["maximum"].as_u64()) {
        (Some("boolean"), _) => "`true` or `false`".to_owned(),
        (Some("integer"), Some(most)) if most < u64::from(u32::MAX) => {
            format!("a number, 0 to {most}")
        }
        (Some("integer"), _) => "a number".to_owned(),
        _ => "a duration".to_owned(),
    }
}

/// The failure modes of the catalogue that are wrong values of a knob.
fn modes(path: &str) -> String {
    let of_knob = entries().iter().filter(|entry| entry.knob == path);
    let mode = |entry: &wavetank_models::catalogue::Entry| {
        format!("{}: {} (`{}`)", code(&entry.patch), cell(&entry.title), entry.id)
    };
    of_knob.map(mode).collect::<Vec<_>>().join("<br>")
}

/// A value as it stands in a policy file.
fn code(value: &Value) -> String {
    format!("`{value}`")
}

/// A text within a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
