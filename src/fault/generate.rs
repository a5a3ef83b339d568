//! Plans in the swarm style: each case switches a random subset of kinds on, none among them.
//!
//! Varying which kinds of fault can occur at all finds more distinct failures than tuning one
//! mixture of them (Groce et al., "Swarm testing", ISSTA 2012).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::plan::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, Plan,
    StoreFault,
};
use crate::engine::{Chaos, Latency};
use crate::id::{NodeId, StoreId};
use crate::time::{Span, Time};

/// What a scenario lets go wrong.
#[derive(Clone, Debug)]
pub struct Menu {
    /// Those that dial.
    pub clients: Vec<NodeId>,
    /// Those that are dialled.
    pub servers: Vec<NodeId>,
    /// The stores of the servers.
    pub stores: Vec<StoreId>,
    /// The kinds that may occur, by name ([`FaultKind::name`]).
    pub kinds: Vec<&'static str>,
    /// Faults begin no earlier.
    pub from: Time,
    /// Faults begin no later.
    pub until: Time,
    /// At most this many.
    pub most: usize,
}

/// Plans off a menu.
pub fn plan(menu: Menu) -> BoxedStrategy<Plan> {
    let kinds = menu.kinds.clone();
    let count = kinds.len();
    subsequence(kinds, 0..=count)
        .prop_flat_map(move |kinds| {
            if kinds.is_empty() || menu.most == 0 {
                return Just(Plan::default()).boxed();
            }
            let menu = menu.clone();
            vec(fault(&menu, kinds), 0..=menu.most).prop_map(Plan::new).boxed()
        })
        .boxed()
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
    let window = menu.from.as_micros()..=menu.until.as_micros().max(menu.from.as_micros());
    let at = window.prop_map(|micros| Time::from_micros(micros / 1000 * 1000));
    let kind = pick(&kinds).prop_flat_map({
        let menu = menu.clone();
        move |name| kind(&menu, name)
    });
    (at, span(), kind)
        .prop_map(|(at, lasts, kind)| match kind {
            FaultKind::Connection(_)
            | FaultKind::Store(StoreFault::SuffixLost(_) | StoreFault::Emptied(_)) => {
                Fault::at(at, kind)
            }
            _ => Fault::lasting(at, lasts, kind),
        })
        .boxed()
}

fn kind(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    let pair = || (pick(&menu.clients), pick(&menu.servers));
    let client = || pick(&menu.clients);
    match name {
        "partition" | "hold" | "partition-oneway" => link(menu, name),
        "latency" => (pair(), 50u64..3_000)
            .prop_map(|((a, b), millis)| {
                let span = Span::millis(millis);
                let latency = Latency::Uniform(span.percent(50), span);
                FaultKind::Link(LinkFault::Latency(vec![a], vec![b], latency))
            })
            .boxed(),
        "chaos" => (pair(), 0u32..200_000, 0u32..200_000, 0u64..500)
            .prop_map(|((a, b), loss_ppm, duplicate_ppm, reorder)| {
                let chaos = Chaos { loss_ppm, duplicate_ppm, reorder: Span::millis(reorder) };
                FaultKind::Link(LinkFault::Chaos(vec![a], vec![b], chaos))
            })
            .boxed(),
        "reset" | "close" | "half-open" => connection(menu, name),
        "crash" => pick(&menu.servers).prop_map(|n| FaultKind::Node(NodeFault::Crash(n))).boxed(),
        "client-crash" => client().prop_map(|n| FaultKind::Node(NodeFault::Crash(n))).boxed(),
        "power-loss" => {
            pick(&menu.servers).prop_map(|n| FaultKind::Node(NodeFault::PowerLoss(n))).boxed()
        }
        "pause" => client().prop_map(|n| FaultKind::Node(NodeFault::Pause(n))).boxed(),
        "offline" => client().prop_map(|n| FaultKind::Device(DeviceFault::Offline(n))).boxed(),
        "says-offline" => {
            client().prop_map(|n| FaultKind::Device(DeviceFault::SaysOffline(n))).boxed()
        }
        "clock-ahead" => (client(), span())
            .prop_map(|(n, by)| FaultKind::Clock(ClockFault::Ahead(n, by)))
            .boxed(),
        "clock-behind" => (client(), span())
            .prop_map(|(n, by)| FaultKind::Clock(ClockFault::Behind(n, by)))
            .boxed(),
        "clock-drift" => (client(), -200_000i32..=200_000)
            .prop_map(|(n, ppm)| FaultKind::Clock(ClockFault::Drift(n, ppm)))
            .boxed(),
        _ => store(menu, name),
    }
}

fn link(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    (pick(&menu.clients), pick(&menu.servers), any::<bool>())
        .prop_map(move |(client, server, towards)| {
            let (a, b) = (vec![client], vec![server]);
            FaultKind::Link(match name {
                "partition" => LinkFault::Partition(a, b),
                "hold" => LinkFault::Hold(a, b),
                _ if towards => LinkFault::PartitionOneway(a, b),
                _ => LinkFault::PartitionOneway(b, a),
            })
        })
        .boxed()
}

fn connection(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    let codes = [1001, 1006, 1011, 1012, 1013, 3000];
    (pick(&menu.clients), pick(&menu.servers), any::<bool>(), pick(&codes))
        .prop_map(move |(client, server, towards, code)| {
            FaultKind::Connection(match name {
                "reset" => ConnectionFault::Reset(client, server),
                "close" => ConnectionFault::Close(client, server, code),
                _ if towards => ConnectionFault::HalfOpen(client, server),
                _ => ConnectionFault::HalfOpen(server, client),
            })
        })
        .boxed()
}

fn store(menu: &Menu, name: &'static str) -> BoxedStrategy<FaultKind> {
    assert!(!menu.stores.is_empty(), "the menu names `{name}` but no stores");
    (pick(&menu.stores), 10u64..2_000, 10_000u32..300_000)
        .prop_map(move |(store, millis, ppm)| {
            FaultKind::Store(match name {
                "store-slow" => StoreFault::Slow(store, Span::millis(millis)),
                "store-failing" => StoreFault::Failing(store, ppm),
                "store-ambiguous" => StoreFault::Ambiguous(store, ppm),
                "store-suffix-lost" => StoreFault::SuffixLost(store),
                "store-restored" => StoreFault::Restored(store),
                "store-emptied" => StoreFault::Emptied(store),
                unknown => panic!("no fault is called `{unknown}`"),
            })
        })
        .boxed()
}
