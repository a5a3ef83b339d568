//! Mistakes in the life of a page and of its connections.

use super::{Flaw, Step};
use crate::client::Expiry;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.lifecycle.model",
        right: "machine",
        wrong: "flag",
        change: Step::Client(|steps| steps.fences_ends.set(|| false)),
    },
    Flaw {
        path: "client.lifecycle.leave",
        right: "close_and_fence",
        wrong: "forget",
        change: Step::Client(|steps| {
            steps.closes_when_left.set(|| false);
            steps.fences_frames.set(|| false);
        }),
    },
    Flaw {
        path: "client.lifecycle.closing",
        right: "go_on",
        wrong: "await_echo",
        change: Step::Client(|steps| steps.on_silence.set(|| Expiry::AwaitEcho)),
    },
    Flaw {
        path: "client.lifecycle.unmount",
        right: "close_1000",
        wrong: "forget",
        change: Step::Client(|steps| steps.closes_when_unmounted.set(|| false)),
    },
    Flaw {
        path: "client.lifecycle.dispose",
        right: "everything",
        wrong: "connection_only",
        change: Step::Client(|steps| steps.is_deaf_when_unmounted.set(|| false)),
    },
    Flaw {
        path: "client.lifecycle.history",
        right: "bounded",
        wrong: "keep_all",
        change: Step::Client(|steps| steps.remembered.set(|_| usize::MAX)),
    },
];
