//! Patches: values for knobs by their path, and the differences between two policies.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wavetank::harness::did_you_mean;

use super::Policy;

/// Values by path, such as `client.reconnect.cap = "30s"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patch(BTreeMap<String, Value>);

/// Why a patch does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// No knob and no step has this path.
    #[error("no knob is called `{path}`{}", did_you_mean(.nearest.as_deref()))]
    Unknown {
        /// The path that was given.
        path: String,
        /// The nearest path that there is.
        nearest: Option<String>,
    },
    /// The value is not one of the knob's.
    #[error("`{path}`: {message}")]
    Value {
        /// The knob.
        path: String,
        /// What was expected.
        message: String,
    },
}

impl PatchError {
    /// The path that does not fit.
    pub fn path(&self) -> &str {
        match self {
            Self::Unknown { path, .. } | Self::Value { path, .. } => path,
        }
    }
}

/// One knob in which two policies differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Where it is.
    pub path: String,
    /// The first policy's value.
    pub reference: Value,
    /// The second policy's value.
    pub value: Value,
}

impl Patch {
    /// A patch of one value.
    pub fn one(path: &str, value: Value) -> Self {
        Self(BTreeMap::from([(path.to_owned(), value)]))
    }
    /// Whether nothing is patched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The values in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(path, value)| (path.as_str(), value))
    }
    /// Sets one value.
    pub fn set(&mut self, path: &str, value: Value) {
        self.0.insert(path.to_owned(), value);
    }
    /// Takes one value out.
    pub fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (path, value)) in self.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{path} = {value}")?;
        }
        Ok(())
    }
}

/// A policy as leaves by path. A list is one leaf.
fn leaves(policy: &Policy) -> BTreeMap<String, Value> {
    fn walk(prefix: &str, value: Value, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                    walk(&path, value, into);
                }
            }
            leaf => {
                into.insert(prefix.to_owned(), leaf);
            }
        }
    }
    let mut into = BTreeMap::new();
    let value = serde_json::to_value(policy).expect("a policy can be written as JSON");
    walk("", value, &mut into);
    // An empty table is not written, but can be set.
    into.entry("client.reconnect.table".to_owned()).or_insert(Value::Array(Vec::new()));
    into
}

/// The knobs in which two policies differ, in the order of their paths.
pub fn differences(reference: &Policy, policy: &Policy) -> Vec<Knob> {
    let right = leaves(reference);
    leaves(policy)
        .into_iter()
        .filter_map(|(path, value)| {
            let reference = right.get(&path).cloned().unwrap_or(Value::Null);
            (reference != value).then_some(Knob { path, reference, value })
        })
        .collect()
}

impl Policy {
    /// Whether a knob of this path exists.
    pub fn has(&self, path: &str) -> bool {
        leaves(self).contains_key(path)
    }

    /// All paths of knobs.
    pub fn paths() -> Vec<String> {
        leaves(&Self::default()).into_keys().collect()
    }

    /// The policy with one knob set.
    ///
    /// # Errors
    /// A path that is no knob, or a value that is not one of the knob's.
    pub fn with(&self, path: &str, value: &Value) -> Result<Self, PatchError> {
        let unknown = || PatchError::Unknown {
            path: path.to_owned(),
            nearest: wavetank::harness::nearest(path, Self::paths()),
        };
        if !self.has(path) {
            return Err(unknown());
        }
        let mut tree = serde_json::to_value(self).expect("a policy can be written as JSON");
        let (table, key) = path.rsplit_once('.').ok_or_else(unknown)?;
        let pointer = format!("/{}", table.replace('.', "/"));
        let table = tree.pointer_mut(&pointer).and_then(Value::as_object_mut);
        table.ok_or_else(unknown)?.insert(key.to_owned(), value.clone());
        serde_json::from_value(tree).map_err(|error| PatchError::Value {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }
}
