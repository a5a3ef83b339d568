//! A panel with the details of an element is open beside the page.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario, Work};
use wavetank::fault::Plan;
use wavetank::id::NodeId;
use wavetank_models::document::Attribute;
use wavetank_models::{Config, DocSync, Op};

use super::{case, give, moment, reset, room};

pub(super) struct OpenPanel;

impl Scenario<DocSync> for OpenPanel {
    fn name(&self) -> &'static str {
        "open-panel"
    }
    fn about(&self) -> &'static str {
        "Two people edit two elements with a panel open beside the page; a connection may break."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let attribute =
            prop_oneof![Just(Attribute::Label), Just(Attribute::Box), Just(Attribute::Order)];
        let act = prop_oneof![
            6 => (0u32..2, attribute).prop_map(|(element, attribute)| Op::Set(element, attribute)),
            1 => (0u32..2).prop_map(Op::Delete),
            1 => Just(Op::Undo),
            1 => Just(Op::Redo),
            2 => (0u32..2).prop_map(Op::Panel),
        ];
        let acts = proptest::collection::vec((moment(3, 16), 1u32..=2, act), 8..24);
        let breaks = proptest::collection::vec((moment(4, 14), 1u32..=2), 0..2);
        (acts, breaks)
            .prop_map(move |(acts, breaks)| {
                let mut case = case(room(2), &config, 20);
                let opened = (1u32..=2).map(|who| (super::at(2), NodeId(who), Op::Panel(0)));
                let acts = acts.into_iter().map(|(at, who, op)| (at, NodeId(who), op));
                give(&mut case, opened.chain(acts).collect::<Work<Op>>());
                let resets = breaks.into_iter().map(|(at, who)| reset(at, NodeId(who)));
                case.plan = Plan::new(resets.collect());
                case
            })
            .boxed()
    }
}
