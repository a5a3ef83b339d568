//! What can be wrong with a command, and the exit code that it ends with.

use wavetank::explore::CaseError;
use wavetank::harness::Exit;
use wavetank_models::policy::{PatchError, PolicyError};

use crate::audit::SaveError;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A policy is wrong.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A case is wrong.
    #[error("{path}: {source}")]
    Case {
        /// Which file.
        path: String,
        /// Why.
        source: CaseError,
    },
    /// A patch is wrong.
    #[error("{path}: {source}")]
    Patch {
        /// Which file.
        path: String,
        /// Why.
        source: PatchError,
    },
    /// A patch file is not TOML.
    #[error("{path}:{line}: {message}; expected lines such as \"client.ack.required\" = true")]
    PatchText {
        /// Which file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// Why.
        message: String,
    },
    /// No scenario has this name.
    #[error("no scenario is called `{name}`{nearest} (`wavetank list` shows them)")]
    Scenario {
        /// What was asked for.
        name: String,
        /// The nearest name, as a question.
        nearest: String,
    },
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
    /// An audit's files cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl CliError {
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Write { .. } | Self::Exists(_) | Self::Save(_) => Exit::Io,
            _ => Exit::Usage,
        }
    }
}
