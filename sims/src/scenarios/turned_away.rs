//! Connections are ended with all the codes that there are.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, case, edits, give, moment, room};

pub(super) struct TurnedAway;

const SECONDS: u64 = 60;
/// Codes after which a client comes back, and such after which it waits for its person.
const PASSING: [u16; 7] = [1001, 1006, 1011, 1012, 1013, 3000, 4408];
const FINAL: [u16; 5] = [1003, 1008, 4001, 4003, 4401];

impl Scenario<DocSync> for TurnedAway {
    fn name(&self) -> &'static str {
        "turned-away"
    }
    fn about(&self) -> &'static str {
        "The connections of two people are ended with all the codes that there are, or cut off as \
         soon as they are made; now and then a person tries again."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let ends = proptest::collection::vec((end(), moment(3, SECONDS - 20), 1u32..=2), 2..8);
        let presses =
            proptest::collection::vec((moment(5, SECONDS - 2), 1u32..=2, any::<bool>()), 0..5);
        (edits(2, 12, 1, SECONDS - 5), ends, presses)
            .prop_map(move |(mut work, ends, presses)| {
                let mut case = case(room(2), &config, SECONDS);
                let press = |by_button| if by_button { Op::Retry } else { Op::Connect };
                work.extend(
                    presses.into_iter().map(|(at, who, one)| (at, NodeId(who), press(one))),
                );
                give(&mut case, work);
                case.plan =
                    Plan::new(ends.into_iter().map(|(end, at, who)| end.fault(at, who)).collect());
                case
            })
            .boxed()
    }
}

/// How a connection ends: once, or again and again for so many milliseconds.
#[derive(Clone, Copy, Debug)]
struct End {
    code: u16,
    flaps: Option<u64>,
}

impl End {
    fn fault(self, from: wavetank::time::Time, who: u32) -> Fault {
        let who = NodeId(who);
        match self.flaps {
            None => Fault::at(
                from,
                FaultKind::Connection(ConnectionFault::Close(who, SERVER, self.code)),
            ),
            Some(millis) => {
                let flap = ConnectionFault::Flap(who, SERVER, self.code);
                Fault::lasting(from, Span::millis(millis), FaultKind::Connection(flap))
            }
        }
    }
}

fn end() -> impl Strategy<Value = End> {
    let passing = any::<prop::sample::Index>().prop_map(|one| *one.get(&PASSING));
    let last = any::<prop::sample::Index>().prop_map(|one| *one.get(&FINAL));
    let flaps = proptest::option::weighted(0.4, 2_000u64..15_000);
    prop_oneof![1 => passing, 1 => last]
        .prop_flat_map(move |code| flaps.clone().prop_map(move |flaps| End { code, flaps }))
}
