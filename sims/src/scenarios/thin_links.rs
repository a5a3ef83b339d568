//! What somebody has missed takes longer to send than a heartbeat waits.

use proptest::prelude::*;
use wavetank::engine::Bandwidth;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{DeviceFault, Fault, FaultKind, LinkFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edits, give, reset, room, stages};

pub(super) struct ThinLinks;

/// What goes out in one piece at most, where so little passes.
const PAGE: u32 = 100;
const SECONDS: u64 = 140;

impl Scenario<DocSync> for ThinLinks {
    fn name(&self) -> &'static str {
        "thin-links"
    }
    fn about(&self) -> &'static str {
        "One of two people is away while the pipeline says much, and returns over a path that \
         takes a minute to carry it."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        (edits(1, 6, 1, 25), 80u32..110, 105u32..140, 28u64..34)
            .prop_map(move |(mut work, reports, rate, back)| {
                let mut case = case(room(2), &config, SECONDS);
                case.config.page_bytes = Some(PAGE);
                work.extend(stages(reports, 4, Span::millis(200)));
                give(&mut case, work);
                let (away, back) = (NodeId(2), at(back));
                let bandwidth = Bandwidth { bytes_per_second: rate, queue: 1 << 20 };
                let narrow = LinkFault::Bandwidth(vec![away], vec![SERVER], bandwidth);
                let offline = FaultKind::Device(DeviceFault::Offline(away));
                let leaves = at(3) + Span::millis(200);
                case.plan = Plan::new(vec![
                    reset(at(3), away),
                    Fault::lasting(leaves, back.since(leaves), offline),
                    Fault::lasting(at(5), at(SECONDS).since(at(5)), FaultKind::Link(narrow)),
                ]);
                case
            })
            .boxed()
    }
}
