//! Mistakes in noticing a dead connection.

use super::{Flaw, Step};
use crate::client::Expiry;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.heartbeat.on_expiry",
        right: "close_and_reconnect",
        wrong: "mark_only",
        change: Step::Client(|steps| steps.on_silence.set(|| Expiry::OnlyShow)),
    },
    Flaw {
        path: "server.heartbeat.check",
        right: "deadline",
        wrong: "tick",
        // Looks only when a ping is due, so that silence is seen up to one pause late.
        change: Step::Server(|steps| steps.check_silence.set(|_, next_ping| next_ping)),
    },
    Flaw {
        path: "client.heartbeat.pong",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.answers_ping.set(|| false)),
    },
    Flaw {
        path: "server.heartbeat.settings",
        right: "honoured",
        wrong: "built_in",
        change: Step::Server(|steps| steps.beat.set(|stated, _| **stated)),
    },
    Flaw {
        path: "server.heartbeat.pong_match",
        right: "true",
        wrong: "false",
        change: Step::Server(|steps| steps.pong_counts.set(|_, _| true)),
    },
    Flaw {
        path: "server.heartbeat.timer_key",
        right: "connection",
        wrong: "client",
        // Ends whatever connection the client has by then.
        change: Step::Server(|steps| {
            steps.deadline_ends.set(|| false);
            steps.overdue.set(|_, of_client| of_client);
        }),
    },
    Flaw {
        path: "server.heartbeat.clock",
        right: "monotonic",
        wrong: "wall",
        change: Step::Server(|steps| steps.silence.set(|heard, now| now.wall.since(heard.wall))),
    },
];
