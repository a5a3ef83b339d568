//! What can fail does, one thing after the other, and people ask what there is meanwhile.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario, Work};
use wavetank::fault::{Fault, FaultKind, NodeFault, PeopleFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, edits, give, moment, reset, room, stages};

pub(super) struct FailuresTold;

const SECONDS: u64 = 45;

impl Scenario<DocSync> for FailuresTold {
    fn name(&self) -> &'static str {
        "failures-told"
    }
    fn about(&self) -> &'static str {
        "Frames are damaged both ways, edits refused and connections broken, and the operator \
         restarts the server; two people edit, and ask what there is."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost", "edit-rejected", "frame-unreadable"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let nonsense = proptest::collection::vec((moment(4, 40), 0u32..4, 1u32..300), 4..10);
        let resets = proptest::collection::vec((moment(4, 40), 1u32..=2), 0..4);
        let stop = proptest::option::weighted(0.6, (moment(5, 25), 100u64..400, 1u64..15));
        (edits(2, 12, 1, 40), asked(), nonsense, resets, stop)
            .prop_map(move |(mut work, asked, nonsense, resets, stop)| {
                let mut case = case(room(2), &config, SECONDS);
                case.objectives.errors_reported = true;
                work.extend(asked);
                work.extend(stages(7, 2, Span::millis(100)));
                let mut faults: Vec<Fault> = nonsense.into_iter().map(damaged).collect();
                faults.extend(resets.into_iter().map(|(at, who)| reset(at, NodeId(who))));
                if let Some((when, millis, down)) = stop {
                    work.push((when, SERVER, Op::Shutdown));
                    let end = FaultKind::Node(NodeFault::Crash(SERVER));
                    faults.push(Fault::lasting(when + Span::millis(millis), Span::secs(down), end));
                }
                give(&mut case, work);
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}

/// What people ask, and what they ask for and may not have.
fn asked() -> impl Strategy<Value = Work<Op>> {
    let op = prop_oneof![3 => Just(Op::Query), 1 => (0u32..7).prop_map(Op::SetStage)];
    let one = (moment(3, SECONDS), 1u32..=2, op).prop_map(|(at, who, op)| (at, NodeId(who), op));
    let last = (at(SECONDS - 1), NodeId(1), Op::SetStage(0));
    proptest::collection::vec(one, 6..14).prop_map(move |mut asked| {
        asked.push(last.clone());
        asked
    })
}

/// Bytes that are no message, from the server or to it.
fn damaged((at, which, bytes): (Time, u32, u32)) -> Fault {
    let who = NodeId(which / 2 + 1);
    let (from, to) = if which % 2 == 0 { (SERVER, who) } else { (who, SERVER) };
    Fault::at(at, FaultKind::People(PeopleFault::Malformed(from, to, bytes)))
}
