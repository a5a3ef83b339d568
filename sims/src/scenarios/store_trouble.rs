//! The store is slow, fails, or loses what was not flushed; the server crashes.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan, StoreFault, generate};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, STORE, case, edits, give, menu, moment, room, stages};

pub(super) struct StoreTrouble;

const FAULTS: [&str; 7] = [
    "store-slow",
    "store-failing",
    "store-ambiguous",
    "store-suffix-lost",
    "crash",
    "power-loss",
    "reset",
];

impl Scenario<DocSync> for StoreTrouble {
    fn name(&self) -> &'static str {
        "store-trouble"
    }
    fn about(&self) -> &'static str {
        "Two people edit while the server's store is slow, failing, ambiguous or forgetful."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["store-failed"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(2, &FAULTS, 16, 6));
        // A crash in the moment between taking an edit and keeping it: rare unless arranged.
        let moment = (moment(3, 14), 300u64..2_000, 20u64..900, any::<bool>());
        let moment = proptest::option::of(moment);
        (edits(2, 24, 1, 18), plan, moment, 0u32..10)
            .prop_map(move |(mut work, plan, moment, reports)| {
                let mut case = case(room(2), &config, 20);
                work.extend(stages(reports, 4, Span::secs(1)));
                give(&mut case, work);
                let mut faults = plan.0;
                if let Some((from, slow, crash, both)) = moment {
                    let slow = StoreFault::Slow(STORE, Span::millis(slow));
                    faults.push(Fault::lasting(from, Span::secs(3), FaultKind::Store(slow)));
                    let crash_at = from + Span::secs(1) + Span::millis(crash);
                    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                    faults.push(Fault::lasting(crash_at, Span::secs(1), crash));
                    if both {
                        let lost = FaultKind::Store(StoreFault::SuffixLost(STORE));
                        faults.push(Fault::at(crash_at, lost));
                    }
                }
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
