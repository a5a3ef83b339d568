//! Mistakes in dialling and in what is made of a close.

use super::{Flaw, Step};

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.dial.on",
        right: "mount",
        wrong: "document_change",
        change: Step::Client(|steps| steps.dials_on_mount = || false),
    },
    Flaw {
        path: "client.close_policy.unknown",
        right: "retry",
        wrong: "ignore",
        change: Step::Client(|steps| steps.retries_unknown = || false),
    },
];
