//! Mistakes of the server in what it tells whom.

use super::{Flaw, Step};
use crate::document;
use crate::message::Since;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "server.sync.resume_from",
        right: "client_cursor",
        wrong: "written",
        // Takes what was written to a connection for what has arrived.
        change: Step::Server(|steps| {
            steps.resume_from.set(|stated, written| written.map_or(stated, Since::Position));
        }),
    },
    Flaw {
        path: "server.log.covers",
        right: "all",
        wrong: "no_stages",
        change: Step::Server(|steps| {
            steps.covers.set(|event| {
                event.changes.iter().any(|change| !document::is_of_pipeline(change.field))
            });
        }),
    },
    Flaw {
        path: "server.log.seq_bits",
        right: "64",
        wrong: "16",
        change: Step::Server(|steps| steps.seq_bits.set(|| 16)),
    },
    Flaw {
        path: "server.sync.snapshot_parts",
        right: "all",
        wrong: "stages_only",
        change: Step::Server(|steps| steps.snapshot_holds.set(document::is_stage)),
    },
];
