//! The JSON Schema of policy files.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wavetank::invariant::Judged;
use wavetank::objectives::Objectives;
use wavetank_models::policy::Document;
use wavetank_models::{DocSync, flaws};

use super::source::{Item, items};

/// What a duration looks like.
pub(crate) const DURATION: &str = "^[0-9]+(\\.[0-9]*)? *(us|ms|s|min|h)$";
/// What a size looks like that has a unit.
pub(crate) const SIZE: &str = "^[0-9]+ *(B|KB|MB)$";

/// The schema of a policy file. It is of draft 7, which is what editors know.
pub(crate) fn schema() -> Value {
    let reference = serde_json::to_value(Document::default()).expect("JSON");
    let mut schema = Builder { items: items() }.of("Document", &reference);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("A policy of wavetank");
    schema["properties"]["flaws"] = of_flaws(&schema["properties"]["flaws"]);
    let invariant = &mut schema["properties"]["promises"]["items"]["properties"]["invariant"];
    let suite = DocSync::invariants(&Objectives::default());
    let mut names: Vec<&str> = suite.history.iter().map(|one| one.name()).collect();
    names.sort_unstable();
    invariant["enum"] = json!(names);
    schema
}

/// The paths of all knobs.
pub(crate) fn knobs(schema: &Value) -> Vec<String> {
    fn walk(prefix: &str, schema: &Value, into: &mut Vec<String>) {
        let Some(properties) = schema["properties"].as_object() else {
            into.push(prefix.to_owned());
            return;
        };
        for (name, inner) in properties {
            let path = if prefix.is_empty() { name } else { &format!("{prefix}.{name}") };
            walk(path, inner, into);
        }
    }
    let mut knobs = Vec::new();
    walk("", &schema["properties"]["policy"], &mut knobs);
    knobs
}

/// The steps that can be done wrongly, with their right values and their wrong ones.
fn of_flaws(described: &Value) -> Value {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, right, wrong) in flaws::paths() {
        let of = values.entry(path).or_insert_with(|| vec![right]);
        of.push(wrong);
    }
    let property = |(path, values): (&str, Vec<&str>)| {
        (path.to_owned(), json!({ "default": values[0], "enum": values }))
    };
    let properties: Map<String, Value> = values.into_iter().map(property).collect();
    json!({
        "description": described["description"],
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

struct Builder {
    items: BTreeMap<String, Item>,
}

impl Builder {
    /// The schema of a type, of which `default` is the reference's value.
    fn of(&self, kind: &str, default: &Value) -> Value {
        if let Some(inner) = kind.strip_prefix("Vec<").and_then(|kind| kind.strip_suffix('>')) {
            return json!({ "type": "array", "items": self.of(inner, &Value::Null) });
        }
        let section = kind.strip_prefix("Probed<").and_then(|kind| kind.strip_suffix('>'));
        match section.unwrap_or(kind) {
            "bool" => json!({ "type": "boolean" }),
            "String" => json!({ "type": "string" }),
            "Span" => json!({ "type": "string", "pattern": DURATION }),
            "Bytes" => {
                let text = json!({ "type": "string", "pattern": SIZE });
                json!({ "oneOf": [text, self.of("u32", default)] })
            }
            "u16" => json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX }),
            "u32" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            // Its paths and values are those of the flaws.
            "Patch" => json!({ "type": "object" }),
            kind => match self.items.get(kind) {
                Some(item) if item.is_struct => self.of_struct(item, default),
                Some(item) => of_enum(item),
                None => panic!("`{kind}` of a knob is not known to {}", file!()),
            },
        }
    }

    fn of_struct(&self, item: &Item, default: &Value) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for member in &item.members {
            let inner = default.get(&member.name).unwrap_or(&Value::Null);
            let mut schema = self.of(&member.kind, inner);
            let said = schema["description"].as_str().unwrap_or_default();
            schema["description"] = json!(format!("{} {said}", member.doc).trim());
            if member.name.ends_with("_percent") {
                schema["maximum"] = json!(100);
            }
            let is_knob = schema.get("properties").is_none() && member.is_optional;
            if is_knob {
                // What is empty is not written, but is the default all the same.
                let empty = json!([]);
                schema["default"] = if inner.is_null() { empty } else { inner.clone() };
            }
            if !member.is_optional {
                required.push(member.name.clone());
            }
            properties.insert(member.name.clone(), schema);
        }
        let mut schema = json!({ "type": "object", "additionalProperties": false });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema["properties"] = Value::Object(properties);
        schema
    }
}

/// Choices, with what each means both in words and where an editor looks for it.
fn of_enum(item: &Item) -> Value {
    let names: Vec<&str> = item.members.iter().map(|choice| choice.name.as_str()).collect();
    let docs: Vec<&str> = item.members.iter().map(|choice| choice.doc.as_str()).collect();
    json!({ "enum": names, "x-taplo": { "docs": { "enumValues": docs } } })
}
