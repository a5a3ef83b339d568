//! Whether the model of a system does what the system's documentation says.
//!
//! A *probe* builds a small case around a configuration, runs it, and reads an outcome off the
//! history: a word, a number, or a duration. A statement of the documentation names a probe and
//! what it must come to. Probes know what happens, not how the nodes were built.

mod delivery;
mod expect;
mod lab;
mod retry;
mod silence;

use wavetank::harness::{did_you_mean, nearest};
use wavetank_models::Config;
use wavetank_models::policy::Conformance;

/// A statement of a documentation, and what the model did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The statement.
    pub statement: String,
    /// Where it stands.
    pub cite: String,
    /// The probe that was run.
    pub probe: String,
    /// What it must come to.
    pub expect: String,
    /// What it came to, or why it was not run.
    pub found: String,
    /// Whether that is as expected.
    pub holds: bool,
}

/// No probe has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no probe is called `{name}`{}", did_you_mean(.nearest.as_deref()))]
pub struct UnknownProbe {
    /// What was asked for.
    pub name: String,
    /// The nearest name that there is.
    pub nearest: Option<String>,
}

/// A small case around a configuration, and what it came to.
type Probe = fn(&Config) -> String;

fn all() -> impl Iterator<Item = &'static (&'static str, Probe)> {
    [delivery::PROBES, silence::PROBES, retry::PROBES].into_iter().flatten()
}

/// The names of all probes.
pub fn probes() -> Vec<&'static str> {
    all().map(|(name, _)| *name).collect()
}

/// Runs one probe on a configuration.
///
/// # Errors
/// A name that no probe has, with the nearest that one has.
pub fn probe(config: &Config, name: &str) -> Result<String, UnknownProbe> {
    let found = all().find(|(known, _)| *known == name);
    let unknown = || UnknownProbe {
        name: name.to_owned(),
        nearest: nearest(name, probes().into_iter().map(str::to_owned)),
    };
    let (_, run) = found.ok_or_else(unknown)?;
    Ok(run(config))
}

/// Checks statements on a configuration. One with an unknown probe does not hold, and says so.
pub fn check(config: &Config, statements: &[Conformance]) -> Vec<Checked> {
    let check = |one: &Conformance| {
        let (found, holds) = match probe(config, &one.probe) {
            Ok(found) => {
                let holds = expect::holds(&one.expect, &found);
                (found, holds)
            }
            Err(unknown) => (unknown.to_string(), false),
        };
        let Conformance { statement, cite, probe, expect } = one.clone();
        Checked { statement, cite, probe, expect, found, holds }
    };
    statements.iter().map(check).collect()
}
