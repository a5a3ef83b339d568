//! A thousand people open their pages at once, and the server can only take them one by one.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::objectives::Capacity;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, room};

pub(super) struct RushHour;

const CLIENTS: u32 = 1000;

impl Scenario<DocSync> for RushHour {
    fn name(&self) -> &'static str {
        "rush-hour"
    }
    fn about(&self) -> &'static str {
        "A thousand pages open at once; each takes 15 ms of the server's time, and all are served."
    }
    fn cost(&self) -> u64 {
        200
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["snapshot-sent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        (13u64..17)
            .prop_map(move |millis| {
                let mut case = case(room(CLIENTS), &config, 120);
                let handshake = Span::millis(millis);
                let capacity = Capacity { handshake, ..Capacity::default() };
                case.objectives.capacity = Some(capacity);
                case
            })
            .boxed()
    }
}
