//! A working day with short outages: the service keeps what it promises.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::objectives::Service;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, edit, give, moment, room};

pub(super) struct WorkingDay;

const HOURS: u64 = 8;
const CLIENTS: u32 = 2;
/// Spread over the day: few wait for the end of an outage together.
const EDITS: usize = 160;
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
        let person = (1..=CLIENTS).prop_map(NodeId);
        let edits = (moment(1, seconds - 10), person, edit());
        (proptest::collection::vec(edits, EDITS), outages)
            .prop_map(move |(mut work, outages)| {
                let mut case = case(room(CLIENTS), &config, seconds);
                // The server goes down as often in these hours as in months, and each time all come
                // back: up to four times an hour.
                let service = Service { reconnects_percent_per_hour: 400, ..Service::default() };
                case.objectives.service = Some(service);
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
