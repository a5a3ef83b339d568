//! What the outage scenarios share: people are cut off, or the server is down, and work goes on.

use proptest::prelude::*;
use wavetank::explore::Case;
use wavetank::fault::{Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edits, give, reset, room, stages};

/// How long an outage is, and the run around it, in seconds.
#[derive(Clone, Copy)]
pub(super) struct Outage {
    pub(super) shortest: u64,
    pub(super) longest: u64,
    pub(super) edits_until: u64,
    pub(super) horizon: u64,
    pub(super) stages_apart: u64,
}

/// The outage begins after this many seconds.
const BEGINS: u64 = 5;

pub(super) fn cases(config: &Config, outage: Outage) -> BoxedStrategy<Case<DocSync>> {
    let config = config.clone();
    let kinds = (0u8..4, any::<bool>(), outage.shortest..=outage.longest);
    (edits(3, 16, 1, outage.edits_until), kinds, 0u32..12)
        .prop_map(move |(mut work, (kind, breaks, lasts), reports)| {
            let mut case = case(room(3), &config, outage.horizon);
            work.extend(stages(reports, 6, Span::secs(outage.stages_apart)));
            give(&mut case, work);
            let cut = vec![NodeId(1), NodeId(2)];
            let kind = match kind {
                0 => FaultKind::Node(NodeFault::Crash(SERVER)),
                1 => FaultKind::Node(NodeFault::PowerLoss(SERVER)),
                _ => FaultKind::Link(LinkFault::Partition(cut, vec![SERVER])),
            };
            let mut faults = vec![Fault::lasting(at(BEGINS), Span::secs(lasts), kind)];
            if breaks {
                faults.extend([1, 2].map(|who| reset(at(BEGINS), NodeId(who))));
            }
            case.plan = Plan::new(faults);
            case
        })
        .boxed()
}
