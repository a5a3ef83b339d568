//! One line of a foreign log, and what its fields say.

use serde_json::{Map, Value as Json};

use super::Mapping;
use super::mapping::word;
use super::sane::{COUNT_MAX, NAME_BYTES_MAX};
use crate::history::Position;

/// Why a line cannot be used: the field that is to blame, and what was expected.
pub(super) type Wrong = (Option<String>, String);

/// The fields of one line, by what they say.
pub(super) struct Row<'a> {
    pub(super) map: &'a Map<String, Json>,
    pub(super) mapping: &'a Mapping,
}

impl<'a> Row<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a Json> {
        let direct = self.map.get(name).or_else(|| {
            let mut parts = name.split('.');
            let first = self.map.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        });
        direct.filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Wrong> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            Some(Json::Bool(flag)) => flag.to_string(),
            Some(_) => return Err(wrong(name, "expected a text or a number")),
        };
        if text.len() > NAME_BYTES_MAX {
            let most = format!("expected at most {NAME_BYTES_MAX} bytes: a name, not a content");
            return Err(wrong(name, &most));
        }
        Ok(Some(text))
    }

    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let expected = || format!("expected a whole number from 0 to {COUNT_MAX}");
        number.filter(|n| *n <= COUNT_MAX).map(Some).ok_or_else(|| wrong(name, &expected()))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong(name, "expected true or false")),
        }
    }

    /// A word of ours that a field says, or that the kind of line carries.
    pub(super) fn word<T: for<'de> serde::Deserialize<'de>>(
        &self,
        name: &str,
        carried: Option<&str>,
        expected: &str,
    ) -> Result<Option<T>, Wrong> {
        let text = self.text(name)?;
        let Some(text) = text.as_deref().or(carried) else { return Ok(None) };
        let known = word(self.mapping.ours(text)).map(Some);
        known.ok_or_else(|| {
            let map = "if it means one of these, say which under [words] of the mapping";
            wrong(name, &format!("`{text}` is not known; expected {expected}; {map}"))
        })
    }

    pub(super) fn position(&self, name: &str) -> Result<Option<Position>, Wrong> {
        let Some(seq) = self.count(name)? else { return Ok(None) };
        let (numbers, epoch_name) = (self.mapping.numbers, &self.mapping.fields.epoch);
        let epoch = self.count(epoch_name)?.unwrap_or(numbers.epoch_first);
        let seq = (seq + 1).checked_sub(numbers.seq_first);
        let seq = seq.ok_or_else(|| wrong(name, "is before numbers.seq_first of the mapping"))?;
        let epoch = (epoch + 1).checked_sub(numbers.epoch_first);
        let epoch = epoch.and_then(|n| u32::try_from(n).ok()).and_then(std::num::NonZeroU32::new);
        let expected = "expected an epoch from numbers.epoch_first of the mapping on";
        Ok(Some(Position { epoch: epoch.ok_or_else(|| wrong(epoch_name, expected))?, seq }))
    }
}

pub(super) fn wrong(name: &str, message: &str) -> Wrong {
    (Some(name.to_owned()), format!("`{name}`: {message}"))
}

pub(super) fn missing(name: &str, why: &str) -> Wrong {
    (
        None,
        format!(
            "expected a field `{name}`, {why}; or say under [fields] of a mapping what it is called"
        ),
    )
}

pub(super) fn full(what: &str, most: u32) -> Wrong {
    let remedy = "split the recording by document, or map a field with fewer names";
    (None, format!("more than {most} {what}: {remedy}"))
}
