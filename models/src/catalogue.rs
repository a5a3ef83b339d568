//! The catalogue of failure modes, as data.
//!
//! Each entry is a patch of the reference that makes it wrong in one way, with the invariant
//! that it breaks, how bad that is, and how to mend it. One file per area in `catalogue/`. What
//! no simulation can show is an artefact: it names the file of the project that covers it.

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

impl Severity {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Monitor => "MONITOR",
        }
    }
}

/// What links must do for a failure to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// What streams do: messages come in order, and only the last ones are lost, with the
    /// connection.
    Stream,
    /// What no stream does, but handlers that run in parallel do: single messages are lost,
    /// doubled or reordered.
    Chaos,
}

impl Transport {
    /// The same in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Stream => "shows on links that keep a stream's promises",
            Self::Chaos => "shows only on links that lose, double or reorder single messages",
        }
    }
}

/// A failure mode with what every one has, and what only its sort has.
macro_rules! failure_mode {
    ($(#[$about:meta])* $name:ident { $($(#[$field:meta])* pub $key:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
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
            $($(#[$field])* pub $key: $type,)*
        }
    };
}

failure_mode! {
    /// One that a simulation can show.
    Entry {
        /// Why it is as bad as that, where the audit documents differ or give no level.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub severity_note: String,
        /// The knob or the step of a part that is wrong.
        pub knob: String,
        /// Its right value.
        pub reference: Value,
        /// Its wrong value.
        pub patch: Value,
        /// The invariant that it breaks.
        pub invariant: String,
        /// The scenarios that excite it, which are looked at before the others.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub scenarios: Vec<String>,
        /// What links must do for it to show.
        pub transport: Transport,
        /// Whether the very fault is what a node says of itself, so that nothing but a claim can
        /// show it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub wrong_claim: bool,
        /// What to do about it.
        pub fix: String,
        /// What the fix costs.
        pub trade_off: String,
        /// What to watch in production.
        pub metrics: Vec<String>,
    }
}

failure_mode! {
    /// One that no simulation can show.
    Artefact {
        /// The file that covers it, from the root of the project.
        pub path: String,
    }
}

impl Entry {
    /// The entry as a patch of the reference.
    pub fn as_patch(&self) -> Patch {
        Patch::one(&self.knob, self.patch.clone())
    }

    /// What mends it, as a patch.
    pub fn as_fix(&self) -> Patch {
        Patch::one(&self.knob, self.reference.clone())
    }
}

/// What a file of the catalogue holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    #[serde(default)]
    entry: Vec<Entry>,
    #[serde(default)]
    artefact: Vec<Artefact>,
}

const AREAS: [&str; 12] = [
    include_str!("../catalogue/connection.toml"),
    include_str!("../catalogue/reconnection.toml"),
    include_str!("../catalogue/delivery.toml"),
    include_str!("../catalogue/heartbeat.toml"),
    include_str!("../catalogue/processing.toml"),
    include_str!("../catalogue/staleness.toml"),
    include_str!("../catalogue/backend.toml"),
    include_str!("../catalogue/tearing.toml"),
    include_str!("../catalogue/consistency.toml"),
    include_str!("../catalogue/errors.toml"),
    include_str!("../catalogue/security.toml"),
    include_str!("../catalogue/observability.toml"),
];

static CATALOGUE: LazyLock<Area> = LazyLock::new(|| {
    let mut all = Area { entry: Vec::new(), artefact: Vec::new() };
    for text in AREAS {
        let area: Area = toml::from_str(text).expect("the catalogue can be read");
        all.entry.extend(area.entry);
        all.artefact.extend(area.artefact);
    }
    all
});

/// The failure modes that a simulation can show.
pub fn entries() -> &'static [Entry] {
    &CATALOGUE.entry
}

/// Those that none can.
pub fn artefacts() -> &'static [Artefact] {
    &CATALOGUE.artefact
}

/// The failure modes of a knob, the one with exactly this wrong value first.
pub fn of_knob(knob: &str, value: &Value) -> Option<&'static Entry> {
    let mut of_knob = entries().iter().filter(|entry| entry.knob == knob);
    let exact = entries().iter().find(|entry| entry.knob == knob && entry.patch == *value);
    exact.or_else(|| of_knob.next())
}
