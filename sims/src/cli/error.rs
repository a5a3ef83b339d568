//! What can be wrong with a command, and the exit code that it ends with.

use wavetank::explore::{CaseError, JournalError, MergeError, ReportError, SweepError};
use wavetank::harness::Exit;
use wavetank_models::policy::{PatchError, PolicyError};

use crate::audit::{AuditError, SaveError};

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
    /// Shards are missing.
    #[error("missing shards: {0}; with --partial the others are merged")]
    Missing(String),
    /// An audit's files cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// An audit came to nothing.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl CliError {
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Write { .. } | Self::Exists(_) | Self::Save(_) | Self::Differs { .. } => Exit::Io,
            Self::Sweep(SweepError::Journal(
                JournalError::File { .. } | JournalError::There(_) | JournalError::Busy(_),
            )) => Exit::Io,
            Self::Audit(AuditError::Differs(_)) | Self::Sweep(SweepError::Differs(_)) => {
                Exit::Nondeterministic
            }
            _ => Exit::Usage,
        }
    }
}

#[cfg(test)]
mod tests {
    use wavetank::digest::Digest;
    use wavetank::explore::{Difference, Parting};

    use super::*;

    #[test]
    fn two_runs_that_differ_end_with_six_and_both_events() {
        let difference = Difference {
            scenario: "several-tabs".to_owned(),
            seed: Some(9),
            case: "2 nodes".to_owned(),
            digests: [Digest(1), Digest(2)],
            parting: Some(Parting {
                index: 4,
                events: [Some("n0 says one".to_owned()), Some("n0 says two".to_owned())],
            }),
        };
        let error = CliError::from(AuditError::from(Box::new(difference)));
        assert_eq!(error.exit() as u8, 6);
        let text = error.to_string();
        for part in ["seed 9 of several-tabs", "number 4", "says one", "says two", "2 nodes"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
