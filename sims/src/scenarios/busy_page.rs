//! A page whose events take time to be taken in, in a busy room.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::Plan;
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::config::Beat;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, edits, give, moment, report, reset, room};

pub(super) struct BusyPage;

const SECONDS: u64 = 30;

impl Scenario<DocSync> for BusyPage {
    fn name(&self) -> &'static str {
        "busy-page"
    }
    fn about(&self) -> &'static str {
        "Bursts of events come faster than two pages can take them in; people go on meanwhile, and \
         connections break."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["work-given-up"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let asked = proptest::collection::vec((0u64..10_000, 1u32..=2), 10..30);
        let burst = (2u64..15, 5u64..12, 8u64..20);
        let breaks = proptest::collection::vec((moment(3, SECONDS - 5), 1u32..=2), 0..4);
        (edits(2, 16, 1, SECONDS - 2), asked, burst, 30u64..90, breaks)
            .prop_map(move |(mut work, asked, (from, lasts, gap), cost, breaks)| {
                let mut case = case(room(2), &config, SECONDS);
                case.config.work = Some(Span::millis(cost));
                let (interval, timeout) = (Span::secs(2), Span::secs(3));
                case.config.beat = Some(Beat { interval, timeout });
                case.objectives.heartbeat_interval = interval;
                case.objectives.heartbeat_timeout = timeout;
                // Who falls behind again and again catches up once the burst is over.
                case.objectives.recovery = Span::secs(20);
                case.objectives.detection = interval + timeout + Span::secs(1);
                let asked = asked.into_iter();
                work.extend(asked.map(|(millis, who)| {
                    (at(from) + Span::millis(millis), NodeId(who), Op::Query)
                }));
                let reports = (0..lasts * 1000 / gap)
                    .map(|i| (at(from) + Span::millis(i * gap), SERVER, report(i as u32)));
                work.extend(reports);
                give(&mut case, work);
                let resets = breaks.into_iter().map(|(at, who)| reset(at, NodeId(who)));
                case.plan = Plan::new(resets.collect());
                case
            })
            .boxed()
    }
}
