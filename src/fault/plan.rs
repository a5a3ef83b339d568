//! What a plan can say.

use serde::{Deserialize, Serialize};

use super::{
    ClockFault, ConnectionFault, DeviceFault, FaultKind, LinkFault, NodeFault, PeopleFault,
    StoreFault,
};
use crate::engine::{Latency, Topology};
use crate::id::{NodeId, StoreId};
use crate::time::{Span, Time};

/// The fastest flood, in messages a second.
const FLOOD_MAX: u32 = 1000;
/// A million: odds of one.
const MILLION: u32 = 1_000_000;

/// The faults of a case, in the order of their times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan(pub Vec<Fault>);

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// When it begins.
    pub at: Time,
    /// How long it lasts, for those that last. It is cut short at the horizon.
    #[serde(rename = "for", default, skip_serializing_if = "Span::is_zero")]
    pub lasts: Span,
    /// It never ends, and does not heal at the horizon either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub permanent: bool,
    /// What goes wrong, and where.
    pub kind: FaultKind,
}

/// Why a plan does not fit its case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A fault names a node that the case does not have.
    #[error("fault {0} names {1}, which the topology does not have")]
    Node(usize, NodeId),
    /// A fault names a store that the case does not have.
    #[error("fault {0} names {1}, which the topology does not have")]
    Store(usize, StoreId),
    /// A fault begins before the one ahead of it in the list.
    #[error("fault {0} begins before the one ahead of it; sort the plan by `at`")]
    Order(usize),
    /// A fault would slow a clock to a stop.
    #[error("fault {0} drifts by {1} ppm; the limit is 500000 either way")]
    Drift(usize, i32),
    /// Odds above one.
    #[error("fault {0} has odds of {1} in a million")]
    Odds(usize, u32),
    /// A number that must not be zero.
    #[error("fault {0}: {1} must be more than nothing")]
    Zero(usize, &'static str),
    /// More than anybody can send.
    #[error("fault {0} floods with {1} messages a second; the limit is {FLOOD_MAX}")]
    Flood(usize, u32),
    /// A code that no close frame carries, or a status that refuses nothing.
    #[error("fault {0}: {1} is no {2}")]
    Code(usize, u16, &'static str),
    /// A latency whose bounds are the wrong way round.
    #[error("fault {0} has a latency from {1} to {2}; the shorter comes first")]
    Bounds(usize, Span, Span),
    /// A path from a node to itself, or a group of nobody.
    #[error("fault {0} is about a path from nowhere to nowhere")]
    Nowhere(usize),
    /// A fork into a node that runs already, or out of one that never does.
    #[error("fault {0} forks into {1}, which is not dormant")]
    Fork(usize, NodeId),
}

impl Plan {
    /// A plan of these faults, sorted by time.
    pub fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.at);
        Self(faults)
    }

    /// Checks that the plan fits the topology.
    ///
    /// # Errors
    /// The first fault that does not fit, by its number in the list.
    pub fn validate<R>(&self, topology: &Topology<R>) -> Result<(), PlanError> {
        let mut last = Time::ZERO;
        for (i, fault) in self.0.iter().enumerate() {
            if fault.at < last {
                return Err(PlanError::Order(i));
            }
            last = fault.at;
            if let Some(node) = fault.kind.nodes().into_iter().find(|node| !topology.has(*node)) {
                return Err(PlanError::Node(i, node));
            }
            if let Some(store) = fault.kind.store().filter(|id| !topology.stores.contains(id)) {
                return Err(PlanError::Store(i, store));
            }
            check(i, &fault.kind)?;
            if let FaultKind::Device(DeviceFault::Fork(_, to)) = fault.kind {
                let dormant = topology.nodes.iter().any(|node| node.id == to && node.dormant);
                if !dormant {
                    return Err(PlanError::Fork(i, to));
                }
            }
        }
        Ok(())
    }
}

