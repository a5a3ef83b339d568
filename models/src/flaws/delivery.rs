//! Mistakes in keeping edits until they are safe.

use super::{Flaw, Step};
use crate::client::Sending;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.outbox.send_when",
        right: "open",
        wrong: "always",
        change: Step::Client(|steps| steps.sends_when_not_live = || Sending::Gone),
    },
    Flaw {
        path: "client.outbox.remove_on",
        right: "ack",
        wrong: "flush_start",
        change: Step::Client(|steps| steps.keeps_after_flush = || false),
    },
    Flaw {
        path: "client.outbox.flush_on",
        right: "synced",
        wrong: "next_edit",
        change: Step::Client(|steps| steps.flushes_on_sync = || false),
    },
];
