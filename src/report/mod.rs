//! Rendering of plain data as text. Nothing here runs anything.

mod document;
mod trace;

pub use document::{Block, Document, Style};
pub use trace::{sequence_diagram, trace};
