//! Mistakes in what is made of errors, and in ending connections.

use wavetank::time::Span;

use super::{Flaw, Step};
use crate::message::Message;
use crate::secrets;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "server.close.codes",
        right: "by_cause",
        wrong: "always_1000",
        change: Step::Server(|steps| steps.close_code.set(|_| 1000)),
    },
    Flaw {
        path: "server.decode.on_error",
        right: "reply_and_continue",
        wrong: "end_connection",
        change: Step::Server(|steps| steps.survives_unreadable.set(|| false)),
    },
    Flaw {
        path: "server.decode.on_disconnect",
        right: "clean_up",
        wrong: "reply_error",
        change: Step::Server(|steps| steps.cleans_up.set(|| false)),
    },
    Flaw {
        path: "server.errors.record",
        right: "true",
        wrong: "false",
        change: Step::Server(|steps| steps.records.set(|| false)),
    },
    Flaw {
        path: "server.errors.context",
        right: "true",
        wrong: "false",
        change: Step::Server(|steps| {
            steps.refusal.set(|_, code| Some(Message::error(code, None)));
        }),
    },
    Flaw {
        path: "server.errors.tell_client",
        right: "true",
        wrong: "false",
        change: Step::Server(|steps| steps.refusal.set(|_, _| None)),
    },
    Flaw {
        path: "server.errors.text",
        right: "generic",
        wrong: "exception",
        change: Step::Server(|steps| {
            steps.refusal.set(|commit, code| {
                let text = format!("cannot write {}", secrets::in_full(commit));
                Some(Message::Failed { op: commit.op, code, text })
            });
        }),
    },
    Flaw {
        path: "client.errors.show",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.shows_errors.set(|| false)),
    },
    Flaw {
        path: "client.request.on_error",
        right: "fail_visibly",
        wrong: "ignore",
        change: Step::Client(|steps| steps.request_fails.set(|| false)),
    },
    Flaw {
        path: "client.errors.report",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.reports_errors.set(|| false)),
    },
    Flaw {
        path: "client.errors.clear_on_success",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.clears_notice.set(|| false)),
    },
    Flaw {
        path: "client.view.readable",
        right: "always",
        wrong: "connected_only",
        change: Step::Client(|steps| steps.answers_query.set(|live| live)),
    },
    Flaw {
        path: "client.view.coalesce",
        right: "trailing",
        wrong: "leading",
        // Draws the first change of each quarter of a second, and forgets the rest.
        change: Step::Client(|steps| {
            steps.draws_after.set(|quiet| quiet >= Span::millis(250));
        }),
    },
];
