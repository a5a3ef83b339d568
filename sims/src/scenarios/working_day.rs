//! A working day with short outages: the service keeps what it promises.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::objectives::Service;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, edits, give, room};

pub(super) struct WorkingDay;

const HOURS: u64 = 8;
const CLIENTS: u32 = 2;
/// Every so many seconds a person looks whether there is a button to press.
const LOOKS: u64 = 60;

impl Scenario<DocSync> for WorkingDay {
    fn name(&self) -> &'static str {
        "working-day"
    }
    fn about(&self) -> &'static str {
        "Two people work for eight hours on a server that is down for less than a minute now and \
         then, and press the button whenever they see one."
    }
    fn cost(&self) -> u64 {
        6
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let seconds = HOURS * 3600;
        let outages = proptest::collection::vec((600u64..1_800, 5u64..60), 16..24);
        (edits(CLIENTS, 40, 1, seconds - 10), outages)
            .prop_map(move |(mut work, outages)| {
                let mut case = case(room(CLIENTS), &config, seconds);
                case.objectives.service = Some(Service::default());
                let looks = (1..seconds / LOOKS).map(|minute| at(minute * LOOKS));
                let press = |time| (1..=CLIENTS).map(move |who| (time, NodeId(who), Op::Retry));
                work.extend(looks.flat_map(press));
                give(&mut case, work);
                let mut moment = at(0);
                let mut faults = Vec::new();
                for (pause, lasts) in outages {
                    moment += Span::secs(pause);
                    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                    if moment + Span::secs(lasts) < at(seconds - 120) {
                        faults.push(Fault::lasting(moment, Span::secs(lasts), crash));
                    }
                }
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