/// Checks the numbers of a fault.
fn check(i: usize, kind: &FaultKind) -> Result<(), PlanError> {
    let odds = |ppm: u32| if ppm > MILLION { Err(PlanError::Odds(i, ppm)) } else { Ok(()) };
    let some = |span: Span, what| {
        if span.is_zero() { Err(PlanError::Zero(i, what)) } else { Ok(()) }
    };
    let close = |code: u16| match code {
        1000..=4999 => Ok(()),
        _ => Err(PlanError::Code(i, code, "close code")),
    };
    match kind {
        FaultKind::Link(fault) => check_link(i, fault, odds),
        FaultKind::Connection(fault) if fault.ends()[0] == fault.ends()[1] => {
            Err(PlanError::Nowhere(i))
        }
        FaultKind::Connection(fault) => match *fault {
            ConnectionFault::Close(_, _, code) | ConnectionFault::Flap(_, _, code) => close(code),
            ConnectionFault::Refuse(_, _, status) if !(300..=599).contains(&status) => {
                Err(PlanError::Code(i, status, "status that refuses"))
            }
            ConnectionFault::IdleTimeout(_, _, span) => some(span, "the idle timeout"),
            _ => Ok(()),
        },
        FaultKind::Node(NodeFault::RestartStorm { down, up, .. }) => {
            some(*down, "`down`").and_then(|()| some(*up, "`up`"))
        }
        FaultKind::Node(NodeFault::RollingRestart { nodes, .. }) if nodes.is_empty() => {
            Err(PlanError::Zero(i, "the number of nodes"))
        }
        FaultKind::Node(NodeFault::Slow(_, cost)) => some(*cost, "the cost of an event"),
        FaultKind::Node(NodeFault::Throttle { grain, .. }) => some(*grain, "`grain`"),
        FaultKind::Store(
            StoreFault::Failing(_, ppm) | StoreFault::Ambiguous(_, ppm) | StoreFault::Lying(_, ppm),
        ) => odds(*ppm),
        FaultKind::Clock(ClockFault::Drift(_, ppm)) if ppm.unsigned_abs() > MILLION / 2 => {
            Err(PlanError::Drift(i, *ppm))
        }
        FaultKind::People(PeopleFault::Flood { per_second, .. }) => match per_second {
            0 => Err(PlanError::Zero(i, "`per_second`")),
            1..=FLOOD_MAX => Ok(()),
            more => Err(PlanError::Flood(i, *more)),
        },
        _ => Ok(()),
    }
}

fn check_link(
    i: usize,
    fault: &LinkFault,
    odds: impl Fn(u32) -> Result<(), PlanError>,
) -> Result<(), PlanError> {
    let (a, b) = fault.groups();
    if a.is_empty() || a.iter().any(|node| b.contains(node)) {
        return Err(PlanError::Nowhere(i));
    }
    match fault {
        LinkFault::Chaos(_, _, chaos) => odds(chaos.loss_ppm)
            .and_then(|()| odds(chaos.duplicate_ppm))
            .and_then(|()| odds(chaos.corrupt_ppm)),
        LinkFault::Spikes(_, _, spikes) => odds(spikes.odds_ppm),
        LinkFault::Latency(_, _, Latency::Uniform(low, high)) if low > high => {
            Err(PlanError::Bounds(i, *low, *high))
        }
        LinkFault::Bandwidth(_, _, bandwidth) if bandwidth.bytes_per_second == 0 => {
            Err(PlanError::Zero(i, "`bytes_per_second`"))
        }
        _ => Ok(()),
    }
}

impl Fault {
    /// A fault that happens at an instant.
    pub const fn at(at: Time, kind: FaultKind) -> Self {
        Self { at, lasts: Span::ZERO, permanent: false, kind }
    }
    /// A fault that lasts.
    pub const fn lasting(at: Time, lasts: Span, kind: FaultKind) -> Self {
        Self { at, lasts, permanent: false, kind }
    }
    /// A fault that never ends.
    pub const fn for_good(at: Time, kind: FaultKind) -> Self {
        Self { at, lasts: Span::ZERO, permanent: true, kind }
    }
}

/// Faults of a plan in words, each with its name and its number.
#[cfg(any(feature = "cli", feature = "stack"))]
pub(crate) fn named(faults: &[(usize, &'static str)]) -> String {
    let named: Vec<_> = faults.iter().map(|(i, name)| format!("{name} (fault {i})")).collect();
    named.join(", ")
}
