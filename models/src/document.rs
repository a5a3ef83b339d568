//! The document: pipeline stages and elements, as fields with unique values.

use std::collections::BTreeMap;

use wavetank::history::{Change, Changes, Value};
use wavetank::id::{Field, OpId};
use wavetank::protocol::Gate;

/// The stages of a pipeline, where the application does not want another number of them.
pub const STAGES: u32 = 7;
/// The elements that every document has; more are inserted by people.
pub const ELEMENTS: u32 = 8;

const STAGE: u32 = 1 << 28;
const ELEMENT: u32 = 2 << 28;
const PENDING: u32 = 3 << 28;
/// How far the pipeline is, beside the content.
pub const PROGRESS: Field = Field(4 << 28);
/// What the pipeline does with the document: which stage it is at work on, or has failed in.
/// Nothing is there before it has begun and once it is through.
pub const STATUS: Field = Field(5 << 28);
/// What may not be written now. The stage that the pipeline is at work on makes the element of its
/// own number; all other elements are people's to edit meanwhile.
pub const GATE: Gate = Gate { field: STATUS, holds };

/// How many stages can be told apart.
const NUMBERS: u32 = 1 << 16;
/// Where the number of a stage stands in a [`STATUS`], above the value of the operation.
const STATUS_STAGE: u32 = 34;
/// What says in a [`STATUS`] that the stage has failed.
const STATUS_FAILED: u64 = 1 << 33;

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

/// What a stage has come to, once it is done. The first one is called 1.
pub const fn stage(number: u32) -> Field {
    Field(STAGE | (number % NUMBERS + 1))
}

/// So many stages, in the order in which a pipeline does them.
pub fn stages(count: u32) -> impl Iterator<Item = Field> {
    (0..count).map(stage)
}

/// What is shown of progress in a stage: its number, from 1.
pub const fn progress_of(number: u32) -> Value {
    Value::new(number as u64 + 1)
}

/// The [`STATUS`] that an operation writes by which a stage is begun.
pub const fn at_work(stage: Field, op: OpId) -> Value {
    Value::new((number(stage) as u64) << STATUS_STAGE | value(op).0.get())
}

/// The [`STATUS`] that an operation writes by which a stage fails.
pub const fn failed(stage: Field, op: OpId) -> Value {
    Value::new(at_work(stage, op).0.get() | STATUS_FAILED)
}

/// Whether people may not write to a field while the [`STATUS`] is this.
fn holds(status: Value, field: Field) -> bool {
    let status = status.0.get();
    let of_stage = (1..=ELEMENTS).contains(&element_of(field))
        && u64::from(element_of(field)) == status >> STATUS_STAGE;
    field.0 >> 28 == 2 && of_stage && status & STATUS_FAILED == 0
}

/// Whether people may not write these changes now that the content is this.
pub fn is_held(content: &Content, changes: &[Change]) -> bool {
    let status = content.get(&STATUS);
    status.is_some_and(|status| changes.iter().any(|change| holds(*status, change.field)))
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

/// What tells a field from the others of its kind.
const fn number(field: Field) -> u32 {
    field.0 & 0x0fff_ffff
}

/// The number of the element that a field is of.
const fn element_of(field: Field) -> u32 {
    number(field) >> 4
}

/// Whether a field is that of a stage.
pub const fn is_stage(field: Field) -> bool {
    field.0 >> 28 == 1
}

/// Whether only the pipeline may write to a field.
pub const fn is_of_pipeline(field: Field) -> bool {
    is_stage(field) || field.0 == STATUS.0
}

/// The attributes of the element that a field is of, the field itself among them.
pub fn siblings(field: Field) -> impl Iterator<Item = Field> {
    let number = element_of(field);
    let all = [Attribute::Label, Attribute::Box, Attribute::Order];
    let all = all.map(|attribute| element(number, attribute));
    all.into_iter().filter(move |_| field.0 >> 28 == 2)
}

/// A field's name for people.
pub fn name(field: Field) -> String {
    let number = number(field);
    match field.0 >> 28 {
        1 => format!("stage {number}"),
        2 => {
            let attribute = ["label", "box", "order"][(number & 3) as usize % 3];
            format!("{attribute} of element {}", element_of(field))
        }
        4 => "progress".to_owned(),
        5 => "status".to_owned(),
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
