//! Somebody goes on editing without a network, more than a queue should hold.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{DeviceFault, Fault, FaultKind, LinkFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edit, give, room};

pub(super) struct OfflineEditing;

/// Objectives are scaled down, so that a short run can fill a queue.
const QUEUE: u32 = 40;

impl Scenario<DocSync> for OfflineEditing {
    fn name(&self) -> &'static str {
        "offline-editing"
    }
    fn about(&self) -> &'static str {
        "One person edits through an outage, sometimes more than the queue may hold (40 here)."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["edit-resent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let edits = proptest::collection::vec((0u64..25_000, edit()), 3..70);
        (edits, 5u64..25, 0u8..3, any::<bool>())
            .prop_map(move |(edits, lasts, kind, breaks)| {
                let mut case = case(room(2), &config, 35);
                case.objectives.queue_max = QUEUE;
                let work = edits
                    .into_iter()
                    .map(|(millis, op)| (at(3) + Span::millis(millis), NodeId(1), op));
                give(&mut case, work.collect());
                let kind = match kind {
                    0 => FaultKind::Device(DeviceFault::Offline(NodeId(1))),
                    _ => FaultKind::Link(LinkFault::Partition(vec![NodeId(1)], vec![SERVER])),
                };
                let outage = Fault::lasting(at(4), Span::secs(lasts), kind);
                let reset = wavetank::fault::ConnectionFault::Reset(NodeId(1), SERVER);
                let reset = Fault::at(at(4), FaultKind::Connection(reset));
                case.plan = Plan::new(if breaks { vec![reset, outage] } else { vec![outage] });
                case
            })
            .boxed()
    }
}
