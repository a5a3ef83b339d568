//! One page sends what no page should.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, PeopleFault, Plan};
use wavetank::id::NodeId;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, case, edits, give, moment, room};

pub(super) struct HostilePage;

const SECONDS: u64 = 20;
/// Bytes of frames that are no message: some of them are more than a message may have.
const SIZES: [u32; 5] = [0, 200, 70_000, 1_100_000, 3_000_000];

impl Scenario<DocSync> for HostilePage {
    fn name(&self) -> &'static str {
        "hostile-page"
    }
    fn about(&self) -> &'static str {
        "One of two pages writes what only the pipeline may write, and sends frames that are no \
         message, some of them very large."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["edit-rejected"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let stages = proptest::collection::vec((moment(2, SECONDS - 2), 0u32..7), 1..4);
        let size = any::<prop::sample::Index>().prop_map(|one| *one.get(&SIZES));
        let frames = proptest::collection::vec((moment(2, SECONDS - 2), size), 1..5);
        (edits(2, 12, 1, SECONDS - 2), stages, frames)
            .prop_map(move |(mut work, stages, frames)| {
                let mut case = case(room(2), &config, SECONDS);
                let hostile = NodeId(2);
                work.extend(
                    stages.into_iter().map(|(at, stage)| (at, hostile, Op::SetStage(stage))),
                );
                give(&mut case, work);
                let frame = |(from, bytes)| {
                    let kind = PeopleFault::Malformed(hostile, SERVER, bytes);
                    Fault::at(from, FaultKind::People(kind))
                };
                case.plan = Plan::new(frames.into_iter().map(frame).collect());
                case
            })
            .boxed()
    }
}
