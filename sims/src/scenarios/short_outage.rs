//! Somebody returns after an outage of half a minute.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edits, give, room, stages};

pub(super) struct ShortOutage;

impl Scenario<DocSync> for ShortOutage {
    fn name(&self) -> &'static str {
        "return-after-30s"
    }
    fn about(&self) -> &'static str {
        "Two people are cut off, or the server is down, for about half a minute; work goes on."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["edit-resent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let kinds = (0u8..4, any::<bool>(), 28u64..=38);
        (edits(3, 16, 1, 45), kinds, 0u32..12)
            .prop_map(move |(mut work, (kind, breaks, lasts), reports)| {
                let mut case = case(room(3), &config, 50);
                work.extend(stages(reports, 6, Span::secs(2)));
                give(&mut case, work);
                let cut = vec![NodeId(1), NodeId(2)];
                let kind = match kind {
                    0 => FaultKind::Node(NodeFault::Crash(SERVER)),
                    1 => FaultKind::Node(NodeFault::PowerLoss(SERVER)),
                    _ => FaultKind::Link(LinkFault::Partition(cut, vec![SERVER])),
                };
                let mut faults = vec![Fault::lasting(at(5), Span::secs(lasts), kind)];
                if breaks {
                    faults.extend([1, 2].map(super::reset_at_five));
                }
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
