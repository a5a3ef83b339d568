//! A server of another release than the pages, and now and then a frame that is none.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, PeopleFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::versions::{Spoken, Versions};
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, case, edits, give, moment, progress, room, stages};

pub(super) struct NewerServer;

impl Scenario<DocSync> for NewerServer {
    fn name(&self) -> &'static str {
        "newer-server"
    }
    fn about(&self) -> &'static str {
        "A server tells two people of what their pages do not know, now and then nonsense, or \
         nothing: there is no version that both speak."
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
            4 => Just(Some(((1, 1), (1, 2)))),
            1 => Just(Some(((1, 2), (1, 1)))),
            1 => Just(Some(((1, 2), (1, 2)))),
            // An old page, and a server that no longer speaks with it; and the reverse.
            1 => prop_oneof![Just(Some(((1, 1), (2, 3)))), Just(Some(((2, 2), (1, 1))))],
        ];
        let presses = proptest::collection::vec((moment(2, 10), 1u32..=2), 0..6);
        (edits(2, 10, 1, 18), skipped, nonsense, (7u32..30, 2u32..20), versions, presses)
            .prop_map(move |(mut work, skipped, nonsense, (reports, ticks), versions, presses)| {
                let mut case = case(room(2), &config, 35);
                let spoken = |(oldest, newest)| Spoken { oldest, newest };
                case.config.versions = versions.map(|(client, server)| Versions {
                    client: spoken(client),
                    server: spoken(server),
                });
                // A stage is passed over whatever the others are.
                case.objectives.stages.clear();
                work.extend(stages(reports, 2, Span::millis(200)));
                work.extend(progress(ticks, 2, Span::millis(300)));
                work.extend(skipped.into_iter().map(|(at, stage)| (at, SERVER, Op::Skip(stage))));
                work.extend(presses.into_iter().map(|(at, who)| (at, NodeId(who), Op::Retry)));
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
