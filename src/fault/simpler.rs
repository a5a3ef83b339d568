//! Less of a fault: without some nodes, or with simpler numbers.

use super::{ClockFault, DeviceFault, FaultKind, LinkFault, NodeFault, PeopleFault, StoreFault};
use crate::engine::{Bandwidth, Chaos, Latency, Spikes};
use crate::id::NodeId;
use crate::time::Span;

impl FaultKind {
    /// What is left of the fault where these nodes are not there; nothing if it was about them.
    pub fn without(&self, gone: &[NodeId]) -> Option<Self> {
        match self {
            Self::Link(fault) => fault.without(gone).map(Self::Link),
            Self::Node(NodeFault::RollingRestart { nodes, down }) => {
                let nodes = remaining(nodes, gone)?;
                Some(Self::Node(NodeFault::RollingRestart { nodes, down: *down }))
            }
            _ => self.nodes().iter().all(|node| !gone.contains(node)).then(|| self.clone()),
        }
    }

    /// Simpler versions of the fault, the simplest first: fewer nodes, numbers that are nothing
    /// or half, and numbers as people write them. A simpler version has simpler versions of its
    /// own, but not without end.
    pub fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Link(fault) => fault.simpler().into_iter().map(Self::Link).collect(),
            Self::Node(fault) => fault.simpler().into_iter().map(Self::Node).collect(),
            Self::Store(fault) => fault.simpler().into_iter().map(Self::Store).collect(),
            Self::Clock(fault) => fault.simpler().into_iter().map(Self::Clock).collect(),
            Self::People(fault) => fault.simpler().into_iter().map(Self::People).collect(),
            Self::Connection(super::ConnectionFault::IdleTimeout(a, b, span)) => {
                let made = |span| super::ConnectionFault::IdleTimeout(*a, *b, span);
                spans(*span).into_iter().map(made).map(Self::Connection).collect()
            }
            Self::Connection(_)
            | Self::Device(
                DeviceFault::Offline(_) | DeviceFault::SaysOffline(_) | DeviceFault::Fork(..),
            ) => Vec::new(),
        }
    }
}

impl LinkFault {
    /// The same on the paths between two other groups.
    fn between(&self, a: Vec<NodeId>, b: Vec<NodeId>) -> Self {
        match self {
            Self::Partition(..) => Self::Partition(a, b),
            Self::PartitionOneway(..) => Self::PartitionOneway(a, b),
            Self::Hold(..) => Self::Hold(a, b),
            Self::Latency(_, _, latency) => Self::Latency(a, b, *latency),
            Self::Spikes(_, _, spikes) => Self::Spikes(a, b, *spikes),
            Self::Bandwidth(_, _, bandwidth) => Self::Bandwidth(a, b, *bandwidth),
            Self::Chaos(_, _, chaos) => Self::Chaos(a, b, *chaos),
        }
    }

    fn without(&self, gone: &[NodeId]) -> Option<Self> {
        let (a, b) = self.groups();
        // An empty second group is everybody else. One that becomes empty is nobody.
        let b = if b.is_empty() { Vec::new() } else { remaining(b, gone)? };
        Some(self.between(remaining(a, gone)?, b))
    }

