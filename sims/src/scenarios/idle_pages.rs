//! Pages stand open and hardly anybody does anything, behind a proxy that cuts what is idle.

use proptest::prelude::*;
use wavetank::engine::Latency;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ClockFault, ConnectionFault, Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::config::Beat;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, clients, edit, give, moment, reset, room};

pub(super) struct IdlePages;

/// The time of a run, in seconds.
const SECONDS: u64 = 130;
/// What proxies bear, mostly.
const PROXY: Span = Span::secs(60);

impl Scenario<DocSync> for IdlePages {
    fn name(&self) -> &'static str {
        "idle-pages"
    }
    fn about(&self) -> &'static str {
        "Three pages stand open for minutes behind a proxy; a path is slow, or a process hangs."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let work = proptest::collection::vec((moment(1, 28), 1u32..4, edit()), 0..4);
        let beat = proptest::option::weighted(0.3, (5u64..25, 2u64..20));
        let late = (24_000u64..28_000, edit());
        (work, late, trouble(), beat)
            .prop_map(move |(work, (millis, last), trouble, beat)| {
                let mut case = case(room(3), &config, SECONDS);
                let work = work.into_iter().map(|(at, node, op)| (at, NodeId(node), op));
                // Everybody does one last thing before the first ping.
                let late = |node| (at(0) + Span::millis(millis), node, last.clone());
                give(&mut case, work.chain(clients(3).into_iter().map(late)).collect());
                let proxy = |client| {
                    let proxy = ConnectionFault::IdleTimeout(client, SERVER, PROXY);
                    Fault::lasting(at(1), Span::secs(SECONDS), FaultKind::Connection(proxy))
                };
                let mut faults: Vec<Fault> = clients(3).into_iter().map(proxy).collect();
                match beat {
                    // A shorter heartbeat would make other troubles than these.
                    Some((interval, timeout)) => set(&mut case, interval, timeout),
                    None => {
                        case.config.beat = None;
                        faults.push(trouble);
                    }
                }
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}

/// The operator of this deployment wants another heartbeat.
fn set(case: &mut Case<DocSync>, interval: u64, timeout: u64) {
    let (interval, timeout) = (Span::secs(interval), Span::secs(timeout));
    case.config.beat = Some(Beat { interval, timeout });
    case.objectives.heartbeat_interval = interval;
    case.objectives.heartbeat_timeout = timeout;
    case.objectives.detection = interval + timeout + Span::secs(1);
}

/// One thing that a heartbeat must bear, or must notice.
fn trouble() -> impl Strategy<Value = Fault> {
    let client = (1u32..4).prop_map(NodeId);
    let from = prop_oneof![Just(0u64), Just(30), Just(60)];
    (0u8..6, client, from, 0u64..1_000).prop_map(|(kind, client, from, share)| {
        // Pings are due each 30 s, from a moment after the start on.
        let before_ping = at(from + 27) + Span::millis(share * 3);
        let after_ping = at(from + 31) + Span::millis(share * 8);
        let slow = |least, most| {
            let latency = Latency::Uniform(Span::millis(least), Span::millis(most));
            FaultKind::Link(LinkFault::Latency(vec![client], vec![SERVER], latency))
        };
        let pause = |node| FaultKind::Node(NodeFault::Pause(node));
        match kind {
            0 => Fault::lasting(at(1), Span::secs(SECONDS), slow(100, 1_000)),
            // Answers come when nobody waits for them any more.
            1 => Fault::lasting(at(29), Span::secs(60), slow(15_500, 18_000)),
            2 => Fault::lasting(before_ping, Span::millis(3_000 + share * 2), pause(client)),
            3 => Fault::lasting(before_ping, Span::secs(50 + share % 30), pause(SERVER)),
            4 => {
                let ahead = ClockFault::Ahead(SERVER, Span::secs(300));
                Fault::lasting(after_ping, Span::secs(90), FaultKind::Clock(ahead))
            }
            _ => reset(after_ping, client),
        }
    })
}
