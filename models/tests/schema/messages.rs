//! The JSON Schema of messages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::build::DURATION;
use super::source::{Item, Member, items_of};

/// The files that say what is in a message. Of two types of one name the later one counts.
const FILES: [&str; 6] = [
    "src/policy/server.rs",
    "src/message.rs",
    "src/between.rs",
    "src/store.rs",
    "../src/history/meaning.rs",
    "../src/protocol/people.rs",
];

/// The schema of a message, with each type that is within one. It is of draft 7.
pub(crate) fn schema() -> Value {
    let files = FILES.map(super::root).into_iter();
    let mut builder = Builder { items: items_of(files), used: BTreeSet::new(), done: Map::new() };
    let message = builder.of("Message");
    while let Some(name) = builder.used.pop_first() {
        let item = builder.items.get(&name).unwrap_or_else(|| panic!("`{name}` is not known"));
        let schema = builder.of_item(&item.clone());
        builder.done.insert(name, schema);
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A message of the reference",
        "description": "As it is written. Who reads one passes over fields that it does not know.",
        "oneOf": [message],
        "definitions": builder.done,
    })
}

struct Builder {
    items: BTreeMap<String, Item>,
    /// The types that were met and are not defined yet.
    used: BTreeSet<String>,
    done: Map<String, Value>,
}

impl Builder {
    /// The schema of a type as it stands at a field.
    fn of(&mut self, kind: &str) -> Value {
        if let Some((outer, inner)) = kind.strip_suffix('>').and_then(|kind| kind.split_once('<')) {
            let inner = self.of(inner);
            return match outer {
                "Arc" | "Box" => inner,
                "Option" => json!({ "oneOf": [inner, { "type": "null" }] }),
                "Vec" | "BTreeSet" => json!({ "type": "array", "items": inner }),
                outer => panic!("`{outer}` of a message is not known to {}", file!()),
            };
        }
        let number =
            |least: u32, most: u32| json!({ "type": "integer", "minimum": least, "maximum": most });
        match kind {
            "bool" => json!({ "type": "boolean" }),
            "String" | "Name" => json!({ "type": "string" }),
            "Span" => json!({ "type": "string", "pattern": DURATION }),
            "u8" => number(0, u8::MAX.into()),
            "u16" => number(0, u16::MAX.into()),
            "u32" | "Topic" | "OpId" | "NodeId" | "Field" => number(0, u32::MAX),
            "NonZeroU32" => number(1, u32::MAX),
            "u64" | "Wall" => json!({ "type": "integer", "minimum": 0 }),
            // It is never 0.
            "Value" => json!({ "type": "integer", "minimum": 1 }),
            "Changes" => self.of("Vec<Change>"),
            kind => {
                if !self.done.contains_key(kind) {
                    self.used.insert(kind.to_owned());
                }
                json!({ "$ref": format!("#/definitions/{kind}") })
            }
        }
    }

    fn of_item(&mut self, item: &Item) -> Value {
        let mut schema = if item.is_struct {
            self.of_fields(&item.members)
        } else {
            json!({ "oneOf": item.members.iter().map(|one| self.of_choice(one)).collect::<Vec<_>>() })
        };
        schema["description"] = json!(item.doc);
        schema
    }

    fn of_fields(&mut self, fields: &[Member]) -> Value {
        let required = fields.iter().filter(|field| !field.is_optional);
        let required: Vec<&str> = required.map(|field| field.name.as_str()).collect();
        let mut properties = Map::new();
        for field in fields {
            let mut schema = self.of(&field.kind);
            // Beside a reference nothing is read.
            if schema.get("$ref").is_some() {
                schema = json!({ "oneOf": [schema] });
            }
            schema["description"] = json!(field.doc);
            properties.insert(field.name.clone(), schema);
        }
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": required,
            "properties": properties,
        })
    }

    /// A choice is its name, or an object with what belongs to it under its name.
    fn of_choice(&mut self, choice: &Member) -> Value {
        let Member { name, doc, kind, fields, .. } = choice;
        let kinds: Vec<&str> = kind.split(", ").filter(|kind| !kind.is_empty()).collect();
        let content = match kinds.as_slice() {
            [] if fields.is_empty() => return json!({ "description": doc, "enum": [name] }),
            [] => self.of_fields(fields),
            [one] => self.of(one),
            several => {
                let items: Vec<Value> = several.iter().map(|kind| self.of(kind)).collect();
                let count = items.len();
                json!({ "type": "array", "items": items, "minItems": count, "maxItems": count })
            }
        };
        json!({
            "description": doc,
            "type": "object",
            "additionalProperties": false,
            "required": [name],
            "properties": { name: content },
        })
    }
}
