//! Somebody asks all nodes for their metrics, while connections end in all kinds of ways.

use proptest::prelude::*;
use wavetank::engine::Chaos;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ClockFault, ConnectionFault, Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::objectives::Monitoring;
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edits, give, moment, report, reset, room, stages};

pub(super) struct Monitored;

const SECONDS: u64 = 150;
const CLIENTS: u32 = 3;
/// Objectives are scaled down, so that a few minutes do for a day.
const REMEMBERED: u32 = 2;

impl Scenario<DocSync> for Monitored {
    fn name(&self) -> &'static str {
        "monitored"
    }
    fn about(&self) -> &'static str {
        "Three people work while connections end in all kinds of ways, messages go astray, clocks \
         jump and the server halts for a while; all nodes are watched."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let troubles = proptest::collection::vec((0u8..5, moment(5, 120), 1..=CLIENTS), 8..20);
        let halt = proptest::option::weighted(0.7, (moment(20, 100), 2u64..8));
        let chaos = proptest::option::of((moment(10, 60), 1..=CLIENTS));
        (edits(CLIENTS, 120, 1, 140), troubles, halt, chaos)
            .prop_map(move |(mut work, troubles, halt, chaos)| {
                let mut case = case(room(CLIENTS), &config, SECONDS);
                case.objectives.monitoring =
                    Some(Monitoring { window: Span::secs(60), ..Monitoring::default() });
                case.objectives.table_max.insert("durations".to_owned(), REMEMBERED);
                work.extend(stages(60, 3, Span::secs(2)));
                if let Some((from, _)) = halt {
                    let told = |i: u32| (from + Span::millis(3) * u64::from(i), SERVER, report(i));
                    work.extend((0..20).map(told));
                }
                give(&mut case, work);
                let mut faults = vec![reset(at(4), NodeId(1))];
                // A server that halts may never hear of what began and ended meanwhile.
                let halts = |time: Time| {
                    halt.is_some_and(|(from, lasts)| {
                        time + Span::secs(3) > from && time < from + Span::secs(lasts + 1)
                    })
                };
                // What gets lost while a connection begins is waited for in vain.
                let chaos = chaos
                    .filter(|(from, _)| !(0..=35).any(|second| halts(*from + Span::secs(second))));
                let shakes = |time: Time, who| {
                    chaos.is_some_and(|(from, whom)| {
                        whom == who && time + Span::secs(12) > from && time < from + Span::secs(31)
                    })
                };
                for (kind, from, who) in troubles {
                    if !halts(from) && !shakes(from, who) {
                        faults.extend(trouble(kind, from, who));
                    }
                }
                if let Some((from, lasts)) = halt {
                    // What was about to be told is told when the connections are gone. They go at
                    // once, for who dials meanwhile is not to be reset.
                    let from = from + Span::millis(30);
                    let pause = FaultKind::Node(NodeFault::Pause(SERVER));
                    faults.push(Fault::lasting(from, Span::secs(lasts), pause));
                    faults.extend(
                        (1..=CLIENTS).map(|who| reset(from + Span::millis(1), NodeId(who))),
                    );
                }
                if let Some((from, who)) = chaos {
                    let chaos =
                        Chaos { loss_ppm: 100_000, duplicate_ppm: 200_000, ..Chaos::default() };
                    let link = LinkFault::Chaos(vec![NodeId(who)], vec![SERVER], chaos);
                    faults.push(Fault::lasting(from, Span::secs(30), FaultKind::Link(link)));
                }
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}

fn trouble(kind: u8, from: Time, who: u32) -> Vec<Fault> {
    let who = NodeId(who);
    let connection = |fault| Fault::at(from, FaultKind::Connection(fault));
    let ahead = |node, lasts| {
        let ahead = ClockFault::Ahead(node, Span::secs(3_600));
        Fault::lasting(from + Span::secs(4), Span::secs(lasts), FaultKind::Clock(ahead))
    };
    match kind {
        0 => vec![reset(from, who)],
        1 => vec![connection(ConnectionFault::Close(who, SERVER, 1012))],
        2 => vec![connection(ConnectionFault::HalfOpen(who, SERVER))],
        3 => vec![ahead(SERVER, 30), connection(ConnectionFault::Close(who, SERVER, 1001))],
        _ => {
            let cut = LinkFault::Partition(vec![who], vec![SERVER]);
            vec![ahead(who, 60), Fault::lasting(from, Span::secs(8), FaultKind::Link(cut))]
        }
    }
}
