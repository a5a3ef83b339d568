//! Holds a value against a schema: the words that our schemas use, and no others.

use serde_json::Value;
use wavetank::time::Span;
use wavetank_models::policy::Bytes;

use super::build::{DURATION, SIZE};

/// What is wrong with a value, each with where.
pub(crate) fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check("", schema, schema, value, &mut errors);
    errors
}

/// Holds a value against a part of the schema `root`.
fn check(path: &str, root: &Value, schema: &Value, value: &Value, errors: &mut Vec<String>) {
    if let Some(place) = schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
        let schema = root.pointer(place).unwrap_or_else(|| panic!("there is no {place}"));
        return check(path, root, schema, value, errors);
    }
    let mut wrong = |what: String| errors.push(format!("{path}: {what}"));
    for (word, says) in schema.as_object().expect("a schema is an object") {
        match word.as_str() {
            "type" if !is_of_type(says, value) => wrong(format!("{value} is not of type {says}")),
            "enum" if !says.as_array().is_some_and(|values| values.contains(value)) => {
                wrong(format!("{value} is none of {says}"));
            }
            "minimum" if value.as_u64() < says.as_u64() => wrong(format!("{value} < {says}")),
            "maximum" if value.as_u64() > says.as_u64() => wrong(format!("{value} > {says}")),
            "pattern" if !is_read(says, value) => wrong(format!("{value} is not like {says}")),
            "required" => {
                let names = says.as_array().into_iter().flatten().filter_map(Value::as_str);
                for name in names.filter(|name| value.get(name).is_none()) {
                    wrong(format!("`{name}` is missing"));
                }
            }
            "oneOf" => {
                let fits = |schema: &&Value| {
                    let mut errors = Vec::new();
                    check(path, root, schema, value, &mut errors);
                    errors.is_empty()
                };
                if says.as_array().into_iter().flatten().filter(fits).count() != 1 {
                    wrong(format!("{value} is not one of what there is"));
                }
            }
            "minItems" | "maxItems"
                if value.as_array().map(Vec::len) != says.as_u64().map(|n| n as usize) =>
            {
                wrong(format!("{value} does not hold {says}"));
            }
            "type" | "enum" | "minimum" | "maximum" | "pattern" | "properties" | "items" => {}
            "minItems" | "maxItems" | "definitions" => {}
            "additionalProperties" => assert_eq!(says, false, "all names are known"),
            "$schema" | "title" | "description" | "default" | "x-taplo" => {}
            word => panic!("`{word}` means nothing to {}", file!()),
        }
    }
    // What one of several holds was looked at there.
    if schema.get("oneOf").is_some() {
        return;
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => check(&format!("{path}.{name}"), root, schema, inner, errors),
            None => errors.push(format!("{path}: there is no `{name}`")),
        }
    }
    for (i, inner) in value.as_array().into_iter().flatten().enumerate() {
        let items = &schema["items"];
        check(&format!("{path}[{i}]"), root, items.get(i).unwrap_or(items), inner, errors);
    }
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("integer") => value.is_u64() || value.is_i64(),
        _ => panic!("{name} is not a type"),
    }
}

/// The patterns that there are mean what the policy itself reads.
fn is_read(pattern: &Value, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    if pattern == SIZE {
        return text.parse::<Bytes>().is_ok();
    }
    assert_eq!(pattern, DURATION);
    text.parse::<Span>().is_ok()
}
