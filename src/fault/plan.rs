//! What a plan can say.

use serde::{Deserialize, Serialize};

use crate::engine::{Chaos, Latency, Topology};
use crate::id::{NodeId, StoreId};
use crate::time::{Span, Time};

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
    /// What goes wrong, and where.
    pub kind: FaultKind,
}

/// The kinds of fault, grouped as people think of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A path between nodes.
    Link(LinkFault),
    /// A connection that is open at that time.
    Connection(ConnectionFault),
    /// A process or its host.
    Node(NodeFault),
    /// A store.
    Store(StoreFault),
    /// A clock.
    Clock(ClockFault),
    /// A person's device.
    Device(DeviceFault),
}

/// What can happen to the paths between two groups of nodes. An empty second group is
/// everybody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkFault {
    /// Nothing passes either way. Streams ride it out; casts are lost.
    Partition(Vec<NodeId>, Vec<NodeId>),
    /// Nothing passes from the first group to the second.
    PartitionOneway(Vec<NodeId>, Vec<NodeId>),
    /// Everything waits, and arrives at once when the fault ends.
    Hold(Vec<NodeId>, Vec<NodeId>),
    /// The path takes this long, both ways.
    Latency(Vec<NodeId>, Vec<NodeId>, Latency),
    /// The path loses, doubles or reorders single messages, both ways.
    Chaos(Vec<NodeId>, Vec<NodeId>, Chaos),
}

/// What can happen to the connections between two nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionFault {
    /// They break; part of what is in flight still arrives.
    Reset(NodeId, NodeId),
    /// Something between ends them with this code.
    Close(NodeId, NodeId, u16),
    /// Nothing more comes from the first node, and nobody is told.
    HalfOpen(NodeId, NodeId),
}

/// What can happen to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeFault {
    /// The process dies and runs again when the fault ends.
    Crash(NodeId),
    /// The host loses power: its peers hear nothing.
    PowerLoss(NodeId),
    /// The process handles nothing, while its transport goes on acknowledging.
    Pause(NodeId),
}

/// What can happen to a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreFault {
    /// Each way takes this much longer.
    Slow(StoreId, Span),
    /// Requests fail, this many in a million.
    Failing(StoreId, u32),
    /// Requests are executed and reported failed, this many in a million.
    Ambiguous(StoreId, u32),
    /// Part of what was not flushed is lost.
    SuffixLost(StoreId),
    /// The store is as it was when the fault began, from when the fault ends.
    Restored(StoreId),
    /// Nothing is left.
    Emptied(StoreId),
}

/// What can happen to a node's clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockFault {
    /// The wall clock is this much ahead.
    Ahead(NodeId, Span),
    /// The wall clock is this much behind.
    Behind(NodeId, Span),
    /// Both clocks run fast (or slow), in millionths.
    Drift(NodeId, i32),
}

/// What can happen to a person's device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceFault {
    /// It has no network, and says so.
    Offline(NodeId),
    /// It says that it has no network, but it has.
    SaysOffline(NodeId),
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
}

impl FaultKind {
    /// A short name, as people use it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Link(LinkFault::Partition(..)) => "partition",
            Self::Link(LinkFault::PartitionOneway(..)) => "partition-oneway",
            Self::Link(LinkFault::Hold(..)) => "hold",
            Self::Link(LinkFault::Latency(..)) => "latency",
            Self::Link(LinkFault::Chaos(..)) => "chaos",
            Self::Connection(ConnectionFault::Reset(..)) => "reset",
            Self::Connection(ConnectionFault::Close(..)) => "close",
            Self::Connection(ConnectionFault::HalfOpen(..)) => "half-open",
            Self::Node(NodeFault::Crash(_)) => "crash",
            Self::Node(NodeFault::PowerLoss(_)) => "power-loss",
            Self::Node(NodeFault::Pause(_)) => "pause",
            Self::Store(StoreFault::Slow(..)) => "store-slow",
            Self::Store(StoreFault::Failing(..)) => "store-failing",
            Self::Store(StoreFault::Ambiguous(..)) => "store-ambiguous",
            Self::Store(StoreFault::SuffixLost(_)) => "store-suffix-lost",
            Self::Store(StoreFault::Restored(_)) => "store-restored",
            Self::Store(StoreFault::Emptied(_)) => "store-emptied",
            Self::Clock(ClockFault::Ahead(..)) => "clock-ahead",
            Self::Clock(ClockFault::Behind(..)) => "clock-behind",
            Self::Clock(ClockFault::Drift(..)) => "clock-drift",
            Self::Device(DeviceFault::Offline(_)) => "offline",
            Self::Device(DeviceFault::SaysOffline(_)) => "says-offline",
        }
    }

    /// The nodes that the fault names.
    pub fn nodes(&self) -> Vec<NodeId> {
        match self {
            Self::Link(
                LinkFault::Partition(a, b)
                | LinkFault::PartitionOneway(a, b)
                | LinkFault::Hold(a, b)
                | LinkFault::Latency(a, b, _)
                | LinkFault::Chaos(a, b, _),
            ) => a.iter().chain(b).copied().collect(),
            Self::Connection(
                ConnectionFault::Reset(a, b)
                | ConnectionFault::Close(a, b, _)
                | ConnectionFault::HalfOpen(a, b),
            ) => vec![*a, *b],
            Self::Node(
                NodeFault::Crash(node) | NodeFault::PowerLoss(node) | NodeFault::Pause(node),
            )
            | Self::Clock(
                ClockFault::Ahead(node, _)
                | ClockFault::Behind(node, _)
                | ClockFault::Drift(node, _),
            )
            | Self::Device(DeviceFault::Offline(node) | DeviceFault::SaysOffline(node)) => {
                vec![*node]
            }
            Self::Store(_) => Vec::new(),
        }
    }

    /// The store that the fault names.
    pub const fn store(&self) -> Option<StoreId> {
        match self {
            Self::Store(
                StoreFault::Slow(store, _)
                | StoreFault::Failing(store, _)
                | StoreFault::Ambiguous(store, _)
                | StoreFault::SuffixLost(store)
                | StoreFault::Restored(store)
                | StoreFault::Emptied(store),
            ) => Some(*store),
            _ => None,
        }
    }
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
            match fault.kind {
                FaultKind::Clock(ClockFault::Drift(_, ppm)) if ppm.abs() > 500_000 => {
                    return Err(PlanError::Drift(i, ppm));
                }
                FaultKind::Store(StoreFault::Failing(_, ppm) | StoreFault::Ambiguous(_, ppm))
                    if ppm > 1_000_000 =>
                {
                    return Err(PlanError::Odds(i, ppm));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Fault {
    /// A fault that happens at an instant.
    pub const fn at(at: Time, kind: FaultKind) -> Self {
        Self { at, lasts: Span::ZERO, kind }
    }
    /// A fault that lasts.
    pub const fn lasting(at: Time, lasts: Span, kind: FaultKind) -> Self {
        Self { at, lasts, kind }
    }
}
