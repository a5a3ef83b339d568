//! Stages change a tenth of a second apart.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::generate;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, menu, room, stages};

pub(super) struct RapidStages;

impl Scenario<DocSync> for RapidStages {
    fn name(&self) -> &'static str {
        "rapid-stages"
    }
    fn about(&self) -> &'static str {
        "A pipeline runs through its stages 100 ms apart while two people watch and edit."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(2, &["reset", "latency", "hold", "partition"], 8, 3));
        (edits(2, 8, 1, 10), plan, 7u32..60)
            .prop_map(move |(mut work, plan, reports)| {
                let mut case = case(room(2), &config, 12);
                work.extend(stages(reports, 2, Span::millis(100)));
                give(&mut case, work);
                case.plan = plan;
                case
            })
            .boxed()
    }
}
