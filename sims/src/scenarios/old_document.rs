//! A document that has been edited for so long that the numbers of its events are large.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::Plan;
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, moment, reset, room, stages};

pub(super) struct OldDocument;

/// At numbers of so many bits counters have been seen to end.
const BITS: [u32; 4] = [8, 16, 31, 53];

impl Scenario<DocSync> for OldDocument {
    fn name(&self) -> &'static str {
        "old-document"
    }
    fn about(&self) -> &'static str {
        "A document is edited whose events have numbers that need one more bit from now on; \
         connections break."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["snapshot-sent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let resets = proptest::collection::vec((moment(2, 12), 1u32..=2), 0..4);
        (edits(2, 12, 1, 12), 0..BITS.len(), 1u64..14, resets)
            .prop_map(move |(mut work, bits, left, resets)| {
                let mut case = case(room(2), &config, 14);
                case.config.log_after = Some((1 << BITS[bits]) - left);
                work.extend(stages(7, 2, Span::secs(1)));
                give(&mut case, work);
                let resets = resets.into_iter().map(|(at, who)| reset(at, NodeId(who)));
                case.plan = Plan::new(resets.collect());
                case
            })
            .boxed()
    }
}
