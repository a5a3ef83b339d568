//! Simulated time: integer microseconds, printed and parsed with a unit.
//!
//! [`Time`] is the true time of a run, which nodes cannot read. Nodes read [`Mono`] and
//! [`Wall`], their own clocks, which may be wrong.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time in microseconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

/// True time since the start of the run. Nodes never see it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A reading of a node's monotonic clock.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mono(u64);

/// A reading of a node's wall clock: microseconds since the Unix epoch.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Wall(u64);

/// What a node can know of the time: its own two clocks, possibly wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Never goes back within one incarnation; may drift.
    pub mono: Mono,
    /// May be offset and may jump both ways.
    pub wall: Wall,
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const MAX: Self = Self(u64::MAX / 4);

    /// A span of `n` microseconds.
    pub const fn micros(n: u64) -> Self {
        Self(n)
    }
    /// A span of `n` milliseconds.
    pub const fn millis(n: u64) -> Self {
        Self(n * 1_000)
    }
    /// A span of `n` seconds.
    pub const fn secs(n: u64) -> Self {
        Self(n * 1_000_000)
    }
    /// Whole microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }
    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }
    /// Whether the span is empty.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }
    /// `percent` hundredths of the span, rounded down.
    pub const fn percent(self, percent: u64) -> Self {
        Self((self.0 as u128 * percent as u128 / 100) as u64)
    }
    /// The difference, or nothing where `other` is longer.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Time {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// Later than any event.
    pub const MAX: Self = Self(u64::MAX / 4);

    /// The instant `n` microseconds after the start.
    pub const fn from_micros(n: u64) -> Self {
        Self(n)
    }
    /// Microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }
    /// The time since `earlier`, or nothing where that is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Mono {
    /// The reading of `n` microseconds.
    pub const fn from_micros(n: u64) -> Self {
        Self(n)
    }
    /// Microseconds since this clock's zero.
    pub const fn as_micros(self) -> u64 {
        self.0
    }
    /// The time since `earlier`, or nothing where that is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Wall {
    /// 2026-01-01 00:00 UTC, where every run starts: the epoch of an unskewed wall clock.
    pub const START: Self = Self(1_767_225_600_000_000);

    /// The reading of `n` microseconds since the Unix epoch.
    pub const fn from_micros(n: u64) -> Self {
        Self(n)
    }
    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }
    /// The time since `earlier`, or nothing where that is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

macro_rules! moves_by_span {
    ($($clock:ident),*) => {$(
        impl Add<Span> for $clock {
            type Output = Self;
            fn add(self, span: Span) -> Self {
                Self(self.0.saturating_add(span.0))
            }
        }
        impl Sub<Span> for $clock {
            type Output = Self;
            fn sub(self, span: Span) -> Self {
                Self(self.0.saturating_sub(span.0))
            }
        }
        impl AddAssign<Span> for $clock {
            fn add_assign(&mut self, span: Span) {
                *self = *self + span;
            }
        }
    )*};
}
moves_by_span!(Span, Time, Mono, Wall);

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

/// Units, longest first; the last two entries of a span's text never mix.
const UNITS: [(&str, u64); 5] =
    [("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0;
        if micros == 0 {
            return f.pad("0s");
        }
        let whole = |unit: u64| micros.is_multiple_of(unit) && micros / unit >= 2;
        let (name, unit) = match micros {
            _ if whole(UNITS[0].1) => UNITS[0],
            _ if whole(UNITS[1].1) => UNITS[1],
            1_000_000.. => UNITS[2],
            1_000.. => UNITS[3],
            _ => UNITS[4],
        };
        let digits = unit.ilog10() as usize;
        let fraction = format!("{:0digits$}", micros % unit);
        let fraction = fraction.trim_end_matches('0');
        let text = match fraction {
            "" => format!("{}{name}", micros / unit),
            _ => format!("{}.{fraction}{name}", micros / unit),
        };
        f.pad(&text)
    }
}

/// Why a text is not a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// The number is missing, negative, too long or not decimal.
    #[error("`{0}` is not a duration: expected a number with a unit, such as 250ms or 30s")]
    Number(String),
    /// The unit is not one of ours.
    #[error("`{0}` has no known unit: expected us, ms, s, min or h, such as {1}")]
    Unit(String, String),
}

impl FromStr for Span {
    type Err = SpanError;

    /// Reads `250ms`, `1.5s`, `2min`, `4h`; microseconds are the finest step.
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let number = || SpanError::Number(text.to_owned());
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (digits, name) = text.split_at(split);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(number());
        }
        let Some((_, unit)) = UNITS.iter().find(|(unit, _)| *unit == name.trim()) else {
            return Err(SpanError::Unit(text.to_owned(), format!("{whole}s")));
        };
        let mut micros: u64 =
            whole.parse::<u64>().ok().and_then(|n| n.checked_mul(*unit)).ok_or_else(number)?;
        let mut scale = *unit;
        for digit in fraction.bytes().map(|b| u64::from(b - b'0')) {
            if !scale.is_multiple_of(10) && digit != 0 {
                return Err(number());
            }
            scale /= 10;
            micros = micros.checked_add(digit * scale).ok_or_else(number)?;
        }
        if micros > Self::MAX.0 { Err(number()) } else { Ok(Self(micros)) }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Mono {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mono {}", Span(self.0))
    }
}

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wall {}us", self.0)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            u64::deserialize(deserializer).map(Self)
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Span(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Span::deserialize(deserializer).map(|span| Self(span.0))
    }
}
