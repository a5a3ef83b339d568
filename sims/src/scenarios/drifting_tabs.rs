//! Tabs of one device that are let drift apart, and come and go.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::Plan;
use wavetank::id::NodeId;
use wavetank::objectives::TabPolicy;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{at, case, edits, give, moment, reset, room, with_tabs};

pub(super) struct DriftingTabs;

const SECONDS: u64 = 20;

impl Scenario<DocSync> for DriftingTabs {
    fn name(&self) -> &'static str {
        "drifting-tabs"
    }
    fn about(&self) -> &'static str {
        "Two or three tabs of one device have one document open, come and go, and tell each other \
         nothing of it, which is accepted."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let away = proptest::collection::vec((moment(2, 12), 1u32..=3, 1u64..6), 0..4);
        let resets = proptest::collection::vec((moment(2, 15), 1u32..=2), 1..4);
        (edits(2, 8, 1, 18), 2u32..=3, away, resets)
            .prop_map(move |(mut work, tabs, away, resets)| {
                let mut case = case(with_tabs(room(tabs), tabs), &config, SECONDS);
                case.objectives.tabs = TabPolicy::Accept;
                for (from, tab, lasts) in away.into_iter().filter(|(_, tab, _)| *tab <= tabs) {
                    work.push((from, NodeId(tab), Op::Unmount));
                    work.push((from + Span::secs(lasts), NodeId(tab), Op::Mount));
                }
                // Whatever became of the others, two are there in the end.
                work.extend((1..=2).map(|tab| (at(SECONDS - 1), NodeId(tab), Op::Mount)));
                give(&mut case, work);
                let resets = resets.into_iter().map(|(at, who)| reset(at, NodeId(who)));
                case.plan = Plan::new(resets.collect());
                case
            })
            .boxed()
    }
}
