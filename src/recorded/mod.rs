//! Recordings of real systems, judged by the invariants that read nothing but the history.
//!
//! A recording is JSON Lines, in one of two forms: the [records](crate::history::Record) that
//! the engine itself writes, or *foreign* lines, flat objects as an application logs them, which
//! a [`Mapping`] reads. Everything is streamed. What is remembered is bounded by a [`Limits`]: the
//! last so many operations, connections and values, and so many names of clients, documents and
//! fields. A [`Checker`] is told the lines and gives a [`Checked`], in which an invariant
//! has held, was broken, or was not checked because the recording lacks the facts that it needs:
//! silence proves nothing.

mod check;
mod facts;
mod foreign;
mod instant;
mod lines;
mod mapping;
mod names;
mod reader;
mod row;
mod sane;

pub use check::{Breach, Checked, Checker, Finding, Form, Options, Verdict};
pub use lines::{LINE_BYTES_MAX, Line, Lines};
pub use mapping::{Fields, Mapping, Numbers, Unit, Unknown};
pub use reader::BadLine;

/// How much a check remembers, whatever the length of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations and values: those that appeared last.
    pub window: u32,
    /// Connections: those that appeared last.
    pub connections: u32,
    /// Clients and other nodes, documents, and fields of documents: so many of each.
    pub names: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window: 50_000, connections: 50_000, names: 100_000 }
    }
}