    fn simpler(&self) -> Vec<Self> {
        let (a, b) = self.groups();
        let (one, other) = (a.to_vec(), b.to_vec());
        let several = |group: &[NodeId]| if group.len() > 1 { group.to_vec() } else { Vec::new() };
        let fewer = [several(a), several(b)].concat();
        let mut found: Vec<Self> =
            fewer.into_iter().filter_map(|node| self.without(&[node])).collect();
        let with = |fault: fn(Vec<NodeId>, Vec<NodeId>) -> Self| fault(one.clone(), other.clone());
        match self {
            Self::Partition(..) | Self::Hold(..) => {}
            // It takes no knowledge of directions to think of a path that is down.
            Self::PartitionOneway(..) => found.push(with(Self::Partition)),
            Self::Latency(_, _, latency) => {
                let made = |latency| Self::Latency(one.clone(), other.clone(), latency);
                found.extend(latencies(*latency).into_iter().map(made));
            }
            Self::Spikes(_, _, Spikes { odds_ppm, by }) => {
                let made = |odds_ppm, by| {
                    Self::Spikes(one.clone(), other.clone(), Spikes { odds_ppm, by })
                };
                found.extend(numbers(*odds_ppm, 0).into_iter().map(|odds| made(odds, *by)));
                found.extend(spans(*by).into_iter().map(|by| made(*odds_ppm, by)));
            }
            Self::Bandwidth(_, _, Bandwidth { bytes_per_second, queue }) => {
                let made = |bytes_per_second, queue| {
                    let bandwidth = Bandwidth { bytes_per_second, queue };
                    Self::Bandwidth(one.clone(), other.clone(), bandwidth)
                };
                found.extend(written(*bytes_per_second).map(|bytes| made(bytes, *queue)));
                found.extend(written(*queue).map(|queue| made(*bytes_per_second, queue)));
            }
            Self::Chaos(_, _, chaos) => {
                let made = |chaos| Self::Chaos(one.clone(), other.clone(), chaos);
                found.extend(calmer(*chaos).into_iter().map(made));
            }
        }
        found
    }
}

impl NodeFault {
    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Crash(_) | Self::PowerLoss(_) | Self::Pause(_) => Vec::new(),
            Self::RestartStorm { node, down, up } => {
                let storm = |down, up| Self::RestartStorm { node: *node, down, up };
                let mut found = vec![Self::Crash(*node)];
                found.extend(spans(*down).into_iter().map(|down| storm(down, *up)));
                found.extend(written_span(*up).map(|up| storm(*down, up)));
                found
            }
            Self::RollingRestart { nodes, down } => {
                let made = |nodes, down| Self::RollingRestart { nodes, down };
                let without = |node: &NodeId| remaining(nodes, &[*node]);
                let fewer = nodes.iter().filter_map(without).map(|nodes| made(nodes, *down));
                let shorter = spans(*down).into_iter().map(|down| made(nodes.clone(), down));
                fewer.chain(shorter).collect()
            }
            Self::Slow(node, cost) => {
                spans(*cost).into_iter().map(|cost| Self::Slow(*node, cost)).collect()
            }
            Self::Throttle { node, timer, grain } => {
                let made = |grain| Self::Throttle { node: *node, timer: timer.clone(), grain };
                spans(*grain).into_iter().map(made).collect()
            }
        }
    }
}

impl StoreFault {
    fn simpler(&self) -> Vec<Self> {
        // What always happens takes no odds to explain.
        let odds = |store, ppm: u32, made: fn(_, u32) -> Self| {
            let always = (ppm != MILLION).then_some(MILLION);
            let rarer = if ppm == MILLION { Vec::new() } else { numbers(ppm, 1) };
            always.into_iter().chain(rarer).map(|ppm| made(store, ppm)).collect()
        };
        match self {
            Self::Slow(store, span) => {
                spans(*span).into_iter().map(|span| Self::Slow(*store, span)).collect()
            }
            Self::Failing(store, ppm) => odds(*store, *ppm, Self::Failing),
            Self::Ambiguous(store, ppm) => odds(*store, *ppm, Self::Ambiguous),
            Self::Lying(store, ppm) => odds(*store, *ppm, Self::Lying),
            Self::Stale(_) | Self::SuffixLost(_) | Self::Restored(_) | Self::Emptied(_) => {
                Vec::new()
            }
        }
    }
}

impl ClockFault {
    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Ahead(node, by) => {
                spans(*by).into_iter().map(|by| Self::Ahead(*node, by)).collect()
            }
            Self::Behind(node, by) => {
                spans(*by).into_iter().map(|by| Self::Behind(*node, by)).collect()
            }
            Self::Drift(node, ppm) => {
                let sign = ppm.signum();
                let made = |ppm: u32| Self::Drift(*node, sign * ppm.cast_signed());
                numbers(ppm.unsigned_abs(), 0).into_iter().map(made).collect()
            }
        }
    }
}

