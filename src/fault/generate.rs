//! Plans: in the swarm style, where each case switches a random subset of kinds on, none among
//! them, or uniform, where every kind may occur in every case.
//!
//! Varying which kinds of fault can occur at all finds more distinct failures than tuning one
//! mixture of them (Groce et al., "Swarm testing", ISSTA 2012).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, PeopleFault,
    Plan, StoreFault,
};
use crate::engine::{Bandwidth, Chaos, Latency, Spikes};
use crate::id::{NodeId, StoreId, Topic};
use crate::time::{Span, Time};

/// What a scenario lets go wrong.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// Those that dial.
    pub clients: Vec<NodeId>,
    /// Those that are dialled.
    pub servers: Vec<NodeId>,
    /// The stores of the servers.
    pub stores: Vec<StoreId>,
    /// Topics that can be withdrawn from a user.
    pub topics: Vec<Topic>,
    /// Nodes that do not run until a tab is forked into them.
    pub dormant: Vec<NodeId>,
    /// Clients that may be hurt for good, in one case of eight; the others, the servers and the
    /// stores are a healthy core. None: every fault heals.
    pub outside: Vec<NodeId>,
    /// The kinds that may occur, by name ([`FaultKind::NAMES`]). Those that need something
    /// that the menu does not have do not occur.
    pub kinds: Vec<&'static str>,
    /// Faults begin no earlier.
    pub from: Time,
    /// Faults begin no later.
    pub until: Time,
    /// At most this many.
    pub most: usize,
}

impl Menu {
    fn offers(&self, name: &str) -> bool {
        let pairs = !self.clients.is_empty() && !self.servers.is_empty();
        match name {
            "fork" => pairs && !self.dormant.is_empty(),
            "rights-withdrawn" => pairs && !self.topics.is_empty(),
            name if name.starts_with("store-") => !self.stores.is_empty(),
            _ => pairs,
        }
    }
}

/// Plans off a menu, in the swarm style.
pub fn plan(menu: Menu) -> BoxedStrategy<Plan> {
    let kinds = offered(&menu);
    let count = kinds.len();
    of_kinds(menu, subsequence(kinds, 0..=count).boxed())
}

/// Plans off a menu, uniform: what interacts only where many kinds meet.
pub fn uniform(menu: Menu) -> BoxedStrategy<Plan> {
    let kinds = offered(&menu);
    of_kinds(menu, Just(kinds).boxed())
}

fn offered(menu: &Menu) -> Vec<&'static str> {
    menu.kinds.iter().copied().filter(|name| menu.offers(name)).collect()
}

fn of_kinds(menu: Menu, kinds: BoxedStrategy<Vec<&'static str>>) -> BoxedStrategy<Plan> {
    let permanent = permanent(&menu);
    let passing = kinds.prop_flat_map(move |kinds| {
        if kinds.is_empty() || menu.most == 0 {
            return Just(Vec::new()).boxed();
        }
        vec(fault(&menu, kinds), 0..=menu.most).boxed()
    });
    (passing, permanent)
        .prop_map(|(mut faults, permanent)| {
            faults.extend(permanent);
            Plan::new(faults)
        })
        .boxed()
}

/// In one case of eight something that never heals, at a client outside the healthy core.
fn permanent(menu: &Menu) -> BoxedStrategy<Option<Fault>> {
    if menu.outside.is_empty() || menu.servers.is_empty() {
        return Just(None).boxed();
    }
    let (servers, at) = (menu.servers.clone(), moment(menu));
    let hurt = (pick(&menu.outside), pick(&menu.servers), 0u32..5, at);
    let hurt = hurt.prop_map(move |(client, server, which, at)| {
        let kind = match which {
            0 => FaultKind::Link(LinkFault::Partition(vec![client], servers.clone())),
            1 => FaultKind::Node(NodeFault::Crash(client)),
            2 => FaultKind::Node(NodeFault::PowerLoss(client)),
            3 => FaultKind::Device(DeviceFault::Offline(client)),
            _ => FaultKind::Connection(ConnectionFault::Refuse(client, server, 503)),
        };
        Fault::for_good(at, kind)
    });
    prop_oneof![7 => Just(None), 1 => hurt.prop_map(Some)].boxed()
}

fn moment(menu: &Menu) -> impl Strategy<Value = Time> + use<> {
    let window = menu.from.as_micros()..=menu.until.as_micros().max(menu.from.as_micros());
    window.prop_map(|micros| Time::from_micros(micros / 1000 * 1000))
}

