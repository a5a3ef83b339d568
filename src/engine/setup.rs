//! What a world is made of: topology and network, as a case carries them.

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, StoreId};
use crate::rng::Draw;
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
}

impl<R> Topology<R> {
    /// Whether the case has a node of this name.
    pub fn has(&self, id: NodeId) -> bool {
        self.nodes.iter().any(|node| node.id == id)
    }
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Latency {
    /// Always this long.
    Constant(Span),
    /// Anything between the two, both included.
    Uniform(Span, Span),
    /// At least the first, and an exponential tail with the second as its mean, cut at ten
    /// times that.
    Exponential(Span, Span),
}

impl Latency {
    /// Sample `index` of `draw`.
    #[inline]
    pub fn sample(self, draw: Draw, index: u64) -> Span {
        match self {
            Self::Constant(span) => span,
            Self::Uniform(low, high) => draw.span(index, low, high),
            Self::Exponential(least, mean) => {
                let millinats = neg_ln_milli(draw.word(index) | 1).min(10_000);
                least + Span::micros(mean.as_micros() * millinats / 1000)
            }
        }
    }
}

/// -ln(word / 2^64) in thousandths: the integer part of log2 from the leading zeros, ten
/// binary digits more by repeated squaring.
fn neg_ln_milli(word: u64) -> u64 {
    let zeros = u64::from(word.leading_zeros());
    let mut mantissa = u128::from(word << zeros);
    let mut fraction = 0;
    for _ in 0..10 {
        mantissa = (mantissa * mantissa) >> 63;
        fraction <<= 1;
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    let log2 = ((zeros + 1) << 10) - fraction;
    log2 * 693_147 / (1000 << 10)
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
        }
    }
}

/// What a stream may not do and a chaotic link does, per message, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Messages lost.
    pub loss_ppm: u32,
    /// Messages delivered twice.
    pub duplicate_ppm: u32,
    /// Up to this much later than its turn.
    pub reorder: Span,
}

impl Chaos {
    /// Whether the link keeps the promises of a stream.
    pub fn is_calm(self) -> bool {
        self == Self::default()
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
