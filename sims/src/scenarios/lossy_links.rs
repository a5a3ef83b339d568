//! Links that lose a third of what they carry, for a while.

use proptest::prelude::*;
use wavetank::engine::Chaos;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, LinkFault, Plan};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, clients, edits, give, room, stages};

pub(super) struct LossyLinks;

impl Scenario<DocSync> for LossyLinks {
    fn name(&self) -> &'static str {
        "lossy-links"
    }
    fn about(&self) -> &'static str {
        "Two people edit while a third of all single messages is lost; nothing else goes wrong."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-ahead"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        (edits(2, 20, 1, 18), 200_000u32..400_000, 5u32..20)
            .prop_map(move |(mut work, loss_ppm, reports)| {
                let mut case = case(room(2), &config, 20);
                work.extend(stages(reports, 4, Span::millis(500)));
                give(&mut case, work);
                let chaos = Chaos { loss_ppm, ..Chaos::default() };
                let chaos = LinkFault::Chaos(clients(2), vec![SERVER], chaos);
                case.plan =
                    Plan::new(vec![Fault::lasting(at(3), Span::secs(12), FaultKind::Link(chaos))]);
                case
            })
            .boxed()
    }
}
