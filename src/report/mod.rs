//! Rendering of plain data as text. Nothing here runs anything.

mod document;
mod sequence;
mod steps;
mod trace;

pub use document::{Block, Document, Style};
pub use sequence::sequence_diagram;
pub use trace::{full_trace, trace};
