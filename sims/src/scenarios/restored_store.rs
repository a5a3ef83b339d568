//! The server comes back with its store as it was some time ago.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan, StoreFault};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, STORE, at, case, edits, give, room, stages};

pub(super) struct RestoredStore;

impl Scenario<DocSync> for RestoredStore {
    fn name(&self) -> &'static str {
        "restored-store"
    }
    fn about(&self) -> &'static str {
        "The server goes down and comes back with its store restored to an older point."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["snapshot-sent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        (edits(2, 24, 1, 28), 0u64..9, any::<bool>(), 0u32..20)
            .prop_map(move |(mut work, back, dark, reports)| {
                let mut case = case(room(2), &config, 30);
                work.extend(stages(reports, 2, Span::secs(1)));
                give(&mut case, work);
                let down =
                    if dark { NodeFault::PowerLoss(SERVER) } else { NodeFault::Crash(SERVER) };
                let restored = FaultKind::Store(StoreFault::Restored(STORE));
                case.plan = Plan::new(vec![
                    Fault::lasting(at(12 - back), Span::secs(back + 2), restored),
                    Fault::lasting(at(12), Span::secs(4), FaultKind::Node(down)),
                ]);
                case
            })
            .boxed()
    }
}
