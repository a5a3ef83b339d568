//! Mistakes of the server in how it tells a room.

use wavetank::history::{Change, Position};

use super::{Flaw, Step};

/// The most fields that a page takes.
const PAGE: usize = 12;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "server.fanout.audience",
        right: "room",
        wrong: "author",
        change: Step::Server(|steps| steps.is_told.set(|is_author| is_author)),
    },
    Flaw {
        path: "server.fanout.content",
        right: "at_commit",
        wrong: "at_send",
        // Reads what the fields hold by the time that the event is written out.
        change: Step::Server(|steps| {
            steps.reads_again.set(|event, content| {
                let now = |change: &Change| Change {
                    value: content.get(&change.field).copied(),
                    ..*change
                };
                Some(event.changes.iter().map(now).collect())
            });
        }),
    },
    Flaw {
        path: "server.events.envelope",
        right: "always",
        wrong: "missing_on_delete",
        change: Step::Server(|steps| {
            steps
                .has_envelope
                .set(|event| event.changes.iter().any(|change| change.value.is_some()));
        }),
    },
    Flaw {
        path: "server.log.seq_at",
        right: "commit",
        wrong: "send",
        change: Step::Server(|steps| {
            steps.numbered.set(|committed, told| Position { seq: told + 1, ..committed });
        }),
    },
    Flaw {
        path: "server.fanout.lookup",
        right: "by_room",
        wrong: "scan_all",
        change: Step::Server(|steps| steps.looks_at.set(|_, all| all)),
    },
    Flaw {
        path: "server.pipeline.guard",
        right: "true",
        wrong: "false",
        change: Step::Server(|steps| steps.guards_stages.set(|| false)),
    },
    Flaw {
        path: "server.pages.overflow",
        right: "continue",
        wrong: "cut",
        change: Step::Server(|steps| {
            steps.page.set(|mut content| {
                content.truncate(PAGE);
                content
            });
        }),
    },
];
