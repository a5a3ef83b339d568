//! Mistakes of the server in which connections it holds, and in whom it tells.

use wavetank::time::Span;

use super::{Flaw, Step};
use crate::server::Entering;

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "server.registry.insert_on",
        right: "hello",
        wrong: "first_message",
        change: Step::Server(|steps| steps.enters.set(|| Entering::WithNextMessage)),
    },
    Flaw {
        path: "server.sync.join",
        right: "before_snapshot",
        wrong: "after_snapshot",
        change: Step::Server(|steps| steps.enters.set(|| Entering::OnceRead)),
    },
    Flaw {
        path: "server.registry.remove_on",
        right: "any_end",
        wrong: "clean_close",
        change: Step::Server(|steps| {
            steps.forgets.set(|ended, _, code| (code == 1000).then_some(ended));
        }),
    },
    Flaw {
        path: "server.registry.remove_key",
        right: "connection",
        wrong: "client",
        change: Step::Server(|steps| steps.forgets.set(|_, of_client, _| of_client)),
    },
    Flaw {
        path: "server.rooms.slots",
        right: "many",
        wrong: "one",
        change: Step::Server(|steps| steps.shares_room.set(|| false)),
    },
    Flaw {
        path: "server.fanout.filter",
        right: "room",
        wrong: "none",
        change: Step::Server(|steps| steps.is_member.set(|_, _| true)),
    },
    Flaw {
        path: "server.fanout.on_error",
        right: "continue",
        wrong: "abort",
        change: Step::Server(|steps| steps.goes_on.set(|| false)),
    },
    Flaw {
        path: "server.commit.store",
        right: "async",
        wrong: "blocking",
        // What the store took is charged when its answer comes.
        change: Step::Server(|steps| steps.blocks.set(|took: Span| took)),
    },
];
