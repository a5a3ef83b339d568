//! Everybody edits the same two elements.

use proptest::prelude::*;
use wavetank::engine::Latency;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ClockFault, DeviceFault, Fault, FaultKind, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::document::Attribute;
use wavetank_models::{Config, DocSync, Op};

use super::{at, case, give, moment, room};

pub(super) struct OneElement;

impl Scenario<DocSync> for OneElement {
    fn name(&self) -> &'static str {
        "one-element"
    }
    fn about(&self) -> &'static str {
        "Three people edit the same two elements; one has been away, or her clock is ahead."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let work = proptest::collection::vec((moment(1, 18), 1u32..4, act()), 10..40);
        let away = (any::<bool>(), moment(3, 8), 2u64..8);
        (work, away, 20u64..300)
            .prop_map(move |(mut work, (leaves, from, lasts), latency)| {
                let mut case = case(room(3), &config, 20);
                case.network.latency = Latency::Constant(Span::millis(latency));
                work.sort_by_key(|(at, ..)| *at);
                let work = work.into_iter().map(|(at, node, op)| (at, NodeId(node), op));
                give(&mut case, work.collect());
                let one = NodeId(1);
                let ahead = FaultKind::Clock(ClockFault::Ahead(one, Span::secs(120)));
                let mut faults = vec![Fault::lasting(at(1), Span::secs(18), ahead)];
                if leaves {
                    let offline = FaultKind::Device(DeviceFault::Offline(one));
                    faults.push(Fault::lasting(from, Span::secs(lasts), offline));
                }
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}

/// An edit of one of two elements, or one that was made taken back, or had again.
fn act() -> impl Strategy<Value = Op> {
    let attribute = prop_oneof![2 => Just(Attribute::Label), 1 => Just(Attribute::Box)];
    prop_oneof![
        6 => (0u32..2, attribute).prop_map(|(element, attribute)| Op::Set(element, attribute)),
        1 => (0u32..2).prop_map(Op::Delete),
        2 => Just(Op::Undo),
        1 => Just(Op::Redo),
    ]
}
