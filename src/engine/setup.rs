//! What a world is made of: topology and network, as a case carries them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::path::{Bandwidth, Latency, Spikes};
use crate::id::{NodeId, StoreId};
use crate::protocol::{Peer, Protocol};
use crate::time::{Span, Time};

/// The nodes and stores of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology<R> {
    /// The nodes, in the order in which they start at one instant.
    pub nodes: Vec<NodeSpec<R>>,
    /// The stores that they use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<StoreId>,
}

/// One node of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSpec<R> {
    /// Its name.
    pub id: NodeId,
    /// What it is.
    pub role: R,
    /// The device that it shares with others; none is one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<u32>,
    /// The store that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// It does not run until a tab is forked into it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dormant: bool,
}

impl<R> NodeSpec<R> {
    /// A node with no store and a device of its own, that runs from the start.
    pub const fn new(id: NodeId, role: R) -> Self {
        Self { id, role, device: None, store: None, dormant: false }
    }
    /// With this store.
    pub fn with_store(self, store: StoreId) -> Self {
        Self { store: Some(store), ..self }
    }
    /// On this device.
    pub fn on_device(self, device: u32) -> Self {
        Self { device: Some(device), ..self }
    }
    /// Not running until a tab is forked into it.
    pub fn dormant(self) -> Self {
        Self { dormant: true, ..self }
    }
}

impl<R> Topology<R> {
    /// Whether the case has a node of this name.
    pub fn has(&self, id: NodeId) -> bool {
        self.nodes.iter().any(|node| node.id == id)
    }
}

/// What lies between the nodes. The defaults are a fair network and a quick store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// One way between two devices.
    pub latency: Latency,
    /// One way between two nodes of one device.
    pub local_latency: Latency,
    /// From a request until the store executes it, and from there until its reply.
    pub store_latency: Latency,
    /// What an await point takes.
    pub task_latency: Latency,
    /// Bytes that a send buffer holds before it is full.
    pub send_buffer: u32,
    /// What takes much longer between two devices.
    #[serde(skip_serializing_if = "is_default")]
    pub spikes: Spikes,
    /// What a path between two devices carries at most, each way; none is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// How long a credential is good for.
    #[serde(skip_serializing_if = "is_usual_lifetime")]
    pub credential_lifetime: Span,
}

const CREDENTIAL_LIFETIME: Span = Span::secs(3600);

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_usual_lifetime(span: &Span) -> bool {
    *span == CREDENTIAL_LIFETIME
}

impl Default for Network {
    fn default() -> Self {
        let millis = Span::millis;
        Self {
            latency: Latency::Uniform(millis(10), millis(100)),
            local_latency: Latency::Uniform(Span::micros(100), millis(2)),
            store_latency: Latency::Uniform(Span::micros(500), millis(5)),
            task_latency: Latency::Uniform(Span::micros(50), millis(5)),
            send_buffer: 1 << 20,
            spikes: Spikes::default(),
            bandwidth: None,
            credential_lifetime: CREDENTIAL_LIFETIME,
        }
    }
}

impl Network {
    /// Everybody in one building, on cables: a round trip of a millisecond or two.
    pub fn lan() -> Self {
        Self {
            latency: Latency::Uniform(Span::micros(200), Span::millis(1)),
            bandwidth: Some(Bandwidth { bytes_per_second: 125_000_000, queue: 1 << 20 }),
            ..Self::default()
        }
    }
    /// Over the air to a router and on over a good line; one message in a hundred waits for
    /// a quarter of a second.
    pub fn wifi() -> Self {
        Self {
            latency: Latency::Exponential(Span::millis(8), Span::millis(12)),
            spikes: Spikes { odds_ppm: 10_000, by: Span::millis(250) },
            bandwidth: Some(Bandwidth { bytes_per_second: 3_000_000, queue: 256 << 10 }),
            ..Self::default()
        }
    }
    /// From a moving telephone: slow, uneven, and narrow towards the network.
    pub fn mobile() -> Self {
        Self {
            latency: Latency::Exponential(Span::millis(40), Span::millis(60)),
            spikes: Spikes { odds_ppm: 30_000, by: Span::millis(1500) },
            bandwidth: Some(Bandwidth { bytes_per_second: 250_000, queue: 128 << 10 }),
            ..Self::default()
        }
    }
}

/// Ends of a run's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The run ends here.
    pub end: Time,
    /// Events of the whole run.
    pub events: u64,
    /// Events of one instant.
    pub instant: u64,
}

/// For each node, those that it may dial or cast to, in the order of the topology.
pub(crate) fn peers<P: Protocol>(topology: &Topology<P::Role>) -> Vec<Vec<Peer<P::Role>>> {
    let nodes = &topology.nodes;
    let servers: Vec<usize> = (0..nodes.len()).filter(|i| P::serves(nodes[*i].role)).collect();
    let mut devices: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, node) in nodes.iter().enumerate() {
        if let Some(device) = node.device {
            devices.entry(device).or_default().push(i);
        }
    }
    let of = |me: usize| {
        let near = nodes[me].device.and_then(|device| devices.get(&device));
        let mut known: Vec<usize> =
            servers.iter().chain(near.into_iter().flatten()).copied().collect();
        known.sort_unstable();
        known.dedup();
        known.retain(|peer| *peer != me);
        known
            .into_iter()
            .map(|peer| Peer {
                id: nodes[peer].id,
                role: nodes[peer].role,
                same_device: near.is_some_and(|near| near.contains(&peer)),
            })
            .collect()
    };
    (0..nodes.len()).map(of).collect()
}
