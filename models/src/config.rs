//! What the nodes of a case are built from.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use wavetank::time::Span;

use crate::policy::{Patch, PatchError, Policy};
use crate::versions::Versions;

/// The heartbeat of the server, as the operator of a deployment sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// The pause between pings; 0 sends none.
    pub interval: Span,
    /// How long after a ping is due its answer may take.
    pub timeout: Span,
}

/// A policy, and the coding mistakes that the nodes are built with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Config {
    /// The policy.
    #[serde(default)]
    pub policy: Policy,
    /// Steps of parts that are done in a wrong way, as `path = value`.
    #[serde(default, skip_serializing_if = "Patch::is_empty")]
    pub flaws: Patch,
    /// The heartbeat that this deployment needs, in place of the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat: Option<Beat>,
    /// How long this application's page takes to take an event in, where it takes any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Span>,
    /// The most bytes of a message that pass in this deployment, where that is less than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_bytes: Option<u32>,
    /// What is deployed, where that is not the first version everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
    /// The number of the last event of each document that its log does not reach back to, where
    /// the documents are older than their logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_after: Option<u64>,
}

impl Config {
    /// The configuration with a patch put over it: knobs go to the policy, the rest to the
    /// flaws. A flaw that is set to its right value is taken out.
    ///
    /// # Errors
    /// A path that is neither a knob nor a known step, or a value that does not fit, alone or
    /// beside the others.
    pub fn patched(&self, patch: &Patch) -> Result<Self, PatchError> {
        let mut config = self.clone();
        for (path, value) in patch.iter() {
            if config.policy.has(path) {
                config.policy = config.policy.with(path, value)?;
            } else {
                crate::flaws::check(path, value)?;
                config.flaws.set(path, value.clone());
                if crate::flaws::is_right(path, value) {
                    config.flaws.remove(path);
                }
            }
        }
        config.possible()
    }

    /// The configuration, if its policy can work.
    fn possible(self) -> Result<Self, PatchError> {
        match self.policy.contradiction() {
            Some((knob, message)) => Err(PatchError::Value { path: knob.to_owned(), message }),
            None => Ok(self),
        }
    }

    /// All in which the configuration differs from the reference: the path, the reference's
    /// value, and its own.
    pub fn differences(&self) -> Vec<crate::policy::Knob> {
        let mut found = crate::policy::differences(&Policy::default(), &self.policy);
        found.extend(self.flaws.iter().map(|(path, value)| crate::policy::Knob {
            path: path.to_owned(),
            reference: crate::flaws::right(path),
            value: value.clone(),
        }));
        found
    }
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, to)
    }
}

/// What is read is held to what a policy file is: nodes that are built from it can work, and
/// have every flaw that it names.
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let config = Self::deserialize(from)?.possible().map_err(D::Error::custom)?;
        for (path, value) in config.flaws.iter() {
            crate::flaws::check(path, value).map_err(D::Error::custom)?;
        }
        Ok(config)
    }
}
