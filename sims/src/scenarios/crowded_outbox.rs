//! People edit without a connection, and move their pointers about.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario, Work};
use wavetank::fault::{DeviceFault, Fault, FaultKind, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{at, case, clients, edit, give, room};

pub(super) struct CrowdedOutbox;

/// Objectives are scaled down, so that a short run can fill a queue.
const QUEUE: u32 = 40;

impl Scenario<DocSync> for CrowdedOutbox {
    fn name(&self) -> &'static str {
        "crowded-outbox"
    }
    fn about(&self) -> &'static str {
        "Two people without a network edit, and move their pointers about until no more can wait."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["snapshot-sent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let edits = proptest::collection::vec((4_000u64..12_000, 1u32..=2, edit()), 10..60);
        (edits, 20u64..60, 12u64..25)
            .prop_map(move |(edits, points, away)| {
                let mut case = case(room(2), &config, 40);
                case.objectives.queue_max = QUEUE;
                let moved = (0..points * 2).map(|i| {
                    let when = at(5) + Span::millis(i * 60);
                    (when, NodeId(i as u32 % 2 + 1), Op::Point(i as u32))
                });
                let edited = edits
                    .into_iter()
                    .map(|(millis, who, op)| (at(0) + Span::millis(millis), NodeId(who), op));
                give(&mut case, edited.chain(moved).collect::<Work<Op>>());
                let offline = |node| {
                    let offline = FaultKind::Device(DeviceFault::Offline(node));
                    Fault::lasting(at(3), Span::secs(away), offline)
                };
                case.plan = Plan::new(clients(2).into_iter().map(offline).collect());
                case
            })
            .boxed()
    }
}
