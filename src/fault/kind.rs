//! The kinds of fault.

use serde::{Deserialize, Serialize};

use crate::engine::{Bandwidth, Chaos, Latency, Spikes};
use crate::id::{NodeId, StoreId, Topic};
use crate::time::Span;

/// The kinds of fault, grouped as people think of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A path between nodes.
    Link(LinkFault),
    /// The connections between two nodes, or their making.
    Connection(ConnectionFault),
    /// A process or its host.
    Node(NodeFault),
    /// A store.
    Store(StoreFault),
    /// A clock.
    Clock(ClockFault),
    /// A person's device.
    Device(DeviceFault),
    /// People, and whoever says who they are.
    People(PeopleFault),
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
    /// Now and then the path takes much longer, both ways.
    Spikes(Vec<NodeId>, Vec<NodeId>, Spikes),
    /// The path carries no more than this, each way.
    Bandwidth(Vec<NodeId>, Vec<NodeId>, Bandwidth),
    /// The path loses, doubles, reorders or damages single messages, both ways.
    Chaos(Vec<NodeId>, Vec<NodeId>, Chaos),
}

/// What can happen to the connections between two nodes. Where order matters, the first node
/// is the one that dials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionFault {
    /// They break; part of what is in flight still arrives.
    Reset(NodeId, NodeId),
    /// Something between ends them with this code.
    Close(NodeId, NodeId, u16),
    /// Nothing more comes from the first node, and nobody is told.
    HalfOpen(NodeId, NodeId),
    /// They break; the second node is told at once, the first when the fault ends.
    LateClose(NodeId, NodeId),
    /// Dials are answered with this HTTP status.
    Refuse(NodeId, NodeId, u16),
    /// Sockets are refused; the request channel works.
    Blocked(NodeId, NodeId),
    /// Dials are accepted, and ended at once with this code.
    Flap(NodeId, NodeId, u16),
    /// A proxy cuts a socket on which nothing was sent for this long.
    IdleTimeout(NodeId, NodeId, Span),
}

/// What can happen to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeFault {
    /// The process dies and runs again when the fault ends.
    Crash(NodeId),
    /// The host loses power: its peers hear nothing.
    PowerLoss(NodeId),
    /// The process dies again and again.
    RestartStorm {
        /// Which.
        node: NodeId,
        /// How long it is down each time.
        down: Span,
        /// How long it runs in between.
        up: Span,
    },
    /// The processes die one after the other, evenly over the time of the fault.
    RollingRestart {
        /// Which, in this order.
        nodes: Vec<NodeId>,
        /// How long each is down.
        down: Span,
    },
    /// The process handles nothing, while its transport goes on acknowledging.
    Pause(NodeId),
    /// Each event takes the node this long.
    Slow(NodeId, Span),
    /// Timers go off late: only when the clock reads a multiple of `grain`.
    Throttle {
        /// Whose.
        node: NodeId,
        /// The one timer that traces call by this name; none is all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timer: Option<String>,
        /// The multiple; a background tab has a second or a minute.
        grain: Span,
    },
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
    /// Requests are not executed and answered as if they were, this many in a million.
    Lying(StoreId, u32),
    /// Reads are answered from the state that the store had when the fault began.
    Stale(StoreId),
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
    /// The wall clock jumps ahead by this much, and back when the fault ends.
    Ahead(NodeId, Span),
    /// The wall clock jumps back by this much, and ahead when the fault ends.
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
    /// A dormant tab starts as a duplicate of another: with a copy of its store.
    Fork(NodeId, NodeId),
}

/// What people can do, and what can become of their credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeopleFault {
    /// Credentials that are issued to the node meanwhile are good for this long only.
    ShortLived(NodeId, Span),
    /// All credentials of the node are good no more.
    Revoked(NodeId),
    /// The node is given no credential.
    RefreshRefused(NodeId),
    /// The issuer does not answer the node.
    IssuerSilent(NodeId),
    /// The node's user may not see a topic.
    RightsWithdrawn(NodeId, Topic),
    /// The first node sends its last message to the second over and over, as long as less than
    /// half of what a queue may hold waits, to be carried or for the second to have time.
    Flood {
        /// Who sends.
        from: NodeId,
        /// To whom.
        to: NodeId,
        /// How often, at most 1000.
        per_second: u32,
    },
    /// The first node sends this many bytes to the second that are no message.
    Malformed(NodeId, NodeId, u32),
}

