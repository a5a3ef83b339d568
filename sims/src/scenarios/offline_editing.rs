//! Somebody goes on editing without a network, more than a queue should hold.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{DeviceFault, Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::id::{NodeId, StoreId};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edit, give, reset, room};

pub(super) struct OfflineEditing;

/// Objectives are scaled down, so that a short run can fill a queue.
const QUEUE: u32 = 40;
/// What the device of who edits keeps.
const DEVICE: StoreId = StoreId(2);

impl Scenario<DocSync> for OfflineEditing {
    fn name(&self) -> &'static str {
        "offline-editing"
    }
    fn about(&self) -> &'static str {
        "One person edits through an outage, more than the queue may hold (40 here), or reloads."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let edits = proptest::collection::vec((0u64..25_000, edit()), 3..70);
        let reload = proptest::option::weighted(0.25, 5_000u64..20_000);
        (edits, 5u64..25, 0u8..3, any::<bool>(), reload)
            .prop_map(move |(edits, lasts, kind, breaks, reload)| {
                let mut topology = room(2);
                topology.stores.push(DEVICE);
                for node in topology.nodes.iter_mut().filter(|node| node.id == NodeId(1)) {
                    node.store = Some(DEVICE);
                }
                let mut case = case(topology, &config, 35);
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
                let reset = reset(at(4), NodeId(1));
                let reload = reload.map(|millis| {
                    let crash = FaultKind::Node(NodeFault::Crash(NodeId(1)));
                    Fault::lasting(at(0) + Span::millis(millis), Span::millis(500), crash)
                });
                let faults = [Some(outage), breaks.then_some(reset), reload];
                case.plan = Plan::new(faults.into_iter().flatten().collect());
                case
            })
            .boxed()
    }
}
