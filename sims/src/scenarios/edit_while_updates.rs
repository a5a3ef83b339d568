//! People edit while updates of the pipeline and of each other arrive.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::generate;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, menu, room, shaky_stages};

pub(super) struct EditWhileUpdates;

const FAULTS: [&str; 8] = [
    "reset",
    "partition",
    "partition-oneway",
    "latency",
    "half-open",
    "close",
    "hold",
    "clock-ahead",
];

impl Scenario<DocSync> for EditWhileUpdates {
    fn name(&self) -> &'static str {
        "edit-while-updates"
    }
    fn about(&self) -> &'static str {
        "Three people edit one document while its pipeline reports stages."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending", "edit-under-work", "stage-failed"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(3, &FAULTS, 25, 4));
        let failed = proptest::option::weighted(0.3, 0u32..20);
        (edits(3, 24, 1, 28), plan, 0u32..20, failed)
            .prop_map(move |(mut work, plan, reports, failed)| {
                let mut case = case(room(3), &config, 30);
                work.extend(shaky_stages(reports, 3, Span::millis(700), failed));
                give(&mut case, work);
                case.plan = plan;
                case
            })
            .boxed()
    }
}