impl PeopleFault {
    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::ShortLived(node, span) => {
                written_span(*span).map(|span| Self::ShortLived(*node, span)).collect()
            }
            Self::Flood { from, to, per_second } => {
                let made = |per_second| Self::Flood { from: *from, to: *to, per_second };
                numbers(*per_second, 1).into_iter().map(made).collect()
            }
            Self::Malformed(from, to, bytes) => {
                let made = |bytes| Self::Malformed(*from, *to, bytes);
                numbers(*bytes, 0).into_iter().map(made).collect()
            }
            Self::Revoked(_)
            | Self::RefreshRefused(_)
            | Self::IssuerSilent(_)
            | Self::RightsWithdrawn(..) => Vec::new(),
        }
    }
}

const MILLION: u32 = 1_000_000;

/// A group without some of its nodes; nothing if none is left.
fn remaining(nodes: &[NodeId], gone: &[NodeId]) -> Option<Vec<NodeId>> {
    let rest: Vec<NodeId> = nodes.iter().copied().filter(|node| !gone.contains(node)).collect();
    (!rest.is_empty()).then_some(rest)
}

/// The least that a number can be, its half, and the number as people write it.
fn numbers(number: u32, least: u32) -> Vec<u32> {
    let mut found = vec![least];
    found.extend([number / 2].into_iter().filter(|half| *half > least));
    found.extend(written(number));
    found.retain(|simpler| *simpler < number);
    found.dedup();
    found
}

/// A number with all but its first digit zero, where that says less.
fn written(number: u32) -> impl Iterator<Item = u32> {
    let unit = 10u32.pow(number.checked_ilog10().unwrap_or(0));
    let round = number - number % unit;
    (round != number).then_some(round).into_iter()
}

/// Half a span, in whole milliseconds, and the span as people write it.
fn spans(span: Span) -> Vec<Span> {
    let half = Some(Span::millis(span.as_millis() / 2)).filter(|half| !half.is_zero());
    half.into_iter().chain(written_span(span)).filter(|simpler| *simpler < span).collect()
}

/// A span in whole seconds or, if it is shorter, tenths or milliseconds.
fn written_span(span: Span) -> impl Iterator<Item = Span> {
    let micros = span.as_micros();
    let units = [1_000_000, 100_000, 1_000];
    let unit = units.into_iter().find(|unit| micros >= *unit);
    let round = unit.map(|unit| Span::micros(micros - micros % unit));
    round.filter(|round| *round != span).into_iter()
}

fn latencies(latency: Latency) -> Vec<Latency> {
    match latency {
        Latency::Constant(span) => spans(span).into_iter().map(Latency::Constant).collect(),
        Latency::Uniform(low, high) => {
            vec![Latency::Constant(low), Latency::Constant(high)]
        }
        Latency::Exponential(least, mean) => {
            vec![Latency::Constant(least), Latency::Constant(least + mean)]
        }
    }
}

