//! What the environment asks of a check.

use std::path::PathBuf;
use std::time::Duration;

use crate::time::Span;

/// What the variables `WAVETANK_*` say. A test says the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `WAVETANK_SEED`: the first seed, a number or a git hash. A hash lets continuous
    /// integration explore new ground with every commit.
    pub seed: Option<u64>,
    /// `WAVETANK_CASES`: how many new cases.
    pub cases: Option<u64>,
    /// `WAVETANK_TIME`: new cases are made for this long, however many.
    pub time: Option<Duration>,
    /// `WAVETANK_THREADS`: threads to run on; the result does not depend on it.
    pub threads: Option<usize>,
    /// `WAVETANK_CASE`: this file is replayed, and nothing else.
    pub case: Option<PathBuf>,
    /// `WAVETANK_CHECK_DETERMINISM`: every case is run twice, not one in 16.
    pub check_determinism: bool,
    /// `WAVETANK_VERBOSE`: a check that passes says how many cases it ran.
    pub verbose: bool,
}

/// A variable that does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value}: expected {expected}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What it says.
    pub value: String,
    /// What it may say.
    pub expected: &'static str,
}

impl Settings {
    /// What the environment of the process says.
    ///
    /// # Errors
    /// A variable that cannot be read.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// What variables say that `lookup` knows. An empty one counts as none.
    ///
    /// # Errors
    /// A variable that cannot be read.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let lookup = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let flag = |name| lookup(name).map_or(Ok(false), |value| parsed(name, value, FLAG, switch));
        Ok(Self {
            seed: read(lookup, "WAVETANK_SEED", SEED, seed)?,
            cases: read(lookup, "WAVETANK_CASES", COUNT, |text| text.parse().ok())?,
            time: read(lookup, "WAVETANK_TIME", TIME, time)?,
            threads: read(lookup, "WAVETANK_THREADS", COUNT, |text| text.parse().ok())?,
            case: lookup("WAVETANK_CASE").map(PathBuf::from),
            check_determinism: flag("WAVETANK_CHECK_DETERMINISM")?,
            verbose: flag("WAVETANK_VERBOSE")?,
        })
    }
}

const SEED: &str = "a number, or a git hash of at least seven hex digits";
const COUNT: &str = "a whole number";
const TIME: &str = "a time such as 30s or 10min";
const FLAG: &str = "1 or 0";

fn read<T>(
    lookup: impl Fn(&'static str) -> Option<String>,
    name: &'static str,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, SettingsError> {
    lookup(name).map(|value| parsed(name, value, expected, parse)).transpose()
}

fn parsed<T>(
    name: &'static str,
    value: String,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, SettingsError> {
    parse(value.trim()).ok_or(SettingsError { name, value, expected })
}

/// A number in decimal or, with `0x`, in hex; or the first 64 bits of a git hash.
fn seed(text: &str) -> Option<u64> {
    let hex = |digits: &str| u64::from_str_radix(digits, 16).ok();
    if let Some(digits) = text.strip_prefix("0x") {
        return hex(digits);
    }
    let is_hash = text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.parse().ok().or_else(|| is_hash.then(|| hex(&text[..text.len().min(16)])).flatten())
}

/// A time as people write it, such as `30s`, `10min` or `8h`.
pub(super) fn time(text: &str) -> Option<Duration> {
    text.parse::<Span>().ok().map(|span| Duration::from_micros(span.as_micros()))
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}
