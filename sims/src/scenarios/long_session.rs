//! A page stays open for hours, over a network that breaks every few minutes.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{at, case, edits, give, reset, room};

pub(super) struct LongSession;

const HOURS: u64 = 2;
/// Objectives are scaled down, so that two hours do for a day.
const REMEMBERED: u32 = 25;

impl Scenario<DocSync> for LongSession {
    fn name(&self) -> &'static str {
        "long-session"
    }
    fn about(&self) -> &'static str {
        "One person works for two hours over a network that breaks every few minutes."
    }
    fn cost(&self) -> u64 {
        2
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let seconds = HOURS * 3600;
        let breaks = proptest::collection::vec(60u64..300, 30..45);
        (edits(1, 30, 1, seconds - 10), breaks)
            .prop_map(move |(work, breaks)| {
                let mut case = case(room(1), &config, seconds);
                case.objectives.table_max.insert("close-codes".to_owned(), REMEMBERED);
                give(&mut case, work);
                let mut moment = at(0);
                let after = |pause: u64| {
                    moment += Span::secs(pause);
                    reset(moment, NodeId(1))
                };
                let faults: Vec<Fault> = breaks.into_iter().map(after).collect();
                let until = at(seconds - 60);
                case.plan =
                    Plan::new(faults.into_iter().filter(|fault| fault.at < until).collect());
                case
            })
            .boxed()
    }
}
