//! The catalogue of failure modes, as data.
//!
//! Each entry is a patch of the reference that makes it wrong in one way, with the invariant
//! that it breaks, how bad that is, and how to mend it. One file per area in `catalogue/`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy::Patch;

/// How bad a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Data is lost or corrupted, or the page is of no use.
    Critical,
    /// Service is significantly degraded.
    High,
    /// Noticeable under specific conditions.
    Medium,
    /// To be watched.
    Monitor,
}

/// A failure mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is called.
    pub id: String,
    /// What it is, in a few words.
    pub title: String,
    /// Part of a system.
    pub area: String,
    /// The audit documents that name it, and where.
    pub sources: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What goes wrong, and for whom.
    pub failure_mode: String,
    /// What should happen.
    pub correct_behaviour: String,
    /// The knob or the step of a part that is wrong.
    pub knob: String,
    /// Its right value.
    pub reference: Value,
    /// Its wrong value.
    pub patch: Value,
    /// The invariant that it breaks.
    pub invariant: String,
    /// What to do about it.
    pub fix: String,
    /// What the fix costs.
    pub trade_off: String,
    /// What to watch in production.
    pub metrics: Vec<String>,
}

impl Entry {
    /// The entry as a patch of the reference.
    pub fn as_patch(&self) -> Patch {
        Patch::one(&self.knob, self.patch.clone())
    }
}

#[derive(Deserialize)]
struct Area {
    entry: Vec<Entry>,
}

const AREAS: [&str; 6] = [
    include_str!("../catalogue/connection.toml"),
    include_str!("../catalogue/reconnection.toml"),
    include_str!("../catalogue/delivery.toml"),
    include_str!("../catalogue/heartbeat.toml"),
    include_str!("../catalogue/processing.toml"),
    include_str!("../catalogue/backend.toml"),
];

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let read = |text: &&str| toml::from_str::<Area>(text).expect("the catalogue can be read");
    AREAS.iter().map(read).flat_map(|area| area.entry).collect()
});

/// All failure modes.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// The failure modes of a knob, the one with exactly this wrong value first.
pub fn of_knob(knob: &str, value: &Value) -> Option<&'static Entry> {
    let mut of_knob = entries().iter().filter(|entry| entry.knob == knob);
    let exact = entries().iter().find(|entry| entry.knob == knob && entry.patch == *value);
    exact.or_else(|| of_knob.next())
}
