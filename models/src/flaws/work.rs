//! Mistakes in taking in what takes time.

use super::{Flaw, Step};

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.heartbeat.pong_priority",
        right: "immediate",
        wrong: "behind_work",
        change: Step::Client(|steps| steps.ping_waits.set(|| true)),
    },
    Flaw {
        path: "client.apply.work",
        right: "sliced",
        wrong: "inline",
        change: Step::Client(|steps| steps.slices_work.set(|| false)),
    },
];
