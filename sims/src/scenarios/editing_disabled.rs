//! Nobody may edit what may be old.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Plan, generate};
use wavetank::id::NodeId;
use wavetank::objectives::EditPolicy;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{case, edits, give, menu, moment, reset, room};

pub(super) struct EditingDisabled;

const FAULTS: [&str; 6] = ["reset", "partition", "half-open", "crash", "close", "offline"];

impl Scenario<DocSync> for EditingDisabled {
    fn name(&self) -> &'static str {
        "editing-disabled"
    }
    fn about(&self) -> &'static str {
        "Two people edit through breaks, in an application that wants editing disabled meanwhile."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost", "edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(2, &FAULTS, 20, 3));
        (edits(2, 24, 1, 24), moment(3, 18), plan)
            .prop_map(move |(work, broken, plan)| {
                let mut case = case(room(2), &config, 27);
                case.objectives.edit_policy = EditPolicy::Disable;
                give(&mut case, work);
                // A person goes on editing after the break, which she has been told of.
                let after = broken + Span::millis(400);
                for op in case.operations.iter_mut().filter(|op| op.at > broken).take(2) {
                    op.at = op.at.min(after);
                }
                case.operations.sort_by_key(|operation| operation.at);
                let mut faults = plan.0;
                faults.push(reset(broken, NodeId(1)));
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
