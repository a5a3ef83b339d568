//! Policy files: a system's policy in TOML, with what it promises and what is known of it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};
use wavetank::harness::{did_you_mean, nearest};
use wavetank::invariant::Suite;
use wavetank::objectives::Objectives;

use super::{Patch, Policy};
use crate::advice::line_of;
use crate::config::Config;
use crate::protocol::DocSync;

/// A policy file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// What was in it.
    pub document: Document,
    text: String,
}

/// What a policy file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The system that the policy is of.
    pub system: System,
    /// The policy.
    #[serde(default)]
    pub policy: Policy,
    /// Coding mistakes that the system is known or thought to have.
    #[serde(default)]
    pub flaws: Patch,
    /// What the system documents that it does.
    #[serde(default)]
    pub promises: Vec<Promise>,
    /// Statements of the documentation that a run can check.
    #[serde(default)]
    pub conformance: Vec<Conformance>,
}

/// The system that a policy is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// What people call it.
    pub name: String,
    /// The version that the documentation is of.
    pub version: String,
    /// What the model stands on, for the first line of a report.
    pub model: String,
    /// What was taken for granted, each with the setting that confirms it.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// What the policy language cannot say about the system.
    #[serde(default)]
    pub beyond: Vec<String>,
}

/// Something that a system's documentation promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The invariant that would show the promise broken.
    pub invariant: String,
    /// The promise in words.
    pub says: String,
    /// Where it stands.
    pub cite: String,
}

/// A statement of a system's documentation, and what a run of the model must show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conformance {
    /// The statement.
    pub statement: String,
    /// Where it stands.
    pub cite: String,
    /// The probe that is run.
    pub probe: String,
    /// What the probe must come to.
    pub expect: String,
}

/// Why a policy file cannot be used. Says where, what was expected, and the nearest valid name.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// There is no such file, and no bundled policy of this name.
    #[error(
        "{name}: no such file, and no bundled policy of this name{}",
        did_you_mean(.nearest.as_deref())
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// The bundled policy with the nearest name.
        nearest: Option<String>,
    },
    /// The text is not a policy, or not one that can work.
    #[error("{path}:{line}: {message}")]
    Text {
        /// Which file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and the remedy.
        message: String,
    },
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    /// A file that cannot be read, or a text that is not a policy that can work.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| PolicyError::Read { path: path.display().to_string(), source })?;
        Self::parse(path, text)
    }

    /// Reads a policy from a text; `path` is what errors and reports call it.
    ///
    /// # Errors
    /// A text that is not a policy that can work.
    pub fn parse(path: &Path, text: String) -> Result<Self, PolicyError> {
        let name = path.display().to_string();
        let fail = |line, message| PolicyError::Text { path: name.clone(), line, message };
        let document: Document = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            fail(line, advice(error.message()))
        })?;
        let file = Self { path: path.to_owned(), document, text };
        if let Some((knob, message)) = file.document.policy.contradiction() {
            return Err(fail(file.line(knob).unwrap_or(1), format!("`{knob}`: {message}")));
        }
        for (path, value) in file.document.flaws.iter() {
            if let Err(error) = crate::flaws::check(path, value) {
                return Err(fail(file.line(path).unwrap_or(1), error.to_string()));
            }
        }
        let shipped = Suite::<DocSync>::shipped(&Objectives::default()).history;
        for (place, Promise { invariant, .. }) in file.document.promises.iter().enumerate() {
            if !shipped.iter().any(|one| one.name() == invariant) {
                let nearest = nearest(invariant, shipped.iter().map(|one| one.name().to_owned()));
                let suggestion = did_you_mean(nearest.as_deref());
                let message = format!("no invariant is called `{invariant}`{suggestion}");
                return Err(fail(file.promise_line(place).unwrap_or(1), message));
            }
        }
        Ok(file)
    }

    /// What nodes are built from.
    pub fn config(&self) -> Config {
        let Document { policy, flaws, .. } = &self.document;
        Config { policy: policy.clone(), flaws: flaws.clone(), ..Config::default() }
    }

    /// The line at which a promise names its invariant.
    fn promise_line(&self, place: usize) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let DeValue::Array(promises) = root.get_ref().get("promises")?.get_ref() else {
            return None;
        };
        let DeValue::Table(promise) = promises.get(place)?.get_ref() else { return None };
        let (key, _) = promise.get_key_value("invariant")?;
        Some(line_of(&self.text, key.span().start))
    }

    /// The line, from 1, at which a knob or a flaw stands.
    pub fn line(&self, knob: &str) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let root = root.get_ref();
        if let Some(DeValue::Table(flaws)) = root.get("flaws").map(|value| value.get_ref())
            && let Some((key, _)) = flaws.get_key_value(knob)
        {
            return Some(line_of(&self.text, key.span().start));
        }
        let mut table = root;
        let mut steps = std::iter::once("policy").chain(knob.split('.')).peekable();
        while let Some(step) = steps.next() {
            let (key, value) = table.get_key_value(step)?;
            match value.get_ref() {
                DeValue::Table(inner) if steps.peek().is_some() => table = inner,
                _ => return Some(line_of(&self.text, key.span().start)),
            }
        }
        None
    }
}

/// Adds the nearest valid name to a message that lists what was expected.
fn advice(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2).map(str::to_owned);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let nearest = quoted
        .next()
        .filter(|_| unknown)
        .and_then(|given| nearest(&given, quoted.collect::<Vec<_>>()));
    format!("{message}{}", did_you_mean(nearest.as_deref()))
}
