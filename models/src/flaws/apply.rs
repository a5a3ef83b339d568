//! Mistakes in applying events and in showing what they came to.

use wavetank::history::{Change, Changes, Value};
use wavetank::time::Span;

use super::{Flaw, Step};
use crate::document;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.apply.order",
        right: "sequence",
        wrong: "arrival",
        change: Step::Client(|steps| steps.waits_for_turn.set(|| false)),
    },
    Flaw {
        path: "client.reorder.duplicates",
        right: "ignore",
        wrong: "keep",
        // Only the event that is in turn is taken from the head of the list.
        change: Step::Client(|steps| {
            steps.copy.set(|held| held);
            steps.old_blocks.set(|| true);
        }),
    },
    Flaw {
        path: "client.apply.concurrency",
        right: "serial",
        wrong: "by_cost",
        // What writes much takes a fifth of a second, and what is light does not wait for it.
        change: Step::Client(|steps| {
            steps.takes.set(|event| (event.changes.len() > 1).then_some(Span::millis(200)));
        }),
    },
    Flaw {
        path: "client.inbound.mailbox",
        right: "queue",
        wrong: "last_only",
        change: Step::Client(|steps| steps.looks_at_once.set(|| false)),
    },
    Flaw {
        path: "client.decode.unknown",
        right: "report_and_resync",
        wrong: "ignore",
        change: Step::Client(|steps| steps.asks_for_novel.set(|| false)),
    },
    Flaw {
        path: "client.decode.validate",
        right: "true",
        wrong: "false",
        // Fields that are missing are filled in: the first stage, and nothing in it.
        change: Step::Client(|steps| {
            steps
                .reads_anyway
                .set(|| Some([Change::removed(document::stage(0))].into_iter().collect()));
        }),
    },
    Flaw {
        path: "client.ephemeral.progress",
        right: "absolute",
        wrong: "increment",
        change: Step::Client(|steps| {
            steps
                .progress
                .set(|told, shown| shown.map_or(told, |shown| Value(shown.0.saturating_add(1))));
        }),
    },
    Flaw {
        path: "client.apply.patch",
        right: "nested_merge",
        wrong: "replace_object",
        // Takes an attribute of an element for the whole element.
        change: Step::Client(|steps| steps.patch.set(whole_elements)),
    },
    Flaw {
        path: "client.apply.reads",
        right: "current",
        wrong: "captured_at_open",
        change: Step::Client(|steps| steps.captures.set(|content| Some(content.clone()))),
    },
    Flaw {
        path: "client.overlay.on_event",
        right: "rebase",
        wrong: "replace",
        change: Step::Client(|steps| steps.event_keeps_pending.set(|| false)),
    },
    Flaw {
        path: "client.overlay.on_reject",
        right: "roll_back",
        wrong: "keep",
        change: Step::Client(|steps| steps.rolls_back.set(|| false)),
    },
    Flaw {
        path: "client.view.publish",
        right: "per_message",
        wrong: "per_field",
        change: Step::Client(|steps| steps.shows_together.set(|| false)),
    },
];

fn whole_elements(changes: &Changes) -> Changes {
    let emptied = changes.iter().flat_map(|change| document::siblings(change.field));
    emptied.map(Change::removed).chain(changes.iter().copied()).collect()
}
