//! What is large goes out in parts, and connections break between them.

use proptest::prelude::*;
use wavetank::engine::Latency;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::Plan;
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, moment, reset, room, stages};

pub(super) struct SmallPages;

impl Scenario<DocSync> for SmallPages {
    fn name(&self) -> &'static str {
        "small-pages"
    }
    fn about(&self) -> &'static str {
        "Two people edit where only small messages pass; connections break while parts of larger \
         ones are on their way."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        // One break, and another about when the answer of the next connection comes.
        let breaks = proptest::collection::vec((moment(5, 25), 1u32..=2, 1_000u64..2_200), 2..7);
        (edits(2, 30, 1, 28), breaks, 100u32..200)
            .prop_map(move |(mut work, breaks, page)| {
                let mut case = case(room(2), &config, 34);
                case.config.page_bytes = Some(page);
                case.network.latency = Latency::Uniform(Span::millis(30), Span::millis(120));
                work.extend(stages(30, 2, Span::millis(700)));
                give(&mut case, work);
                let twice = |(at, who, millis)| {
                    [at, at + Span::millis(millis)].map(|at| reset(at, NodeId(who)))
                };
                case.plan = Plan::new(breaks.into_iter().flat_map(twice).collect());
                case
            })
            .boxed()
    }
}
