//! The digest of a run: 128 bits over every trace event, in a portable encoding.
//!
//! Numbers are fed in little-endian order and values as `words.rs` spells them out, so that the
//! digest is the same on every machine; the hash is XXH3, whose output is fixed by its
//! specification.
//! Bytes are gathered and hashed in large pieces, since hashing many small ones costs more
//! than the copy.

mod words;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use words::Words;
use xxhash_rust::xxh3::Xxh3;

const PIECE: usize = 8 * 1024;

/// A finished digest, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A digest being made.
pub struct Digester {
    hash: Xxh3,
    pending: Vec<u8>,
}

impl Default for Digester {
    fn default() -> Self {
        Self { hash: Xxh3::new(), pending: Vec::with_capacity(PIECE + 1024) }
    }
}

impl Digester {
    /// Takes in one trace event as four words.
    #[inline]
    pub fn words(&mut self, words: [u64; 4]) {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        self.pending.extend_from_slice(&bytes);
        self.spill();
    }

    /// Takes in one word.
    #[inline]
    pub fn word(&mut self, word: u64) {
        self.pending.extend_from_slice(&word.to_le_bytes());
        self.spill();
    }

    /// Takes in a value.
    ///
    /// # Panics
    /// If the value's own `Serialize` reports an error, which derived ones do not.
    #[inline]
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        value.serialize(Words(&mut self.pending)).expect("a value that can be written to a digest");
        self.spill();
    }

    #[inline]
    fn spill(&mut self) {
        if self.pending.len() >= PIECE {
            self.hash.update(&self.pending);
            self.pending.clear();
        }
    }

    /// The digest of all that was taken in.
    pub fn finish(mut self) -> Digest {
        self.hash.update(&self.pending);
        Digest(self.hash.digest128())
    }
}
