//! Somebody returns after an outage of five minutes.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank_models::{Config, DocSync};

use super::outage::{Outage, cases};

pub(super) struct ReturnAfter5Min;

impl Scenario<DocSync> for ReturnAfter5Min {
    fn name(&self) -> &'static str {
        "return-after-5min"
    }
    fn about(&self) -> &'static str {
        "Two people are cut off, or the server is down, for about five minutes; work goes on."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        cases(
            config,
            Outage {
                shortest: 280,
                longest: 310,
                edits_until: 320,
                horizon: 330,
                stages_apart: 20,
            },
        )
    }
}
