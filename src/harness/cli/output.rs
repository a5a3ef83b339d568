//! What a command line prints and writes.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;

use super::error::CliError;
use crate::harness::Exit;
use crate::report::{Document, Style};

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: coloured on a terminal, plain in a pipe.
    Text,
    /// For a pull request or a wiki.
    Markdown,
    /// For programs.
    Json,
}

/// Prints a report to standard output.
///
/// # Errors
/// As [`say`].
pub fn print(report: &Document, format: Format) -> Result<(), CliError> {
    let colour = std::io::stdout().is_terminal();
    let text = match format {
        Format::Markdown => report.to_markdown(),
        _ => report.to_text(if colour { Style::Colour } else { Style::Plain }),
    };
    say(&text)
}

/// Prints text to standard output. A reader that went away is no error.
///
/// # Errors
/// An output that cannot take it, such as a full disk.
pub fn say(text: &str) -> Result<(), CliError> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::Write { path: "standard output".to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Checks that a file can be written to later, before any work is done for it.
///
/// # Errors
/// A folder of this name, or a folder around it that is not there.
pub fn writable(path: &Path) -> Result<(), CliError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let kind = if path.is_dir() {
        ErrorKind::IsADirectory
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        ErrorKind::NotFound
    } else {
        return Ok(());
    };
    Err(CliError::Write { path: path.display().to_string(), source: kind.into() })
}

/// Reads how many threads to use.
///
/// # Errors
/// No number, or more than 1024.
pub fn threads(text: &str) -> Result<usize, String> {
    let most = 1024;
    text.parse()
        .ok()
        .filter(|threads| *threads <= most)
        .ok_or_else(|| format!("expected a number up to {most}; 0 is one thread per core"))
}

/// Prints an error to standard error.
pub fn complain(error: &dyn std::error::Error) {
    let mut stderr = anstream::stderr().lock();
    let label = owo_colors::OwoColorize::red(&"error:");
    let _ = writeln!(stderr, "{label} {error}");
}

/// Prints what is wrong with the arguments, or the help that they ask for.
pub(super) fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Held }
}

/// Reads a file.
///
/// # Errors
/// With the name of the file.
pub fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path)
        .map_err(|source| CliError::Read { path: path.display().to_string(), source })
}

/// Writes a file that is not there yet, or that says the same already.
///
/// # Errors
/// A file that is there and differs, or that cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    if std::fs::read_to_string(path).is_ok_and(|there| there != text) {
        return Err(CliError::Exists(path.display().to_string()));
    }
    std::fs::write(path, text)
        .map_err(|source| CliError::Write { path: path.display().to_string(), source })
}
