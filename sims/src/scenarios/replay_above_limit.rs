//! More is sent on return than the server takes in a minute.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{DeviceFault, Fault, FaultKind, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{at, case, drag, edit, edits, give, moment, room, stages};

pub(super) struct ReplayAboveLimit;

const SECONDS: u64 = 24;
/// Objectives are scaled down, so that the edits of a few seconds are too many for a minute.
const OPS: u32 = 20;

impl Scenario<DocSync> for ReplayAboveLimit {
    fn name(&self) -> &'static str {
        "replay-above-limit"
    }
    fn about(&self) -> &'static str {
        "A person without a network makes more edits than the server takes in a minute, and \
         returns; another goes on at an ordinary pace."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["snapshot-sent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let queued = proptest::collection::vec((4_000u64..12_000, edit()), 22..36);
        let dragged = proptest::option::of((moment(3, 16), 0u32..8, 5u64..30));
        (edits(2, 8, 1, SECONDS), queued, 12u64..16, dragged)
            .prop_map(move |(mut work, queued, until, dragged)| {
                let mut case = case(room(2), &config, SECONDS);
                case.objectives.ops_per_minute = OPS;
                let who = NodeId(1);
                let queued = queued.into_iter();
                work.extend(queued.map(|(millis, op)| (at(0) + Span::millis(millis), who, op)));
                let dragged = dragged.map(|(from, element, moves)| drag(who, from, element, moves));
                work.extend(dragged.into_iter().flatten());
                work.extend(stages(6, 2, Span::secs(3)));
                give(&mut case, work);
                let offline = FaultKind::Device(DeviceFault::Offline(who));
                case.plan = Plan::new(vec![Fault::lasting(at(3), Span::secs(until - 3), offline)]);
                case
            })
            .boxed()
    }
}
