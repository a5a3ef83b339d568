//! A server with many documents, of which each is of interest to few.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario, Work};
use wavetank::id::NodeId;
use wavetank::objectives::Capacity;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{at, case, edit, give, room};

pub(super) struct ManyRooms;

const CLIENTS: u32 = 1000;
const DOCUMENTS: u32 = 100;
/// From when on people edit, once all have their documents.
const EDITS_FROM: u64 = 5;
const SECONDS: u64 = 20;
/// Edits of all together in a second.
const PACE: u64 = 50;

impl Scenario<DocSync> for ManyRooms {
    fn name(&self) -> &'static str {
        "many-rooms"
    }
    fn about(&self) -> &'static str {
        "A thousand people in a hundred documents make 50 edits a second; to look at a connection \
         takes the server 80 µs."
    }
    fn cost(&self) -> u64 {
        50
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["snapshot-sent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let count = ((SECONDS - EDITS_FROM - 3) * PACE) as usize;
        proptest::collection::vec((1..=CLIENTS, edit()), count)
            .prop_map(move |edits| {
                let mut case = case(room(CLIENTS), &config, SECONDS);
                let look = Span::micros(80);
                case.objectives.capacity = Some(Capacity { look, ..Capacity::default() });
                let opens = (1..=CLIENTS).map(|who| {
                    let when = at(1) + Span::millis(u64::from(who));
                    (when, NodeId(who), Op::Open(who % DOCUMENTS))
                });
                let when = |nth: usize| at(EDITS_FROM) + Span::millis(1000 / PACE) * nth as u64;
                let edits = edits.into_iter().enumerate();
                let edits = edits.map(|(nth, (who, op))| (when(nth), NodeId(who), op));
                let work: Work<Op> = opens.chain(edits).collect();
                give(&mut case, work);
                case
            })
            .boxed()
    }
}
