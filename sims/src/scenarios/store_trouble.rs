//! The store is slow, fails, or loses what was not flushed; the server crashes.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::generate;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, menu, room, stages};

pub(super) struct StoreTrouble;

const FAULTS: [&str; 7] = [
    "store-slow",
    "store-failing",
    "store-ambiguous",
    "store-suffix-lost",
    "crash",
    "power-loss",
    "reset",
];

impl Scenario<DocSync> for StoreTrouble {
    fn name(&self) -> &'static str {
        "store-trouble"
    }
    fn about(&self) -> &'static str {
        "Two people edit while the server's store is slow, failing, ambiguous or forgetful."
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(2, &FAULTS, 16, 6));
        (edits(2, 24, 1, 18), plan, 0u32..10)
            .prop_map(move |(mut work, plan, reports)| {
                let mut case = case(room(2), &config, 20);
                work.extend(stages(reports, 4, Span::secs(1)));
                give(&mut case, work);
                case.plan = plan;
                case
            })
            .boxed()
    }
}
