//! One page asks for the same over and over.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, PeopleFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, case, edits, give, moment, room, stages};

pub(super) struct Flooded;

const SECONDS: u64 = 80;
/// Objectives are scaled down, so that a short flood exceeds them and people do not.
const OPS: u32 = 25;
const WHOLES: u32 = 5;

impl Scenario<DocSync> for Flooded {
    fn name(&self) -> &'static str {
        "flooded"
    }
    fn about(&self) -> &'static str {
        "Two people edit at an ordinary pace; the page of one of them, or of a third who only \
         reads, sends its last message over and over."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-over-pending"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let flood = (moment(3, 12), prop_oneof![Just(2u32), Just(3u32)], 2u64..10, 5u32..60);
        (edits(2, 36, 1, SECONDS - 10), proptest::collection::vec(flood, 1..3))
            .prop_map(move |(mut work, floods)| {
                let mut case = case(room(3), &config, SECONDS);
                case.objectives.ops_per_minute = OPS;
                case.objectives.wholes_per_minute = WHOLES;
                work.extend(stages(10, 4, Span::secs(3)));
                give(&mut case, work);
                let fault = |(from, who, lasts, per_second)| {
                    let (from_whom, to) = (NodeId(who), SERVER);
                    let kind = PeopleFault::Flood { from: from_whom, to, per_second };
                    Fault::lasting(from, Span::secs(lasts), FaultKind::People(kind))
                };
                case.plan = Plan::new(floods.into_iter().map(fault).collect());
                case
            })
            .boxed()
    }
}
