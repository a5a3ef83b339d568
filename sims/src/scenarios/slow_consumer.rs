//! One path is too narrow for what a busy room has to say.

use proptest::prelude::*;
use wavetank::engine::Bandwidth;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, LinkFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, case, edits, give, moment, progress, room, stages};

pub(super) struct SlowConsumer;

/// Objectives are scaled down, so that a short run can fill a buffer.
const QUEUE: u32 = 40;

/// The application's own codes, as people who write clients are told of them.
const PUBLISHED: [u16; 5] = [4000, 4001, 4003, 4401, 4408];

impl Scenario<DocSync> for SlowConsumer {
    fn name(&self) -> &'static str {
        "slow-consumer"
    }
    fn about(&self) -> &'static str {
        "A pipeline says more than the path to one of three people can carry for some seconds."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let narrow = (moment(3, 5), 4u64..12, 1u32..4, 200u32..2_000);
        (edits(3, 12, 1, 14), narrow, 60u32..160)
            .prop_map(move |(mut work, (from, lasts, client, rate), reports)| {
                let mut case = case(room(3), &config, 20);
                case.objectives.queue_max = QUEUE;
                case.objectives.close_codes = PUBLISHED.to_vec();
                work.extend(stages(reports, 4, Span::millis(40)));
                work.extend(progress(reports, 4, Span::millis(40)));
                give(&mut case, work);
                let bandwidth = Bandwidth { bytes_per_second: rate, queue: 1 << 20 };
                let path = (vec![NodeId(client)], vec![SERVER]);
                let narrow = LinkFault::Bandwidth(path.0, path.1, bandwidth);
                let narrow = Fault::lasting(from, Span::secs(lasts), FaultKind::Link(narrow));
                case.plan = Plan::new(vec![narrow]);
                case
            })
            .boxed()
    }
}
