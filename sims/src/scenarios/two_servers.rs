//! Two instances of a server work over one store.

use proptest::prelude::*;
use wavetank::engine::NodeSpec;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::generate::{self, Menu};
use wavetank::fault::{Fault, FaultKind, LinkFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::document::STAGES;
use wavetank_models::{Config, DocSync, Op, Role};

use super::{SERVER, STORE, case, edits, give, menu, moment, progress, room, stages};

pub(super) struct TwoServers;

const SECONDS: u64 = 30;
/// The other instance.
const OTHER: NodeId = NodeId(9);
const FAULTS: [&str; 7] =
    ["reset", "close", "partition", "hold", "crash", "rolling-restart", "client-crash"];

impl Scenario<DocSync> for TwoServers {
    fn name(&self) -> &'static str {
        "two-servers"
    }
    fn about(&self) -> &'static str {
        "Four people edit a document at two instances of a server, and change between them."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let menu = menu(4, &FAULTS, SECONDS - 8, 3);
        let plan = generate::plan(Menu { servers: vec![SERVER, OTHER], ..menu });
        let apart = proptest::option::weighted(0.3, (moment(2, SECONDS - 8), 200u64..6_000));
        let points = proptest::collection::vec((moment(2, SECONDS - 8), 1u32..5), 0..6);
        (edits(4, 30, 1, SECONDS - 4), plan, apart, 0..=STAGES, points)
            .prop_map(move |(mut work, plan, apart, reports, points)| {
                let mut topology = room(4);
                topology.nodes.push(NodeSpec::new(OTHER, Role::Server).with_store(STORE));
                let mut case = case(topology, &config, SECONDS);
                let mut told = stages(reports, 3, Span::millis(1_300));
                told.extend(progress(2 * reports, 3, Span::millis(900)));
                // Every other worker knows the other instance.
                told.iter_mut().skip(1).step_by(2).for_each(|(_, node, _)| *node = OTHER);
                work.extend(told);
                work.extend(points.into_iter().map(|(at, who)| (at, NodeId(who), Op::Point(who))));
                give(&mut case, work);
                let mut faults = plan.0;
                faults.extend(apart.map(|(from, millis)| {
                    let apart = LinkFault::Partition(vec![SERVER], vec![OTHER]);
                    Fault::lasting(from, Span::millis(millis), FaultKind::Link(apart))
                }));
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
