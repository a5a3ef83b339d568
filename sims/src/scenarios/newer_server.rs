//! A server of a later version, and now and then a frame that is none.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, PeopleFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::config::Versions;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, case, edits, give, moment, progress, room, stages};

pub(super) struct NewerServer;

impl Scenario<DocSync> for NewerServer {
    fn name(&self) -> &'static str {
        "newer-server"
    }
    fn about(&self) -> &'static str {
        "A server tells two people of what their pages do not know, and now and then nonsense."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["novel-event", "frame-unreadable"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let skipped = proptest::collection::vec((moment(5, 16), 0u32..7), 1..4);
        // In bytes some of it ends the connection, and some must be passed over.
        let nonsense = proptest::collection::vec((moment(4, 30), 1u32..3, 1u32..300), 8..14);
        let versions = prop_oneof![
            2 => Just(None),
            4 => Just(Some((1, 2))),
            1 => Just(Some((2, 1))),
            1 => Just(Some((2, 2))),
        ];
        (edits(2, 10, 1, 18), skipped, nonsense, (7u32..30, 2u32..20), versions)
            .prop_map(move |(mut work, skipped, nonsense, (reports, ticks), versions)| {
                let mut case = case(room(2), &config, 35);
                let versions = versions.map(|(client, server)| Versions { client, server });
                case.config.versions = versions;
                // A stage is passed over whatever the others are.
                case.objectives.stages.clear();
                work.extend(stages(reports, 2, Span::millis(200)));
                work.extend(progress(ticks, 2, Span::millis(300)));
                work.extend(skipped.into_iter().map(|(at, stage)| (at, SERVER, Op::Skip(stage))));
                give(&mut case, work);
                let sent = |(at, node, bytes)| {
                    let malformed = PeopleFault::Malformed(SERVER, NodeId(node), bytes);
                    Fault::at(at, FaultKind::People(malformed))
                };
                case.plan = Plan::new(nonsense.into_iter().map(sent).collect());
                case
            })
            .boxed()
    }
}
