//! What the exit code of a command says.

use std::process::ExitCode;

use crate::explore::Verdict;

/// What the exit code of a command says. The numbers do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// 0: every invariant held, or the work was done.
    Held = 0,
    /// 1: an invariant was broken, or an audit found what it was told to deny.
    Violated = 1,
    /// 2: the command line, a policy, a patch, a case or a recording is wrong; nothing was written.
    Usage = 2,
    /// 3: states that had to be reached were not, or nothing could be checked: no proof, whatever else was found.
    Vacuous = 3,
    /// 4: a node or a checker panicked.
    Panicked = 4,
    /// 5: a file could not be written.
    Io = 5,
    /// 6: the same case gave two digests.
    Nondeterministic = 6,
    /// 7: the same case came to different ends at different fidelities.
    Disagreement = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&Verdict> for Exit {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Held => Self::Held,
            Verdict::Violated(_) => Self::Violated,
            Verdict::Panicked(_) => Self::Panicked,
        }
    }
}
