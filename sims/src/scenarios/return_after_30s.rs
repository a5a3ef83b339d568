//! Somebody returns after an outage of half a minute.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank_models::{Config, DocSync};

use super::outage::{Outage, cases};

pub(super) struct ReturnAfter30s;

impl Scenario<DocSync> for ReturnAfter30s {
    fn name(&self) -> &'static str {
        "return-after-30s"
    }
    fn about(&self) -> &'static str {
        "Two people are cut off, or the server is down, for about half a minute; work goes on."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        cases(
            config,
            Outage { shortest: 28, longest: 38, edits_until: 45, horizon: 50, stages_apart: 2 },
        )
    }
}