/// Chaos with one of its parts less.
fn calmer(chaos: Chaos) -> Vec<Chaos> {
    let mut found = Vec::new();
    let zero = Chaos { burst: Span::ZERO, ..chaos };
    found.extend([
        Chaos { loss_ppm: 0, ..zero },
        Chaos { duplicate_ppm: 0, ..chaos },
        Chaos { reorder: Span::ZERO, ..chaos },
        Chaos { corrupt_ppm: 0, ..chaos },
        zero,
    ]);
    let numbers = |number| numbers(number, 0);
    found.extend(numbers(chaos.loss_ppm).into_iter().map(|n| Chaos { loss_ppm: n, ..chaos }));
    found.extend(
        numbers(chaos.duplicate_ppm).into_iter().map(|n| Chaos { duplicate_ppm: n, ..chaos }),
    );
    found.extend(spans(chaos.reorder).into_iter().map(|reorder| Chaos { reorder, ..chaos }));
    found.extend(numbers(chaos.corrupt_ppm).into_iter().map(|n| Chaos { corrupt_ppm: n, ..chaos }));
    found.retain(|calmer| *calmer != chaos);
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{NodeSpec, Topology};
    use crate::fault::{ConnectionFault, Fault, Plan};
    use crate::id::StoreId;
    use crate::time::Time;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);
    const C: NodeId = NodeId(3);

    fn faults() -> Vec<FaultKind> {
        let store = StoreId(1);
        let span = Span::micros(12_345_678);
        let chaos = Chaos {
            loss_ppm: 123_456,
            burst: span,
            duplicate_ppm: 7,
            reorder: span,
            corrupt_ppm: 99,
        };
        let bandwidth = Bandwidth { bytes_per_second: 1234, queue: 5678 };
        let spikes = Spikes { odds_ppm: 1234, by: span };
        let (a, b) = (vec![A, B], vec![C]);
        vec![
            FaultKind::Link(LinkFault::PartitionOneway(a.clone(), b.clone())),
            FaultKind::Link(LinkFault::Latency(a.clone(), b.clone(), Latency::Uniform(span, span))),
            FaultKind::Link(LinkFault::Spikes(a.clone(), b.clone(), spikes)),
            FaultKind::Link(LinkFault::Bandwidth(a.clone(), b.clone(), bandwidth)),
            FaultKind::Link(LinkFault::Chaos(a.clone(), b, chaos)),
            FaultKind::Connection(ConnectionFault::IdleTimeout(A, B, span)),
            FaultKind::Node(NodeFault::RestartStorm { node: A, down: span, up: span }),
            FaultKind::Node(NodeFault::RollingRestart { nodes: a, down: span }),
            FaultKind::Node(NodeFault::Throttle { node: A, timer: None, grain: span }),
            FaultKind::Store(StoreFault::Slow(store, span)),
            FaultKind::Store(StoreFault::Failing(store, 123_456)),
            FaultKind::Clock(ClockFault::Drift(A, -123_456)),
            FaultKind::People(PeopleFault::Flood { from: A, to: B, per_second: 123 }),
        ]
    }

    #[test]
    fn a_simpler_fault_can_be_planned_and_simplifying_ends() {
        let node = |id| NodeSpec::new(id, ());
        let topology = Topology { nodes: [A, B, C].map(node).to_vec(), stores: vec![StoreId(1)] };
        for kind in faults() {
            // Whichever version is chosen at each step.
            for choice in 0..4 {
                let mut kind = kind.clone();
                let mut steps = 0;
                loop {
                    let plan = Plan(vec![Fault::at(Time::ZERO, kind.clone())]);
                    assert_eq!(plan.validate(&topology), Ok(()), "{kind:?}");
                    let simpler = kind.simpler();
                    assert!(!simpler.contains(&kind), "{kind:?}");
                    let Some(next) = simpler.get(choice % simpler.len().max(1)) else { break };
                    kind = next.clone();
                    steps += 1;
                    assert!(steps < 200, "{kind:?}");
                }
            }
        }
    }

    #[test]
    fn a_node_is_taken_out_of_a_group_and_nobody_does_not_become_everybody() {
        let cut = FaultKind::Link(LinkFault::Partition(vec![A, B], vec![C]));
        let left = FaultKind::Link(LinkFault::Partition(vec![B], vec![C]));
        assert_eq!(cut.without(&[A]), Some(left));
        assert_eq!(cut.without(&[A, B]), None);
        assert_eq!(cut.without(&[C]), None);
        let from_all = FaultKind::Link(LinkFault::Partition(vec![A], Vec::new()));
        assert_eq!(from_all.without(&[C]), Some(from_all.clone()));
        let reset = FaultKind::Connection(ConnectionFault::Reset(A, B));
        assert_eq!(reset.without(&[B]), None);
        assert_eq!(reset.without(&[C]), Some(reset.clone()));
    }
}
