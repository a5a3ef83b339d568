//! The digest of a run: 128 bits over every trace event, in a portable encoding.
//!
//! Words are fed in little-endian order and values through postcard, so that the digest is the
//! same on every machine; the hash is XXH3, whose output is fixed by its specification.
//! Bytes are gathered and hashed in large pieces, since hashing many small ones costs more
//! than the copy.

use std::fmt;
use std::str::FromStr;

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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

    /// Takes in a value through postcard, and tells how many bytes it came to.
    ///
    /// # Panics
    /// If the value's own `Serialize` reports an error, which derived ones do not.
    #[inline]
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> usize {
        let before = self.pending.len();
        postcard::serialize_with_flavor(value, Sink(&mut self.pending))
            .expect("a value that can be written to a digest");
        let written = self.pending.len() - before;
        self.spill();
        written
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

struct Sink<'a>(&'a mut Vec<u8>);

impl Flavor for Sink<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }
    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        // Most numbers take up to three bytes, for which a call to copy them is too much.
        match *bytes {
            [a] => self.0.push(a),
            [a, b] => self.0.extend_from_slice(&[a, b]),
            [a, b, c] => self.0.extend_from_slice(&[a, b, c]),
            _ => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