/// A span of some order of magnitude, since bugs live at all of them.
fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        1 => (1u64..=50).prop_map(Span::millis),
        3 => (50u64..=3_000).prop_map(Span::millis),
        3 => (3u64..=20).prop_map(Span::secs),
        1 => (20u64..=90).prop_map(Span::secs),
    ]
}

fn pick<T: Copy + std::fmt::Debug + 'static>(from: &[T]) -> impl Strategy<Value = T> + use<T> {
    let from = from.to_vec();
    any::<prop::sample::Index>().prop_map(move |index| from[index.index(from.len())])
}

fn fault(menu: &Menu, kinds: Vec<&'static str>) -> BoxedStrategy<Fault> {
    let kind = pick(&kinds).prop_flat_map({
        let menu = menu.clone();
        move |name| kind(&menu, name)
    });
    (moment(menu), span(), kind)
        .prop_map(|(at, lasts, kind)| {
            if kind.is_instant() { Fault::at(at, kind) } else { Fault::lasting(at, lasts, kind) }
        })
        .boxed()
}

fn kind(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    match name {
        "partition" | "hold" | "partition-oneway" | "latency" | "spikes" | "bandwidth"
        | "chaos" => link(menu, name),
        "reset" | "close" | "half-open" | "late-close" | "refuse" | "blocked" | "flap"
        | "idle-timeout" => connection(menu, name),
        "crash" | "client-crash" | "power-loss" | "restart-storm" | "rolling-restart" | "pause"
        | "slow" | "throttle" => node(menu, name),
        "clock-ahead" | "clock-behind" | "clock-drift" => clock(menu, name),
        "offline" | "says-offline" | "fork" => device(menu, name),
        name if name.starts_with("store-") => store(menu, name),
        _ => people(menu, name),
    }
}

fn link(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    let pair = (pick(&menu.clients), pick(&menu.servers));
    match name {
        "latency" => (pair, 50u64..3_000)
            .prop_map(|((a, b), millis)| {
                let span = Span::millis(millis);
                let latency = Latency::Uniform(span.percent(50), span);
                FaultKind::Link(LinkFault::Latency(vec![a], vec![b], latency))
            })
            .boxed(),
        "spikes" => (pair, 1_000u32..200_000, 50u64..5_000)
            .prop_map(|((a, b), odds_ppm, by)| {
                let spikes = Spikes { odds_ppm, by: Span::millis(by) };
                FaultKind::Link(LinkFault::Spikes(vec![a], vec![b], spikes))
            })
            .boxed(),
        "bandwidth" => (pair, 1u32..64, 1u32..256)
            .prop_map(|((a, b), kilobytes, queue)| {
                let bytes_per_second = kilobytes << 10;
                let bandwidth = Bandwidth { bytes_per_second, queue: queue << 10 };
                FaultKind::Link(LinkFault::Bandwidth(vec![a], vec![b], bandwidth))
            })
            .boxed(),
        "chaos" => (pair, chaos())
            .prop_map(|((a, b), chaos)| FaultKind::Link(LinkFault::Chaos(vec![a], vec![b], chaos)))
            .boxed(),
        _ => (pair, any::<bool>())
            .prop_map(move |((client, server), towards)| {
                let (a, b) = (vec![client], vec![server]);
                FaultKind::Link(match name {
                    "partition" => LinkFault::Partition(a, b),
                    "hold" => LinkFault::Hold(a, b),
                    _ if towards => LinkFault::PartitionOneway(a, b),
                    _ => LinkFault::PartitionOneway(b, a),
                })
            })
            .boxed(),
    }
}

fn chaos() -> impl Strategy<Value = Chaos> {
    let burst = prop_oneof![2 => Just(0u64), 1 => 50u64..2_000];
    (0u32..200_000, burst, 0u32..200_000, 0u64..500, 0u32..50_000).prop_map(
        |(loss_ppm, burst, duplicate_ppm, reorder, corrupt_ppm)| Chaos {
            loss_ppm,
            burst: Span::millis(burst),
            duplicate_ppm,
            reorder: Span::millis(reorder),
            corrupt_ppm,
        },
    )
}

