//! What a check that fails has to say: what broke, the smallest case, and the line to paste.

use std::fmt;
use std::path::PathBuf;

use crate::explore::{CaseError, Difference, MarkError};
use crate::harness::SettingsError;
use crate::invariant::Violation;

/// Why a check fails. Its text is what a test prints.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An invariant was broken.
    #[error("{0}")]
    Broken(Box<Broken>),
    /// A node or a checker panicked.
    #[error(
        "a node or an invariant panicked in the scenario {scenario}, seed {seed}: {message}\n\n\
         To see it again:\n    {again}"
    )]
    Panicked {
        /// The scenario.
        scenario: &'static str,
        /// The seed of the case.
        seed: u64,
        /// What the panic said.
        message: String,
        /// The line to paste.
        again: String,
    },
    /// The same case came to two outcomes.
    #[error("{0}")]
    Differs(#[from] Box<Difference>),
    /// What the scenario promises was never reached, so that nothing is proved.
    #[error(
        "vacuous: in {cases} cases the scenario {scenario} never reached {}; \
         what rests on it is not proved",
        .marks.join(", ")
    )]
    Vacuous {
        /// The scenario.
        scenario: &'static str,
        /// How many cases were run.
        cases: u64,
        /// The marks that were never reached.
        marks: Vec<&'static str>,
    },
    /// A node made a mark, or the scenario promises one, that the protocol does not list.
    #[error(transparent)]
    Mark(#[from] MarkError),
    /// A variable of the environment does not say what it should.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A case file cannot be read.
    #[error("{}: {source}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A case file is not a case of this protocol.
    #[error("{}: {source}", .path.display())]
    Case {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: CaseError,
    },
}

/// A broken invariant, and the smallest case that was found to break it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What was seen in the small case.
    pub violation: Violation,
    /// What the invariant states.
    pub statement: &'static str,
    /// The small case in words.
    pub case: String,
    /// Where the case came from: a scenario and a seed, or a file.
    pub found: String,
    /// Other invariants that smaller cases broke on the way.
    pub also: Vec<String>,
    /// Where the small case was saved, or why it could not be.
    pub saved: Result<PathBuf, String>,
    /// The line to paste, to see it again.
    pub again: String,
    /// Every event of the case, where only it was replayed.
    pub trace: Option<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { invariant, at, node, message } = &self.violation;
        let node = node.map_or(String::new(), |node| format!(" at {node}"));
        writeln!(f, "{invariant} is broken: {}", self.statement)?;
        writeln!(f, "\n    {at}{node}: {message}\n")?;
        for line in self.case.lines() {
            writeln!(f, "    {line}")?;
        }
        writeln!(f, "\n{}", self.found)?;
        for invariant in &self.also {
            writeln!(f, "On the way to the small case, {invariant} was broken as well.")?;
        }
        if let Err(why) = &self.saved {
            writeln!(f, "The small case could not be saved: {why}")?;
        }
        if let Some(trace) = &self.trace {
            writeln!(f, "\n{}", trace.trim_end())?;
        }
        write!(f, "\nTo see it again:\n    {}", self.again)
    }
}
