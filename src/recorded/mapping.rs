//! How a foreign log is read: which of its fields says what, and what its words mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The unit of a log's times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Seconds, with a fraction.
    #[default]
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
    /// A text such as `2026-01-31T12:00:00.5Z`.
    Rfc3339,
}

/// What is done with a line whose kind is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// It is an error.
    #[default]
    Refuse,
    /// It is passed over and counted.
    Skip,
}

/// The names of a log's fields, by what they say. A name with dots leads into inner objects. A
/// field that a log does not have stays absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are named by what the fields of a log say")]
pub struct Fields {
    pub time: String,
    pub kind: String,
    pub node: String,
    pub message: String,
    pub state: String,
    pub connection: String,
    pub side: String,
    pub to: String,
    pub live: String,
    pub by: String,
    pub code: String,
    pub document: String,
    pub epoch: String,
    pub seq: String,
    pub cursor: String,
    pub operation: String,
    pub client: String,
    pub values: String,
    pub whole: String,
    pub pending: String,
    pub stale: String,
}

impl Default for Fields {
    fn default() -> Self {
        let same = str::to_owned;
        Self {
            time: same("time"),
            kind: same("kind"),
            node: same("node"),
            message: same("message"),
            state: same("state"),
            connection: same("connection"),
            side: same("side"),
            to: same("to"),
            live: same("live"),
            by: same("by"),
            code: same("code"),
            document: same("document"),
            epoch: same("epoch"),
            seq: same("seq"),
            cursor: same("cursor"),
            operation: same("operation"),
            client: same("client"),
            values: same("values"),
            whole: same("whole"),
            pending: same("pending"),
            stale: same("stale"),
        }
    }
}

/// How a log counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Numbers {
    /// The sequence number of a document's first event.
    pub seq_first: u64,
    /// The first epoch.
    pub epoch_first: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { seq_first: 1, epoch_first: 1 }
    }
}

/// How a foreign log is read. The default reads what the recorders in `sims/recorders/` write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// The unit of times.
    pub unit: Unit,
    /// The name of the node that a line tells of where the line does not say.
    pub node: String,
    /// The nodes that accept connections; all others dial.
    pub servers: Vec<String>,
    /// What is done with a line whose kind is not known.
    pub unknown: Unknown,
    /// Whether no two operations ever write the same value: then a value that appears twice, or
    /// in another document, was not written there.
    pub unique_values: bool,
    /// The names of fields.
    pub fields: Fields,
    /// What the kinds of line mean: `"msg_in" = "delivered"`, or `"update_out" = "sent event"`.
    pub kinds: BTreeMap<String, String>,
    /// What the log's other words mean: kinds of message, states, requests.
    pub words: BTreeMap<String, String>,
    /// How the log counts.
    pub numbers: Numbers,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            unit: Unit::default(),
            node: "server".to_owned(),
            servers: vec!["server".to_owned()],
            unknown: Unknown::default(),
            unique_values: false,
            fields: Fields::default(),
            kinds: BTreeMap::new(),
            words: BTreeMap::new(),
            numbers: Numbers::default(),
        }
    }
}

/// What happened, as a kind of line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Happening {
    Started,
    Crashed,
    Restarted,
    Paused,
    Resumed,
    Dialled,
    Opened,
    Refused,
    Closed,
    Sent,
    Delivered,
    Given,
    Committed,
    Executed,
    Flushed,
    Shown,
    Told,
    Status,
    Quiet,
    Skip,
}

/// The kinds of line, for error messages.
pub(super) const HAPPENINGS: &str = "started, crashed, restarted, paused, resumed, dialled, \
     opened, refused, closed, sent, delivered, given, committed, executed, flushed, shown, told, \
     status, quiet or skip";

/// A word of ours, such as `sync-request`.
pub(super) fn word<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};
    let deserializer: StrDeserializer<'_, Error> = text.into_deserializer();
    T::deserialize(deserializer).ok()
}

impl Mapping {
    /// What is wrong with the mapping itself, if anything is.
    ///
    /// # Errors
    /// A kind that is mapped to no kind of ours, or an empty name.
    pub fn check(&self) -> Result<(), String> {
        for (foreign, ours) in &self.kinds {
            let first = ours.split_whitespace().next().unwrap_or_default();
            if word::<Happening>(first).is_none() {
                return Err(format!(
                    "kinds: `{foreign}` is mapped to `{ours}`; expected {HAPPENINGS}, and after it \
                     perhaps a kind of message or a state"
                ));
            }
        }
        Ok(())
    }

    /// What a kind of line means, and the word that its meaning carries with it.
    pub(super) fn kind<'a>(&'a self, kind: &'a str) -> Option<(Happening, Option<&'a str>)> {
        let text = self.kinds.get(kind).map_or(kind, String::as_str);
        let mut words = text.split_whitespace();
        Some((word(words.next()?)?, words.next()))
    }

    /// What a word of the log is in ours.
    pub(super) fn ours<'a>(&'a self, foreign: &'a str) -> &'a str {
        self.words.get(foreign).map_or(foreign, String::as_str)
    }
}
