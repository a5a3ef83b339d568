//! Random numbers that are functions of a key.
//!
//! Nothing here has a hidden stream that all draws share: a [`Draw`] is a pure function of the
//! words it was keyed with, and its samples are indexed, so that the outcome of one never
//! shifts the next. This is what lets a shrinker remove an operation and leave the fate of
//! every other packet as it was.
//!
//! The mixer is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), whose output is fixed by its
//! definition; golden vectors stand in `tests/determinism.rs`.

use crate::time::Span;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function.
#[inline]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A key made of the words given so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// The key of a whole run.
    #[inline]
    pub const fn seeded(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(GOLDEN)))
    }

    /// The key narrowed by one more word.
    #[inline]
    pub const fn key(self, word: u64) -> Self {
        Self(mix(self.0.rotate_left(23) ^ word.wrapping_mul(GOLDEN)).wrapping_add(self.0))
    }

    /// The key narrowed by a word for people: a purpose or a name.
    pub const fn purpose(self, name: &str) -> Self {
        let bytes = name.as_bytes();
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            i += 1;
        }
        self.key(hash)
    }

    /// Sample number `index` of this key: 64 uniform bits.
    #[inline]
    pub const fn word(self, index: u64) -> u64 {
        mix(self.0.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Sample `index`, uniform in `0..bound`; zero where `bound` is zero.
    #[inline]
    pub const fn below(self, index: u64, bound: u64) -> u64 {
        ((self.word(index) as u128 * bound as u128) >> 64) as u64
    }

    /// Sample `index`, uniform in `low..=high`.
    #[inline]
    pub fn span(self, index: u64, low: Span, high: Span) -> Span {
        let width = high.saturating_sub(low).as_micros() + 1;
        low + Span::micros(self.below(index, width))
    }

    /// Sample `index`: true with a probability of `ppm` in a million.
    #[inline]
    pub const fn chance(self, index: u64, ppm: u32) -> bool {
        self.below(index, 1_000_000) < ppm as u64
    }
}

/// A node's own randomness for one purpose: sample after sample of one key.
///
/// A part of a node that draws takes an `Rng` of its own with [`Rng::fork`], so that one part
/// drawing more does not change what another draws.
#[derive(Clone, Debug)]
pub struct Rng {
    draw: Draw,
    next: u64,
}

impl Rng {
    /// The samples of `draw`, from the first.
    pub const fn new(draw: Draw) -> Self {
        Self { draw, next: 0 }
    }

    /// An independent source, named after what it is for.
    pub const fn fork(&self, purpose: &str) -> Self {
        Self::new(self.draw.purpose(purpose))
    }

    fn take(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// 64 uniform bits.
    pub fn word(&mut self) -> u64 {
        let index = self.take();
        self.draw.word(index)
    }

    /// Uniform in `0..bound`; zero where `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let index = self.take();
        self.draw.below(index, bound)
    }

    /// Uniform in `low..=high`.
    pub fn span(&mut self, low: Span, high: Span) -> Span {
        let index = self.take();
        self.draw.span(index, low, high)
    }

    /// True with a probability of `ppm` in a million.
    pub fn chance(&mut self, ppm: u32) -> bool {
        let index = self.take();
        self.draw.chance(index, ppm)
    }
}
