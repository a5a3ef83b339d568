//! Names of a foreign log as numbers, in the order in which they appear, and back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Names that are kept for good, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: BTreeMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The number of a name, or nothing where there are `most` others already.
    pub(super) fn number(&mut self, name: &str, most: u32) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        let number = u32::try_from(self.names.len()).ok().filter(|number| *number < most)?;
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        Some(number)
    }

    pub(super) fn name(&self, number: u32) -> Option<&str> {
        self.names.get(number as usize).map(AsRef::as_ref)
    }
}

/// The names that appeared last, under numbers that go up; older ones are forgotten.
#[derive(Debug)]
pub(super) struct Recent {
    window: u32,
    numbers: BTreeMap<Arc<str>, u32>,
    names: VecDeque<Arc<str>>,
    /// The number of the first name that is kept.
    first: u32,
}

impl Recent {
    /// Numbers start at `first`.
    pub(super) const fn new(window: u32, first: u32) -> Self {
        Self { window, numbers: BTreeMap::new(), names: VecDeque::new(), first }
    }

    /// The number of a name that is known.
    pub(super) fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The number of a name, a new one if it is not known; nothing once all numbers are used up.
    pub(super) fn number(&mut self, name: &str) -> Option<u32> {
        self.known(name).map_or_else(|| self.add(name), Some)
    }

    /// Gives a name a new number, whatever it stood for before.
    pub(super) fn add(&mut self, name: &str) -> Option<u32> {
        let number = self.next()?;
        let name: Arc<str> = name.into();
        self.names.push_back(Arc::clone(&name));
        self.numbers.insert(name, number);
        if self.names.len() > self.window as usize
            && let Some(old) = self.names.pop_front()
        {
            if self.numbers.get(&old) == Some(&self.first) {
                self.numbers.remove(&old);
            }
            self.first += 1;
        }
        Some(number)
    }

    /// The number that comes next.
    pub(super) fn next(&self) -> Option<u32> {
        self.first.checked_add(u32::try_from(self.names.len()).ok()?)
    }

    /// The first number that is still known.
    pub(super) const fn first(&self) -> u32 {
        self.first
    }

    pub(super) fn name(&self, number: u32) -> Option<&str> {
        let place = number.checked_sub(self.first)?;
        self.names.get(place as usize).map(AsRef::as_ref)
    }
}

/// How the values that appeared last read, by their hash.
#[derive(Debug, Default)]
pub(super) struct Values {
    texts: BTreeMap<u64, Arc<str>>,
    order: VecDeque<u64>,
}

/// The most characters of a value that a report shows.
const SHOWN: usize = 40;

impl Values {
    pub(super) fn keep(&mut self, hash: u64, text: &str, most: u32) {
        if self.texts.contains_key(&hash) {
            return;
        }
        let short: String = text.chars().take(SHOWN).collect();
        let dots = if short.len() < text.len() { "..." } else { "" };
        self.texts.insert(hash, format!("{short}{dots}").into());
        self.order.push_back(hash);
        if self.order.len() > most as usize
            && let Some(old) = self.order.pop_front()
        {
            self.texts.remove(&old);
        }
    }

    pub(super) fn text(&self, hash: u64) -> Option<&str> {
        self.texts.get(&hash).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beyond_the_window_is_forgotten_and_gets_a_new_number() {
        let mut names = Recent::new(2, 1);
        assert_eq!(
            ["a", "b", "a", "c", "a"].map(|name| names.number(name)),
            [1, 2, 1, 3, 4].map(Some)
        );
        assert_eq!(names.name(1), None);
        assert_eq!(names.name(4), Some("a"));
        assert_eq!(names.known("b"), None);
    }

    #[test]
    fn names_that_are_kept_for_good_end_at_their_limit() {
        let mut names = Names::default();
        assert_eq!(
            ["a", "b", "c", "a"].map(|name| names.number(name, 2)),
            [Some(0), Some(1), None, Some(0)]
        );
    }
}
