//! Whether what is not as in the reference was used.
//!
//! A section of the policy that differs from the reference, and a step that is done in a wrong
//! way, take note when they are used. The note lies beside the run, for whoever counts in how many
//! runs the code of a flaw was reached at all: it is no observation, and nothing that a node does
//! and no invariant can depend on it.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

thread_local! {
    static REACHED: Cell<bool> = const { Cell::new(false) };
}

/// Whether anything that is not as in the reference was used on this thread since the last time
/// that somebody asked.
///
/// ```
/// use wavetank_models::{Policy, probed};
///
/// let mut policy = Policy::default();
/// assert!(!policy.client.dial.timeout.is_zero() && !probed::take());
/// policy.client.dial.timeout = Default::default();
/// assert!(policy.client.dial.timeout.is_zero() && probed::take());
/// assert!(!probed::take());
/// ```
pub fn take() -> bool {
    REACHED.replace(false)
}

/// A value that takes note when it is used, if it is not as in the reference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Probed<T> {
    value: T,
    differs: bool,
}

impl<T> Probed<T> {
    /// As in the reference.
    pub const fn right(value: T) -> Self {
        Self { value, differs: false }
    }

    /// What is worked out from it, which takes note in its place if it is not what comes of the
    /// reference.
    pub fn map<U: PartialEq>(&self, made_of: impl Fn(&T) -> U) -> Probed<U>
    where
        T: Default,
    {
        let value = made_of(&self.value);
        let differs = self.differs && value != made_of(&T::default());
        Probed { value, differs }
    }

    /// Puts what is not as in the reference in its place.
    pub fn set(&mut self, value: T) {
        *self = Self { value, differs: true };
    }
}

impl<T> Deref for Probed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        if self.differs {
            REACHED.set(true);
        }
        &self.value
    }
}

impl<T> DerefMut for Probed<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.differs = true;
        &mut self.value
    }
}

impl<T: PartialEq> PartialEq for Probed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Probed<T> {}

impl<T: Serialize> Serialize for Probed<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(to)
    }
}

impl<'de, T: Deserialize<'de> + Default + PartialEq> Deserialize<'de> for Probed<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = T::deserialize(from)?;
        let differs = value != T::default();
        Ok(Self { value, differs })
    }
}
