//! Workers report the stages of a pipeline out of their order, and more than once.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario, Work};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan, generate};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op, document};

use super::{SERVER, at, case, edits, give, menu, moment, room};

pub(super) struct WorkersRace;

impl Scenario<DocSync> for WorkersRace {
    fn name(&self) -> &'static str {
        "workers-race"
    }
    fn about(&self) -> &'static str {
        "Workers report stages out of order and twice; the server may restart, and its store fail."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["stage-early"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let reports = (2u32..=9).prop_flat_map(|count| {
            let order: Vec<u32> = (0..count).collect();
            (Just(order).prop_shuffle(), proptest::collection::vec(0..count, 0..5))
        });
        let crash = proptest::option::weighted(0.3, (moment(3, 12), 1u64..4));
        let store =
            generate::plan(menu(2, &["store-failing", "store-slow", "store-ambiguous"], 12, 2));
        (edits(2, 10, 1, 14), reports, 20u64..1_000, crash, store)
            .prop_map(move |(mut work, (mut reports, again), gap, crash, store)| {
                let mut case = case(room(2), &config, 18);
                case.objectives.stages = document::stages(reports.len() as u32).collect();
                reports.extend(again);
                let told: Work<Op> = (0..)
                    .zip(reports)
                    .map(|(i, stage)| (at(2) + Span::millis(i * gap), SERVER, Op::Stage(stage)))
                    .collect();
                work.extend(told);
                give(&mut case, work);
                let crash = crash.map(|(at, down)| {
                    Fault::lasting(at, Span::secs(down), FaultKind::Node(NodeFault::Crash(SERVER)))
                });
                case.plan = Plan::new(crash.into_iter().chain(store.0).collect());
                case
            })
            .boxed()
    }
}
