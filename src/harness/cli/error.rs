//! What can be wrong with a command, and the exit code that it ends with.

use super::ConfigError;
use crate::explore::{CaseError, JournalError, MergeError, ReportError, SweepError};
use crate::harness::Exit;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A configuration or a remedy is wrong.
    #[error("{0}")]
    Config(ConfigError),
    /// A case is wrong.
    #[error("{path}: {source}")]
    Case {
        /// Which file.
        path: String,
        /// Why.
        source: CaseError,
    },
    /// No scenario has this name.
    #[error("no scenario is called `{name}`{nearest} (`{tool} list` shows them)")]
    Scenario {
        /// What was asked for.
        name: String,
        /// The nearest name, as a question.
        nearest: String,
        /// The tool that was asked.
        tool: String,
    },
    /// A fidelity that this build does not have.
    #[error(
        "this build has no {0} fidelity; start it with `cargo run --release --features {0} -- ...`"
    )]
    Fidelity(&'static str),
    /// A case does not fail, so there is nothing to shrink.
    #[error("{0}: the case breaks no invariant, so there is nothing to shrink")]
    Holds(String),
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Write {
        /// Which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is there already and says something else.
    #[error("{0} is there already and differs; name another file with --out, or remove it")]
    Exists(String),
    /// A report is there already and says something else.
    #[error("{path} is there already and differs{hint}")]
    Differs {
        /// Which file.
        path: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A sweep came to nothing.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A report of a sweep is wrong.
    #[error("{path}: {source}")]
    Report {
        /// Which file.
        path: String,
        /// Why.
        source: ReportError,
    },
    /// Reports cannot become one.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// What was given is wrong: a recording, a mapping, objectives, or options that do not go
    /// together.
    #[error("{0}")]
    Input(String),
    /// Shards are missing.
    #[error("missing shards: {0}; with --partial the others are merged")]
    Missing(String),
}

impl CliError {
    /// What the process ends with.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Write { .. } | Self::Exists(_) | Self::Differs { .. } => Exit::Io,
            Self::Sweep(SweepError::Journal(
                JournalError::File { .. } | JournalError::There(_) | JournalError::Busy(_),
            )) => Exit::Io,
            Self::Sweep(SweepError::Differs(_)) => Exit::Nondeterministic,
            _ => Exit::Usage,
        }
    }
}
