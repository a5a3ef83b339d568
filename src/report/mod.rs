//! Rendering of plain data as text. Nothing here runs anything.

mod trace;

pub use trace::{sequence_diagram, trace};
