//! Histories as files: JSON Lines, one record a line, read and written one at a time.

use std::io::{self, BufRead, Write};

use super::Record;

/// Why a line is no record.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It could not be read at all.
    #[error("line {line}: {source}")]
    Io {
        /// The line, from 1.
        line: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// It is not JSON of the expected shape.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: usize,
        /// What was expected.
        message: String,
    },
}

/// The records of a log, in order. Memory does not grow with its length. Empty lines are passed
/// over, and reading goes on after a line that is no record.
pub fn read(log: impl BufRead) -> impl Iterator<Item = Result<Record, LogError>> {
    let lines = (1..).zip(log.lines());
    lines.filter_map(|(line, text)| match text {
        Ok(text) if text.trim().is_empty() => None,
        Ok(text) => Some(parse(line, &text)),
        Err(source) => Some(Err(LogError::Io { line, source })),
    })
}

/// The record that a line holds.
///
/// # Errors
/// A line that is no record; `line` is its number, for the error.
pub fn parse(line: u64, text: &str) -> Result<Record, LogError> {
    serde_json::from_str(text).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string().replace(&place, "");
        LogError::Json { line, column: error.column(), message }
    })
}

/// Writes records as lines.
///
/// # Errors
/// Where `log` cannot be written to.
pub fn write<'a>(
    mut log: impl Write,
    records: impl IntoIterator<Item = &'a Record>,
) -> io::Result<()> {
    for record in records {
        serde_json::to_writer(&mut log, record)?;
        log.write_all(b"\n")?;
    }
    Ok(())
}
