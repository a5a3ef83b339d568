//! Half a second there and back.

use proptest::prelude::*;
use wavetank::engine::Latency;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::generate;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, menu, room, stages};

pub(super) struct SlowNetwork;

const FAULTS: [&str; 6] = ["reset", "close", "half-open", "clock-drift", "offline", "crash"];

impl Scenario<DocSync> for SlowNetwork {
    fn name(&self) -> &'static str {
        "slow-network"
    }
    fn about(&self) -> &'static str {
        "Three people edit over a network with a round trip of half a second and more."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(3, &FAULTS, 25, 3));
        (edits(3, 20, 2, 28), plan, 0u32..10)
            .prop_map(move |(mut work, plan, reports)| {
                let mut case = case(room(3), &config, 30);
                case.network.latency = Latency::Uniform(Span::millis(250), Span::millis(400));
                work.extend(stages(reports, 4, Span::secs(2)));
                give(&mut case, work);
                case.plan = plan;
                case
            })
            .boxed()
    }
}