impl FaultKind {
    /// The names of all kinds, group by group.
    pub const NAMES: [&'static str; 43] = [
        "partition",
        "partition-oneway",
        "hold",
        "latency",
        "spikes",
        "bandwidth",
        "chaos",
        "reset",
        "close",
        "half-open",
        "late-close",
        "refuse",
        "blocked",
        "flap",
        "idle-timeout",
        "crash",
        "power-loss",
        "restart-storm",
        "rolling-restart",
        "pause",
        "slow",
        "throttle",
        "store-slow",
        "store-failing",
        "store-ambiguous",
        "store-lying",
        "store-stale",
        "store-suffix-lost",
        "store-restored",
        "store-emptied",
        "clock-ahead",
        "clock-behind",
        "clock-drift",
        "offline",
        "says-offline",
        "fork",
        "short-lived",
        "revoked",
        "refresh-refused",
        "issuer-silent",
        "rights-withdrawn",
        "flood",
        "malformed",
    ];

    /// A short name, as people use it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Link(fault) => fault.name(),
            Self::Connection(fault) => fault.name(),
            Self::Node(fault) => fault.name(),
            Self::Store(fault) => fault.name(),
            Self::Clock(ClockFault::Ahead(..)) => "clock-ahead",
            Self::Clock(ClockFault::Behind(..)) => "clock-behind",
            Self::Clock(ClockFault::Drift(..)) => "clock-drift",
            Self::Device(DeviceFault::Offline(_)) => "offline",
            Self::Device(DeviceFault::SaysOffline(_)) => "says-offline",
            Self::Device(DeviceFault::Fork(..)) => "fork",
            Self::People(fault) => fault.name(),
        }
    }

    /// Whether the fault happens at an instant; its end means nothing.
    pub const fn is_instant(&self) -> bool {
        matches!(
            self,
            Self::Connection(
                ConnectionFault::Reset(..)
                    | ConnectionFault::Close(..)
                    | ConnectionFault::HalfOpen(..)
            ) | Self::Store(StoreFault::SuffixLost(_) | StoreFault::Emptied(_))
                | Self::Device(DeviceFault::Fork(..))
                | Self::People(PeopleFault::Revoked(_) | PeopleFault::Malformed(..))
        )
    }

    /// The nodes that the fault names.
    pub fn nodes(&self) -> Vec<NodeId> {
        match self {
            Self::Link(fault) => {
                let (a, b) = fault.groups();
                a.iter().chain(b).copied().collect()
            }
            Self::Connection(fault) => fault.ends().into(),
            Self::Node(NodeFault::RollingRestart { nodes, .. }) => nodes.clone(),
            Self::Node(
                NodeFault::Crash(node)
                | NodeFault::PowerLoss(node)
                | NodeFault::RestartStorm { node, .. }
                | NodeFault::Pause(node)
                | NodeFault::Slow(node, _)
                | NodeFault::Throttle { node, .. },
            )
            | Self::Clock(
                ClockFault::Ahead(node, _)
                | ClockFault::Behind(node, _)
                | ClockFault::Drift(node, _),
            )
            | Self::Device(DeviceFault::Offline(node) | DeviceFault::SaysOffline(node))
            | Self::People(
                PeopleFault::ShortLived(node, _)
                | PeopleFault::Revoked(node)
                | PeopleFault::RefreshRefused(node)
                | PeopleFault::IssuerSilent(node)
                | PeopleFault::RightsWithdrawn(node, _),
            ) => vec![*node],
            Self::Device(DeviceFault::Fork(from, to))
            | Self::People(
                PeopleFault::Flood { from, to, .. } | PeopleFault::Malformed(from, to, _),
            ) => vec![*from, *to],
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
                | StoreFault::Lying(store, _)
                | StoreFault::Stale(store)
                | StoreFault::SuffixLost(store)
                | StoreFault::Restored(store)
                | StoreFault::Emptied(store),
            ) => Some(*store),
            _ => None,
        }
    }
}

