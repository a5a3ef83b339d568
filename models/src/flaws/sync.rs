//! Mistakes in catching up and in taking in events.

use wavetank::history::Position;

use super::{Flaw, Step};
use crate::client::Cue;
use crate::message::Since;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.sync.cursor_tracking",
        right: "applied",
        wrong: "now",
        change: Step::Client(|steps| steps.since.set(|_, _| Since::Whatever)),
    },
    Flaw {
        path: "client.sync.snapshot_guard",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.takes_snapshot.set(|_, _| true)),
    },
    Flaw {
        path: "client.sync.on_snapshot",
        right: "replace",
        wrong: "deep_merge",
        change: Step::Client(|steps| steps.snapshot_replaces.set(|| false)),
    },
    Flaw {
        path: "client.sync.compare",
        right: "epoch_seq",
        wrong: "seq",
        change: Step::Client(|steps| {
            steps.is_news.set(|event, cursor| event.seq > cursor.seq);
            steps.takes_snapshot.set(|at, cursor| cursor.is_none_or(|cursor| at.seq >= cursor.seq));
        }),
    },
    Flaw {
        path: "client.apply.old",
        right: "ignore",
        wrong: "apply",
        change: Step::Client(|steps| steps.applies_old.set(|| true)),
    },
    Flaw {
        path: "client.overlay.on_snapshot",
        right: "rebase",
        wrong: "discard",
        change: Step::Client(|steps| steps.snapshot_keeps_pending.set(|| false)),
    },
    Flaw {
        path: "client.tabs.versioned",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.tab_in_turn.set(|_, _| true)),
    },
    Flaw {
        path: "client.sync.counts",
        right: "applied",
        wrong: "received",
        change: Step::Client(|steps| {
            steps.since.set(|applied, received| {
                applied.max(received).map_or(Since::Nothing, Since::Position)
            });
        }),
    },
    Flaw {
        path: "client.sync.start",
        right: "on_open",
        wrong: "next_heartbeat",
        change: Step::Client(|steps| steps.asks_on.set(|cue| cue == Cue::Ping)),
    },
    Flaw {
        path: "client.subscribe.on",
        right: "every_open",
        wrong: "document_change",
        change: Step::Client(|steps| steps.names_document.set(|again| !again)),
    },
    Flaw {
        path: "client.sync.match_response",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.matches_answer.set(|| false)),
    },
    Flaw {
        path: "client.apply.check_document",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.checks_document.set(|| false)),
    },
    Flaw {
        path: "client.subscribe.release_old",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.releases.set(|| false)),
    },
    Flaw {
        path: "client.sync.memory",
        right: "kept",
        wrong: "forgotten",
        change: Step::Client(|steps| {
            steps.kept_cursor.set(|cursor| cursor.map(|cursor| Position { seq: 0, ..cursor }));
        }),
    },
];
