//! Mistakes in what the server takes, and from whom.

use super::{Flaw, Step};

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "server.commit.fields",
        right: "allow_list",
        wrong: "any",
        change: Step::Server(|steps| steps.takes_any_field = || true),
    },
    Flaw {
        path: "server.auth.register",
        right: "after_verify",
        wrong: "before_verify",
        change: Step::Server(|steps| steps.registers_first = || true),
    },
];
