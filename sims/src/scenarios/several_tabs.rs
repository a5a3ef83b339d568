//! Several tabs of one device have one document open.

use proptest::prelude::*;
use wavetank::engine::Latency;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, LinkFault, Plan, generate};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edits, give, menu, moment, room, stages, with_tabs};

pub(super) struct SeveralTabs;

impl Scenario<DocSync> for SeveralTabs {
    fn name(&self) -> &'static str {
        "several-tabs"
    }
    fn about(&self) -> &'static str {
        "Three tabs of one device and one on another edit a document; tabs tell each other."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(3, &["reset", "partition", "hold", "client-crash"], 18, 3));
        let slow = (moment(2, 15), 1u32..4, 100u64..2_000, any::<bool>());
        (edits(4, 20, 1, 20), slow, plan)
            .prop_map(move |(mut work, (from, tab, millis, within), plan)| {
                let mut case = case(with_tabs(room(4), 3), &config, 22);
                work.extend(stages(6, 4, Span::secs(2)));
                give(&mut case, work);
                // One tab's own connection lags behind what its siblings tell it, or the other
                // way round.
                let lag = Latency::Uniform(Span::millis(millis / 2), Span::millis(millis));
                let siblings = (1..=3).filter(|other| *other != tab).map(NodeId).collect();
                let other = if within { siblings } else { vec![SERVER] };
                let lag = LinkFault::Latency(vec![NodeId(tab)], other, lag);
                let mut faults = plan.0;
                let lasts = at(20).since(from);
                faults.push(Fault::lasting(from, lasts, FaultKind::Link(lag)));
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
