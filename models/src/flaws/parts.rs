//! Mistakes in putting parts of messages together.

use super::{Flaw, Step};

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.decode.fragments",
        right: "reassemble",
        wrong: "as_messages",
        change: Step::Client(|steps| steps.reassembles.set(|| false)),
    },
    Flaw {
        path: "client.decode.reset_on_open",
        right: "true",
        wrong: "false",
        // What came of a message before the connection broke is put before what comes next.
        change: Step::Client(|steps| steps.begins_anew.set(|| false)),
    },
];
