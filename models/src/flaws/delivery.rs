//! Mistakes in keeping edits until they are safe.

use super::{Flaw, Step};
use crate::client::Sending;
use crate::message::Word;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.outbox.send_when",
        right: "open",
        wrong: "always",
        change: Step::Client(|steps| steps.sends_when_not_live.set(|| Sending::Gone)),
    },
    Flaw {
        path: "client.outbox.remove_on",
        right: "ack",
        wrong: "flush_start",
        change: Step::Client(|steps| steps.keeps_after_flush.set(|| false)),
    },
    Flaw {
        path: "client.outbox.flush_on",
        right: "synced",
        wrong: "next_edit",
        change: Step::Client(|steps| steps.flushes_on_sync.set(|| false)),
    },
    Flaw {
        path: "client.outbox.flush_on",
        right: "synced",
        wrong: "open",
        change: Step::Client(|steps| steps.flushes_on_open.set(|| true)),
    },
    Flaw {
        path: "client.outbox.order",
        right: "fifo",
        wrong: "lifo",
        change: Step::Client(|steps| steps.flush_order.set(|len, turn| len - 1 - turn)),
    },
    Flaw {
        path: "client.outbox.replay_base",
        right: "original",
        wrong: "current",
        change: Step::Client(|steps| steps.replay_base.set(|_, now| now)),
    },
    Flaw {
        path: "client.conflict.tell",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.tells_conflict.set(|| false)),
    },
    Flaw {
        path: "client.undo.entry",
        right: "value",
        wrong: "alias",
        // What is kept is the object that the page goes on writing to.
        change: Step::Client(|steps| steps.undo_value.set(|_, now| now)),
    },
    Flaw {
        path: "client.dedup.key",
        right: "id",
        wrong: "in_reply_to",
        change: Step::Client(|steps| {
            steps.notice_key.set(|notice| Some(u64::from(notice.reply_to.0)));
        }),
    },
    Flaw {
        path: "server.ids.omit_on",
        right: "none",
        wrong: "notice",
        change: Step::Server(|steps| {
            steps.notice_id.set(|id, word| Some(id).filter(|_| word == Word::Taken));
        }),
    },
];
