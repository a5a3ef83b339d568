//! Mistakes in what a person is shown, and in what she may do.

use wavetank::history::{Connection, StaleMarks};

use super::{Flaw, Step};

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "client.view.panel_source",
        right: "store",
        wrong: "own_copy",
        // The panel is filled when it is opened, and then only by the person herself.
        change: Step::Client(|steps| steps.panel_follows.set(|| false)),
    },
    Flaw {
        path: "client.view.stale_affordances",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.marks.set(|_| StaleMarks::default())),
    },
    Flaw {
        path: "client.status.stale_on_loss",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.is_stale.set(|standing| standing.behind)),
    },
    Flaw {
        path: "client.status.fresh_on",
        right: "synced",
        wrong: "open",
        change: Step::Client(|steps| {
            steps.is_stale.set(|standing| !(standing.live || standing.syncing));
        }),
    },
    Flaw {
        path: "client.status.last_synced",
        right: "at_head",
        wrong: "any_frame",
        change: Step::Client(|steps| steps.is_synced.set(|_| true)),
    },
    Flaw {
        path: "client.status.follows",
        right: "all_events",
        wrong: "open_only",
        change: Step::Client(|steps| {
            steps
                .shown_state
                .set(|is, shown| shown.filter(|_| shown == Some(Connection::Live)).unwrap_or(is));
        }),
    },
    Flaw {
        path: "client.view.states",
        right: "distinct",
        wrong: "spinner",
        change: Step::Client(|steps| {
            steps.shown_state.set(|is, _| match is {
                Connection::Reconnecting | Connection::Offline | Connection::Failed => {
                    Connection::Loading
                }
                other => other,
            });
        }),
    },
    Flaw {
        path: "client.view.close_message",
        right: "by_code",
        wrong: "constant",
        change: Step::Client(|steps| steps.notice.set(|_| "transient")),
    },
    Flaw {
        path: "client.view.notify_on",
        right: "any_change",
        wrong: "local_only",
        change: Step::Client(|steps| steps.draws.set(|own| own)),
    },
    Flaw {
        path: "client.edit.can_edit",
        right: "derived",
        wrong: "cached",
        change: Step::Client(|steps| steps.shown_can_edit.set(|is, shown| shown.unwrap_or(is))),
    },
    Flaw {
        path: "client.edit.kinds",
        right: "uniform",
        wrong: "drag_refused",
        change: Step::Client(|steps| steps.takes_moves.set(|live| live)),
    },
    Flaw {
        path: "client.view.reconnect_feedback",
        right: "true",
        wrong: "false",
        change: Step::Client(|steps| steps.shown_attempt.set(|_| 0)),
    },
];
