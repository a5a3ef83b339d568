//! Mistakes in dialling and in what is made of a close.

use super::{Flaw, Step};

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.dial.on",
        right: "mount",
        wrong: "document_change",
        change: Step::Client(|steps| steps.dials_on_mount.set(|| false)),
    },
    Flaw {
        path: "client.close_policy.unknown",
        right: "retry",
        wrong: "ignore",
        change: Step::Client(|steps| steps.retries_unknown.set(|| false)),
    },
    Flaw {
        path: "client.dial.exclusive",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.dials_alone.set(|| false)),
    },
    Flaw {
        path: "client.dial.identity",
        right: "url",
        wrong: "callback",
        change: Step::Client(|steps| steps.keeps_when_drawn.set(|| false)),
    },
    Flaw {
        path: "client.close_policy.local",
        right: "stay_closed",
        wrong: "retry",
        change: Step::Client(|steps| steps.stays_away.set(|| false)),
    },
    Flaw {
        path: "client.reconnect.counter",
        right: "after_delay",
        wrong: "before_delay",
        change: Step::Client(|steps| steps.doublings.set(|failed| failed + 1)),
    },
];
