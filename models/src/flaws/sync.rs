//! Mistakes in catching up and in taking in events.

use super::{Flaw, Step};
use crate::message::Since;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.sync.cursor_tracking",
        right: "applied",
        wrong: "now",
        change: Step::Client(|steps| steps.since = |_| Since::Whatever),
    },
    Flaw {
        path: "client.sync.snapshot_guard",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.takes_snapshot = |_, _| true),
    },
    Flaw {
        path: "client.sync.on_snapshot",
        right: "replace",
        wrong: "deep_merge",
        change: Step::Client(|steps| steps.snapshot_replaces = || false),
    },
    Flaw {
        path: "client.sync.compare",
        right: "epoch_seq",
        wrong: "seq",
        change: Step::Client(|steps| {
            steps.is_news = |event, cursor| event.seq > cursor.seq;
            steps.takes_snapshot = |at, cursor| cursor.is_none_or(|cursor| at.seq >= cursor.seq);
        }),
    },
    Flaw {
        path: "client.apply.old",
        right: "ignore",
        wrong: "apply",
        change: Step::Client(|steps| steps.applies_old = || true),
    },
    Flaw {
        path: "client.overlay.on_snapshot",
        right: "rebase",
        wrong: "discard",
        change: Step::Client(|steps| steps.snapshot_keeps_pending = || false),
    },
    Flaw {
        path: "client.tabs.versioned",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.tab_in_turn = |_, _| true),
    },
];
