//! The connection breaks just while edits that waited are sent.

use proptest::prelude::*;
use wavetank::engine::Latency;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{DeviceFault, Fault, FaultKind, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{at, case, edit, edits, give, reset, room};

pub(super) struct ReplayCutShort;

/// Objectives are scaled down, so that a short run can fill a table.
const IDS: u32 = 6;
/// One way.
const LATENCY: Span = Span::millis(100);

impl Scenario<DocSync> for ReplayCutShort {
    fn name(&self) -> &'static str {
        "replay-cut-short"
    }
    fn about(&self) -> &'static str {
        "One person edits without a network; as soon as it is back, the connection breaks again."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost", "edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let away = proptest::collection::vec((0u64..2_900, edit()), 1..12);
        (edits(2, 8, 1, 14), away, 3u64..9, 380u64..520)
            .prop_map(move |(mut work, away, lasts, broken)| {
                let mut case = case(room(2), &config, 20);
                case.network.latency = Latency::Constant(LATENCY);
                case.objectives.table_max.insert("seen-ids".to_owned(), IDS);
                let begins = at(4);
                let made = |(millis, op)| (begins + Span::millis(millis), NodeId(1), op);
                work.extend(away.into_iter().map(made));
                give(&mut case, work);
                let offline = FaultKind::Device(DeviceFault::Offline(NodeId(1)));
                let back = begins + Span::secs(lasts);
                case.plan = Plan::new(vec![
                    Fault::lasting(begins, Span::secs(lasts), offline),
                    reset(back + Span::millis(broken), NodeId(1)),
                ]);
                case
            })
            .boxed()
    }
}