impl LinkFault {
    const fn name(&self) -> &'static str {
        match self {
            Self::Partition(..) => "partition",
            Self::PartitionOneway(..) => "partition-oneway",
            Self::Hold(..) => "hold",
            Self::Latency(..) => "latency",
            Self::Spikes(..) => "spikes",
            Self::Bandwidth(..) => "bandwidth",
            Self::Chaos(..) => "chaos",
        }
    }

    /// The two groups whose paths are concerned.
    pub fn groups(&self) -> (&[NodeId], &[NodeId]) {
        match self {
            Self::Partition(a, b)
            | Self::PartitionOneway(a, b)
            | Self::Hold(a, b)
            | Self::Latency(a, b, _)
            | Self::Spikes(a, b, _)
            | Self::Bandwidth(a, b, _)
            | Self::Chaos(a, b, _) => (a, b),
        }
    }

    /// Whether the fault covers the path between two nodes, in either direction.
    pub fn covers(&self, one: NodeId, other: NodeId) -> bool {
        let (a, b) = self.groups();
        let across = |x: NodeId, y: NodeId| {
            a.contains(&x) && (b.contains(&y) || b.is_empty() && !a.contains(&y))
        };
        across(one, other) || across(other, one)
    }
}

impl ConnectionFault {
    const fn name(&self) -> &'static str {
        match self {
            Self::Reset(..) => "reset",
            Self::Close(..) => "close",
            Self::HalfOpen(..) => "half-open",
            Self::LateClose(..) => "late-close",
            Self::Refuse(..) => "refuse",
            Self::Blocked(..) => "blocked",
            Self::Flap(..) => "flap",
            Self::IdleTimeout(..) => "idle-timeout",
        }
    }

    /// The two nodes that it names, in its order.
    pub const fn ends(&self) -> [NodeId; 2] {
        match self {
            Self::Reset(a, b)
            | Self::Close(a, b, _)
            | Self::HalfOpen(a, b)
            | Self::LateClose(a, b)
            | Self::Refuse(a, b, _)
            | Self::Blocked(a, b)
            | Self::Flap(a, b, _)
            | Self::IdleTimeout(a, b, _) => [*a, *b],
        }
    }
}

impl NodeFault {
    const fn name(&self) -> &'static str {
        match self {
            Self::Crash(_) => "crash",
            Self::PowerLoss(_) => "power-loss",
            Self::RestartStorm { .. } => "restart-storm",
            Self::RollingRestart { .. } => "rolling-restart",
            Self::Pause(_) => "pause",
            Self::Slow(..) => "slow",
            Self::Throttle { .. } => "throttle",
        }
    }
}

impl StoreFault {
    const fn name(&self) -> &'static str {
        match self {
            Self::Slow(..) => "store-slow",
            Self::Failing(..) => "store-failing",
            Self::Ambiguous(..) => "store-ambiguous",
            Self::Lying(..) => "store-lying",
            Self::Stale(_) => "store-stale",
            Self::SuffixLost(_) => "store-suffix-lost",
            Self::Restored(_) => "store-restored",
            Self::Emptied(_) => "store-emptied",
        }
    }
}

impl PeopleFault {
    const fn name(&self) -> &'static str {
        match self {
            Self::ShortLived(..) => "short-lived",
            Self::Revoked(_) => "revoked",
            Self::RefreshRefused(_) => "refresh-refused",
            Self::IssuerSilent(_) => "issuer-silent",
            Self::RightsWithdrawn(..) => "rights-withdrawn",
            Self::Flood { .. } => "flood",
            Self::Malformed(..) => "malformed",
        }
    }
}
