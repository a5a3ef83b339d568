//! Holds a value against a schema: the words that our schema uses, and no others.

use serde_json::Value;
use wavetank::time::Span;

use super::build::DURATION;

/// What is wrong with a value, each with where.
pub(crate) fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check("", schema, value, &mut errors);
    errors
}

fn check(path: &str, schema: &Value, value: &Value, errors: &mut Vec<String>) {
    let mut wrong = |what: String| errors.push(format!("{path}: {what}"));
    for (word, says) in schema.as_object().expect("a schema is an object") {
        match word.as_str() {
            "type" if !is_of_type(says, value) => wrong(format!("{value} is not of type {says}")),
            "enum" if !says.as_array().is_some_and(|values| values.contains(value)) => {
                wrong(format!("{value} is none of {says}"));
            }
            "minimum" if value.as_u64() < says.as_u64() => wrong(format!("{value} < {says}")),
            "maximum" if value.as_u64() > says.as_u64() => wrong(format!("{value} > {says}")),
            "pattern" if !is_duration(says, value) => wrong(format!("{value} is no duration")),
            "required" => {
                let names = says.as_array().into_iter().flatten().filter_map(Value::as_str);
                for name in names.filter(|name| value.get(name).is_none()) {
                    wrong(format!("`{name}` is missing"));
                }
            }
            "type" | "enum" | "minimum" | "maximum" | "pattern" | "properties" | "items" => {}
            "additionalProperties" => assert_eq!(says, false, "all names are known"),
            "$schema" | "title" | "description" | "default" | "x-taplo" => {}
            word => panic!("`{word}` means nothing to {}", file!()),
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => check(&format!("{path}.{name}"), schema, inner, errors),
            None => errors.push(format!("{path}: there is no `{name}`")),
        }
    }
    for (i, inner) in value.as_array().into_iter().flatten().enumerate() {
        check(&format!("{path}[{i}]"), &schema["items"], inner, errors);
    }
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        _ => panic!("{name} is not a type"),
    }
}

/// The only pattern that there is means what the policy itself reads.
fn is_duration(pattern: &Value, value: &Value) -> bool {
    assert_eq!(pattern, DURATION);
    value.as_str().is_some_and(|text| text.parse::<Span>().is_ok())
}
