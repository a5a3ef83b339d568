//! Mistakes in noticing a dead connection.

use super::{Flaw, Step};
use crate::client::Expiry;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.heartbeat.on_expiry",
        right: "close_and_reconnect",
        wrong: "mark_only",
        change: Step::Client(|steps| steps.on_silence = || Expiry::OnlyShow),
    },
    Flaw {
        path: "server.heartbeat.check",
        right: "deadline",
        wrong: "tick",
        // Looks only when a ping is due, so that silence is seen up to one pause late.
        change: Step::Server(|steps| steps.check_silence = |_, next_ping| next_ping),
    },
];