fn connection(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    let codes = [1001, 1006, 1011, 1012, 1013, 3000];
    let statuses = [500, 502, 503, 504];
    let idle = (1u64..60).prop_map(Span::secs);
    let ends = (pick(&menu.clients), pick(&menu.servers), any::<bool>());
    (ends, pick(&codes), pick(&statuses), idle)
        .prop_map(move |((client, server, towards), code, status, idle)| {
            let (a, b) = if towards { (client, server) } else { (server, client) };
            FaultKind::Connection(match name {
                "reset" => ConnectionFault::Reset(client, server),
                "close" => ConnectionFault::Close(client, server, code),
                "half-open" => ConnectionFault::HalfOpen(a, b),
                "late-close" => ConnectionFault::LateClose(a, b),
                "refuse" => ConnectionFault::Refuse(client, server, status),
                "blocked" => ConnectionFault::Blocked(client, server),
                "flap" => ConnectionFault::Flap(client, server, code),
                _ => ConnectionFault::IdleTimeout(client, server, idle),
            })
        })
        .boxed()
}

fn node(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    let servers = menu.servers.clone();
    let everybody: Vec<NodeId> = menu.clients.iter().chain(&menu.servers).copied().collect();
    let who = (pick(&menu.clients), pick(&menu.servers), pick(&everybody));
    let spans =
        (100u64..5_000, 100u64..5_000).prop_map(|(a, b)| (Span::millis(a), Span::millis(b)));
    let cost = (1u64..50).prop_map(Span::millis);
    let grain = pick(&[Span::secs(1), Span::secs(60)]);
    (who, spans, cost, grain)
        .prop_map(move |((client, server, anybody), (down, up), cost, grain)| {
            FaultKind::Node(match name {
                "crash" => NodeFault::Crash(server),
                "client-crash" => NodeFault::Crash(client),
                "power-loss" => NodeFault::PowerLoss(server),
                "restart-storm" => NodeFault::RestartStorm { node: server, down, up },
                "rolling-restart" => NodeFault::RollingRestart { nodes: servers.clone(), down },
                "slow" => NodeFault::Slow(anybody, cost),
                "throttle" => NodeFault::Throttle { node: client, timer: None, grain },
                _ => NodeFault::Pause(client),
            })
        })
        .boxed()
}

fn clock(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    (pick(&menu.clients), span(), -200_000i32..=200_000)
        .prop_map(move |(node, by, ppm)| {
            FaultKind::Clock(match name {
                "clock-ahead" => ClockFault::Ahead(node, by),
                "clock-behind" => ClockFault::Behind(node, by),
                _ => ClockFault::Drift(node, ppm),
            })
        })
        .boxed()
}

fn device(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    let dormant = if menu.dormant.is_empty() { &menu.clients } else { &menu.dormant };
    (pick(&menu.clients), pick(dormant))
        .prop_map(move |(node, twin)| {
            FaultKind::Device(match name {
                "offline" => DeviceFault::Offline(node),
                "fork" => DeviceFault::Fork(node, twin),
                _ => DeviceFault::SaysOffline(node),
            })
        })
        .boxed()
}

fn store(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    (pick(&menu.stores), 20u64..3_000, 20_000u32..1_000_000)
        .prop_map(move |(store, millis, ppm)| {
            FaultKind::Store(match name {
                "store-slow" => StoreFault::Slow(store, Span::millis(millis)),
                "store-failing" => StoreFault::Failing(store, ppm),
                "store-ambiguous" => StoreFault::Ambiguous(store, ppm),
                "store-lying" => StoreFault::Lying(store, ppm),
                "store-stale" => StoreFault::Stale(store),
                "store-suffix-lost" => StoreFault::SuffixLost(store),
                "store-restored" => StoreFault::Restored(store),
                _ => StoreFault::Emptied(store),
            })
        })
        .boxed()
}

fn people(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    let topics = if menu.topics.is_empty() { vec![Topic(0)] } else { menu.topics.clone() };
    let life = (1u64..120).prop_map(Span::secs);
    let sizes = [0, 1, 200, 70_000, 2_000_000];
    (pick(&menu.clients), pick(&menu.servers), pick(&topics), life, 1u32..200, pick(&sizes))
        .prop_map(move |(user, server, topic, life, per_second, bytes)| {
            FaultKind::People(match name {
                "short-lived" => PeopleFault::ShortLived(user, life),
                "revoked" => PeopleFault::Revoked(user),
                "refresh-refused" => PeopleFault::RefreshRefused(user),
                "issuer-silent" => PeopleFault::IssuerSilent(user),
                "rights-withdrawn" => PeopleFault::RightsWithdrawn(user, topic),
                "flood" => PeopleFault::Flood { from: user, to: server, per_second },
                _ => PeopleFault::Malformed(user, server, bytes),
            })
        })
        .boxed()
}
