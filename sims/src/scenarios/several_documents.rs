//! People go from one document to another, while others edit there.

use proptest::prelude::*;
use wavetank::engine::Latency;
use wavetank::explore::{Case, Scenario, Work};
use wavetank::fault::generate;
use wavetank::id::NodeId;
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync, Op};

use super::{case, edits, give, menu, moment, room};

pub(super) struct SeveralDocuments;

const SECONDS: u64 = 30;
/// As many documents as there are.
const DOCUMENTS: u32 = 3;

impl Scenario<DocSync> for SeveralDocuments {
    fn name(&self) -> &'static str {
        "several-documents"
    }
    fn about(&self) -> &'static str {
        "Three people edit three documents and go from one to another, now and then in a hurry."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let kinds = ["reset", "hold", "partition", "client-crash", "store-slow"];
        let plan = generate::plan(menu(3, &kinds, SECONDS - 10, 2));
        let moves = proptest::collection::vec(moves(), 4..14);
        (edits(3, 45, 1, SECONDS - 6), moves, 20u64..600, plan)
            .prop_map(move |(mut work, moves, millis, plan)| {
                let mut case = case(room(3), &config, SECONDS);
                let slow = Span::millis(millis);
                case.network.latency = Latency::Uniform(slow.percent(20), slow);
                work.extend(moves.into_iter().flatten());
                give(&mut case, work);
                case.plan = plan;
                case
            })
            .boxed()
    }
}

/// Somebody goes to a document, and now and then on to another before that has come.
fn moves() -> impl Strategy<Value = Work<Op>> {
    let on = proptest::option::weighted(0.4, (20u64..1_200, 0..DOCUMENTS));
    (moment(1, SECONDS - 8), 1u32..=3, 0..DOCUMENTS, on).prop_map(|(from, who, first, on)| {
        let opens = |at: Time, number| (at, NodeId(who), Op::Open(number));
        let on = on.map(|(after, number)| opens(from + Span::millis(after), number));
        std::iter::once(opens(from, first)).chain(on).collect()
    })
}
