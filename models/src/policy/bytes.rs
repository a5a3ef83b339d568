//! Sizes, as they are written in a policy.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes. It is written with a unit, such as `256 KB`, and can be read without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u32);

/// The units, the largest first. As everybody has it who limits messages, each is 1024 of the one
/// below.
const UNITS: [(&str, u32); 3] = [("MB", 1 << 20), ("KB", 1 << 10), ("B", 1)];

/// Why a text is not a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// The number is missing, too large or not whole.
    #[error("`{0}` is not a size: expected a whole number with a unit, such as 256 KB or 1 MB")]
    Number(String),
    /// The unit is not one of ours.
    #[error("`{0}` has no known unit: expected B, KB or MB, such as {1} KB")]
    Unit(String, String),
}

impl Bytes {
    /// So many times 1024 bytes.
    pub const fn kib(count: u32) -> Self {
        Self(count << 10)
    }

    /// The number and the unit of the largest unit that it is so many of; none has less than one.
    fn in_units(self) -> Option<(u32, &'static str)> {
        let whole = |(_, unit): &&(&str, u32)| self.0 >= *unit && self.0.is_multiple_of(*unit);
        UNITS.iter().find(whole).map(|(name, unit)| (self.0 / unit, *name))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = self.in_units().unwrap_or((0, "B"));
        f.pad(&format!("{count} {unit}"))
    }
}

impl FromStr for Bytes {
    type Err = BytesError;

    fn from_str(text: &str) -> Result<Self, BytesError> {
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (digits, name) = text.split_at(split);
        let number = || BytesError::Number(text.to_owned());
        let count: u32 = digits.parse().map_err(|_| number())?;
        let unit = UNITS.iter().find(|(unit, _)| *unit == name.trim());
        let (_, unit) = unit.ok_or_else(|| BytesError::Unit(text.to_owned(), digits.to_owned()))?;
        count.checked_mul(*unit).map(Self).ok_or_else(number)
    }
}

/// Nothing, which mostly means no limit, has no unit.
impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 > 0 && serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Size;
        impl Visitor<'_> for Size {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size, such as 256 KB, or a number of bytes")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_u64<E: Error>(self, count: u64) -> Result<Bytes, E> {
                let count = u32::try_from(count);
                count.map(Bytes).map_err(|_| E::custom("a size is below 4096 MB"))
            }
            fn visit_i64<E: Error>(self, count: i64) -> Result<Bytes, E> {
                let count = u64::try_from(count);
                self.visit_u64(count.map_err(|_| E::custom("a size is not negative"))?)
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Size)
        } else {
            u32::deserialize(deserializer).map(Self)
        }
    }
}
