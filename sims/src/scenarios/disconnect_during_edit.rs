//! The connection goes while somebody edits.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Plan, generate};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, menu, moment, reset, room};

pub(super) struct DisconnectDuringEdit;

const FAULTS: [&str; 7] =
    ["reset", "half-open", "partition", "crash", "close", "client-crash", "power-loss"];

impl Scenario<DocSync> for DisconnectDuringEdit {
    fn name(&self) -> &'static str {
        "disconnect-during-edit"
    }
    fn about(&self) -> &'static str {
        "The connection of somebody who is editing breaks, and so may others."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost", "edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(2, &FAULTS, 20, 3));
        (edits(2, 20, 1, 22), moment(3, 18), plan)
            .prop_map(move |(work, broken, plan)| {
                let mut case = case(room(2), &config, 25);
                give(&mut case, work);
                let mut faults = plan.0;
                faults.push(reset(broken, NodeId(1)));
                // A person goes on editing just after the break, before it is noticed.
                if let Some(first) = case.operations.iter_mut().find(|op| op.at > broken) {
                    first.at = broken + Span::millis(5);
                }
                case.operations.sort_by_key(|operation| operation.at);
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
