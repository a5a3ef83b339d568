//! What can be wrong with a command, and the exit code that it ends with.

use wavetank::harness::{Exit, cli, did_you_mean};
use wavetank_models::policy::PolicyError;

#[cfg(feature = "stack")]
use super::serve::DataError;
use crate::audit::{AuditError, SaveError};

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A policy is wrong.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A command that any protocol has came to nothing.
    #[error(transparent)]
    Any(#[from] cli::CliError),
    /// An audit's files cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// An audit came to nothing.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// No failure mode has this name.
    #[error("no failure mode is called `{name}`{} (`wavetank list` shows them)", did_you_mean(.nearest.as_deref()))]
    Entry {
        /// What was asked for.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// This build has no server on real sockets.
    #[cfg(not(feature = "stack"))]
    #[error(
        "this build cannot serve; start it with `cargo run --release --features stack -- serve {0}`"
    )]
    NoStack(String),
    /// The file of a server cannot be used.
    #[cfg(feature = "stack")]
    #[error(transparent)]
    Data(#[from] DataError),
    /// A server cannot listen.
    #[cfg(feature = "stack")]
    #[error("{address}: {source}; name another address with --address")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A server had to end.
    #[cfg(feature = "stack")]
    #[error("the server ended: {0}")]
    Serve(std::io::Error),
}

impl CliError {
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Any(error) => error.exit(),
            Self::Save(_) => Exit::Io,
            #[cfg(feature = "stack")]
            Self::Serve(_) | Self::Data(DataError::File { .. }) => Exit::Io,
            Self::Audit(AuditError::Differs(_)) => Exit::Nondeterministic,
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
