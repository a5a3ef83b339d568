//! Attempts have ended, and people press the button.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, give, room};

pub(super) struct RetryByHand;

/// The server goes down after this many seconds, and all clients have given up after so many.
const DOWN: u64 = 5;
const GIVEN_UP: u64 = 240;
const SECONDS: u64 = 420;

impl Scenario<DocSync> for RetryByHand {
    fn name(&self) -> &'static str {
        "retry-by-hand"
    }
    fn about(&self) -> &'static str {
        "Two people whose attempts have ended try again by hand, before or after the server is back."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let presses = proptest::collection::vec((0u64..150_000, 1u32..=2), 1..5);
        (presses, GIVEN_UP..SECONDS - 60)
            .prop_map(move |(presses, back)| {
                let mut case = case(room(2), &config, SECONDS);
                let press =
                    |(millis, who)| (at(GIVEN_UP) + Span::millis(millis), NodeId(who), Op::Retry);
                give(&mut case, presses.into_iter().map(press).collect());
                let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                case.plan =
                    Plan::new(vec![Fault::lasting(at(DOWN), Span::secs(back - DOWN), crash)]);
                case
            })
            .boxed()
    }
}
