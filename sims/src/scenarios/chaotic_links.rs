//! Links that lose, double and reorder single messages, as handlers that run in parallel do.

use proptest::prelude::*;
use wavetank::engine::Chaos;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, LinkFault, NodeFault, Plan, generate};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, clients, edits, give, menu, progress, room, stages};

pub(super) struct ChaoticLinks;

/// Objectives are scaled down, so that a short run can fill a buffer.
const QUEUE: u32 = 40;
/// And a table.
const IDS: u32 = 20;

impl Scenario<DocSync> for ChaoticLinks {
    fn name(&self) -> &'static str {
        "chaotic-links"
    }
    fn about(&self) -> &'static str {
        "Messages of three people and a busy pipeline are lost, doubled and reordered one by one."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["event-ahead"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(3, &["reset", "partition", "client-crash"], 20, 3));
        let weather = (0u32..150_000, 0u32..150_000, 0u64..400);
        // Somebody opens the page just while much happens.
        let reload = proptest::option::of((3_500u64..7_000, 1u32..4));
        (edits(3, 16, 1, 20), weather, plan, 0u32..120, reload)
            .prop_map(move |(mut work, weather, plan, reports, reload)| {
                let (loss_ppm, duplicate_ppm, reorder) = weather;
                let mut case = case(room(3), &config, 25);
                case.objectives.queue_max = QUEUE;
                case.objectives.table_max.insert("seen-ids".to_owned(), IDS);
                work.extend(stages(reports, 4, Span::millis(30)));
                work.extend(progress(reports, 4, Span::millis(30)));
                give(&mut case, work);
                let reorder = Span::millis(reorder);
                let chaos = Chaos { loss_ppm, duplicate_ppm, reorder, ..Chaos::default() };
                let chaos = LinkFault::Chaos(clients(3), vec![SERVER], chaos);
                let mut faults = plan.0;
                faults.push(Fault::lasting(at(3), Span::secs(20), FaultKind::Link(chaos)));
                if let Some((millis, client)) = reload {
                    let crash = FaultKind::Node(NodeFault::Crash(NodeId(client)));
                    let from = at(0) + Span::millis(millis);
                    faults.push(Fault::lasting(from, Span::millis(300), crash));
                }
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
