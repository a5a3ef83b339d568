//! Mistakes in what a tab makes of being one too many.

use wavetank::history::Connection;

use super::{Flaw, Step};
use crate::client;

/// The code for one connection too many.
const TOO_MANY: u16 = 4003;

pub(super) const FLAWS: &[Flaw] = &[Flaw {
    path: "client.tabs.when_limited",
    right: "notice_and_feed",
    wrong: "silent",
    // It stops like one that nobody wants any more.
    change: Step::Client(|steps| {
        steps.shown_when_limited.set(|| Connection::Closed);
        steps.notice.set(|code| {
            let right = client::Steps::default().notice;
            if code == TOO_MANY { "" } else { right(code) }
        });
    }),
}];
