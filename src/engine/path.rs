//! What a path between two nodes does to what travels on it.

use serde::{Deserialize, Serialize};

use crate::rng::Draw;
use crate::time::{Span, Time};

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

/// Now and then something takes much longer: a retransmission, a scan of the air.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spikes {
    /// Messages that meet one, in millionths.
    pub odds_ppm: u32,
    /// What it adds.
    pub by: Span,
}

/// What a path carries at most. A stream that wants more waits, and its send buffer fills;
/// what is in no stream is dropped when the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// Bytes in a second; not 0.
    pub bytes_per_second: u32,
    /// Bytes that may wait for their turn.
    pub queue: u32,
}

impl Bandwidth {
    /// How long it takes to put a message on the path.
    fn time_of(self, size: u32) -> Span {
        Span::micros(u64::from(size) * 1_000_000 / u64::from(self.bytes_per_second.max(1)))
    }
    /// How long the last byte of a full queue waits.
    fn longest_wait(self) -> Span {
        self.time_of(self.queue)
    }
}

/// What a stream may not do and a chaotic path does, per message; odds are in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Messages lost.
    pub loss_ppm: u32,
    /// Losses come in bursts of this length: of all such stretches of time, `loss_ppm` lose
    /// every message. None: each message is lost by itself.
    #[serde(skip_serializing_if = "Span::is_zero")]
    pub burst: Span,
    /// Messages delivered twice.
    pub duplicate_ppm: u32,
    /// Up to this much later than its turn; what was sent later may come first.
    pub reorder: Span,
    /// Messages that arrive as something that is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub corrupt_ppm: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Chaos {
    /// Whether the path keeps the promises of a stream.
    pub fn is_calm(self) -> bool {
        self == Self::default()
    }
}

/// What faults make of a path; what is not set is as usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weather {
    /// How long the path takes.
    pub latency: Option<Latency>,
    /// What takes much longer.
    pub spikes: Option<Spikes>,
    /// What the path carries at most.
    pub bandwidth: Option<Bandwidth>,
    /// What a stream may not do.
    pub chaos: Option<Chaos>,
}

/// All that decides what becomes of a message on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quality {
    latency: Latency,
    spikes: Spikes,
    bandwidth: Option<Bandwidth>,
    chaos: Chaos,
    /// Nothing but a latency: most paths, most of the time.
    plain: bool,
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    pub(crate) at: Time,
    pub(crate) lost: bool,
    pub(crate) corrupt: bool,
    /// When a second copy arrives.
    pub(crate) again: Option<Time>,
}

impl Quality {
    pub(crate) fn new(
        latency: Latency,
        spikes: Spikes,
        bandwidth: Option<Bandwidth>,
        chaos: Chaos,
    ) -> Self {
        let plain = spikes.odds_ppm == 0 && bandwidth.is_none() && chaos.is_calm();
        Self { latency, spikes, bandwidth, chaos, plain }
    }

    pub(crate) fn under(self, weather: Weather) -> Self {
        Self::new(
            weather.latency.unwrap_or(self.latency),
            weather.spikes.unwrap_or(self.spikes),
            weather.bandwidth.or(self.bandwidth),
            weather.chaos.unwrap_or(self.chaos),
        )
    }

    /// How long it takes to carry a message in a stream, where the path is narrow.
    pub(crate) fn time_of(&self, size: u32) -> Option<Span> {
        self.bandwidth.filter(|_| self.is_calm()).map(|bandwidth| bandwidth.time_of(size))
    }

    /// Whether there is nothing but a latency.
    #[inline]
    pub(crate) const fn is_plain(&self) -> bool {
        self.plain
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.plain || self.chaos.is_calm()
    }

    /// The fate of a message of `size` bytes. `draw` belongs to it alone, `link` to the path;
    /// `free` is when the path has put everything before it on its way.
    #[inline]
    pub(crate) fn fate(
        &self,
        draw: Draw,
        link: Draw,
        now: Time,
        size: u32,
        free: &mut Time,
    ) -> Fate {
        let at = now + self.latency.sample(draw, 0);
        if self.plain {
            return Fate { at, lost: false, corrupt: false, again: None };
        }
        self.rough_fate(draw, link, now, size, free)
    }

    fn rough_fate(&self, draw: Draw, link: Draw, now: Time, size: u32, free: &mut Time) -> Fate {
        let Self { latency, spikes, bandwidth, chaos, .. } = *self;
        let mut lost = Self::is_lost(chaos, draw, link, now);
        let mut start = now;
        if let Some(bandwidth) = bandwidth {
            start = now.max(*free);
            if start.since(now) > bandwidth.longest_wait() && !chaos.is_calm() {
                lost = true;
                start = now;
            } else {
                start += bandwidth.time_of(size);
                *free = start;
            }
        }
        let mut at = start + latency.sample(draw, 0) + draw.span(1, Span::ZERO, chaos.reorder);
        if draw.chance(5, spikes.odds_ppm) {
            at += spikes.by;
        }
        let twice = draw.chance(3, chaos.duplicate_ppm);
        let later = Span::millis(1) + draw.span(4, Span::ZERO, chaos.reorder);
        let corrupt = draw.chance(6, chaos.corrupt_ppm);
        Fate { at, lost, corrupt, again: twice.then_some(at + later) }
    }

    /// Bursts are keyed by the stretch of time, so that they do not depend on what is sent.
    fn is_lost(chaos: Chaos, draw: Draw, link: Draw, now: Time) -> bool {
        if chaos.burst.is_zero() {
            return draw.chance(2, chaos.loss_ppm);
        }
        let stretch = now.as_micros() / chaos.burst.as_micros();
        link.purpose("burst").key(stretch).chance(0, chaos.loss_ppm)
    }
}
