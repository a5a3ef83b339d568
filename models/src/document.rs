//! The document: pipeline stages and elements, as fields with unique values.

use std::collections::BTreeMap;

use wavetank::history::{Change, Changes, Value};
use wavetank::id::{Field, OpId};

/// The stages of a pipeline.
pub const STAGES: u32 = 7;
/// The elements that every document has; more are inserted by people.
pub const ELEMENTS: u32 = 8;

const STAGE: u32 = 1 << 28;
const ELEMENT: u32 = 2 << 28;
const PENDING: u32 = 3 << 28;
/// How far the pipeline is, beside the content.
pub const PROGRESS: Field = Field(4 << 28);

/// What of an element is written.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// Its text.
    Label,
    /// Its bounding box.
    Box,
    /// Its place among the others.
    Order,
}

/// The content of a document.
pub type Content = BTreeMap<Field, Value>;

/// The status of a stage; there are [`STAGES`] of them, from 1.
pub const fn stage(number: u32) -> Field {
    Field(STAGE | (number % STAGES + 1))
}

/// All stages, in the order in which a pipeline does them.
pub fn stages() -> impl Iterator<Item = Field> {
    (0..STAGES).map(stage)
}

/// What is shown of progress in a stage: its number, from 1.
pub const fn progress_of(number: u32) -> Value {
    Value::new((number % STAGES + 1) as u64)
}

/// An attribute of an element.
pub const fn element(number: u32, attribute: Attribute) -> Field {
    Field(ELEMENT | number << 4 | attribute as u32)
}

/// Where an inserted element stands in its author's view until the server has numbered it.
pub const fn unnumbered(op: OpId) -> Field {
    Field(PENDING | op.0)
}

/// The value that an operation writes. No other operation writes it.
pub const fn value(op: OpId) -> Value {
    Value::new(op.0 as u64 + 1)
}

/// Whether a field is that of a stage.
pub const fn is_stage(field: Field) -> bool {
    field.0 >> 28 == 1
}

/// The attributes of the element that a field is of, the field itself among them.
pub fn siblings(field: Field) -> impl Iterator<Item = Field> {
    let number = (field.0 & 0x0fff_ffff) >> 4;
    let all = [Attribute::Label, Attribute::Box, Attribute::Order];
    let all = all.map(|attribute| element(number, attribute));
    all.into_iter().filter(move |_| field.0 >> 28 == 2)
}

/// A field's name for people.
pub fn name(field: Field) -> String {
    let number = field.0 & 0x0fff_ffff;
    match field.0 >> 28 {
        1 => format!("stage {number}"),
        2 => {
            let attribute = ["label", "box", "order"][(number & 3) as usize % 3];
            format!("{attribute} of element {}", number >> 4)
        }
        4 => "progress".to_owned(),
        _ => format!("inserted by op{number}"),
    }
}

/// Writes changes over a content.
pub fn apply(content: &mut Content, changes: &[Change]) {
    for change in changes {
        match change.value {
            Some(value) => content.insert(change.field, value),
            None => content.remove(&change.field),
        };
    }
}

/// The content as changes from nothing.
pub fn whole(content: &Content) -> Changes {
    content.iter().map(|(field, value)| Change::set(*field, *value)).collect()
}
