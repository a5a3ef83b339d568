//! The application wants other delays than the usual ones.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edits, give, room};

pub(super) struct OtherDemands;

impl Scenario<DocSync> for OtherDemands {
    fn name(&self) -> &'static str {
        "other-demands"
    }
    fn about(&self) -> &'static str {
        "The server is down for a while, and the application has set delays and attempts its own way."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        // Most systems have one of these.
        let usual = prop_oneof![Just(16_000u64), Just(30_000), Just(60_000)];
        let cap = prop_oneof![2 => 5_000u64..60_000, 3 => usual];
        let delays = (200u64..5_000, cap, 3u32..20);
        (edits(2, 8, 1, 170), delays, any::<bool>(), any::<bool>(), 20u64..150)
            .prop_map(move |(work, (base, cap, most), strict, told, down)| {
                let mut case = case(room(2), &config, 180);
                case.objectives.retry_base = Span::millis(base);
                case.objectives.retry_cap = Span::millis(cap);
                case.objectives.attempts_max = most;
                case.objectives.strict_cap = strict;
                case.objectives.attempts_shown = told;
                case.objectives.stale_marked = true;
                give(&mut case, work);
                let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                case.plan = Plan::new(vec![Fault::lasting(at(5), Span::secs(down), crash)]);
                case
            })
            .boxed()
    }
}
