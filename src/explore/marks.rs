//! Marks: the states that a campaign must reach, lest it prove nothing.

use std::collections::BTreeMap;

use super::run::Outcome;
use super::scenario::Scenario;
use crate::protocol::Protocol;

/// A mark that the protocol's catalogue does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// A node made it.
    #[error("a node made the mark `{0}`, which Protocol::MARKS does not list")]
    Made(&'static str),
    /// A scenario promises it.
    #[error("the scenario {0} promises the mark `{1}`, which Protocol::MARKS does not list")]
    Promised(&'static str, &'static str),
}

/// How often each mark was reached. Those that never were count zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(BTreeMap<&'static str, u64>);

impl Marks {
    /// Every mark of a protocol's catalogue, never reached so far.
    pub fn new<P: Protocol>() -> Self {
        Self(P::MARKS.iter().map(|mark| (mark.name, 0)).collect())
    }

    /// Adds the marks of one run.
    ///
    /// # Errors
    /// A mark that is not in the catalogue.
    pub fn add(&mut self, outcome: &Outcome) -> Result<(), MarkError> {
        for (mark, times) in &outcome.marks {
            *self.0.get_mut(mark).ok_or(MarkError::Made(mark))? += times;
        }
        Ok(())
    }

    /// How often a mark was reached.
    pub fn times(&self, mark: &str) -> u64 {
        self.0.get(mark).copied().unwrap_or(0)
    }

    /// Every mark of the catalogue by name, and how often it was reached.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(mark, times)| (*mark, *times))
    }

    /// What a scenario promises and was not reached.
    pub fn unreached<P: Protocol>(&self, scenario: &dyn Scenario<P>) -> Vec<&'static str> {
        let promised = scenario.must_reach().iter().copied();
        promised.filter(|mark| self.times(mark) == 0).collect()
    }
}

/// Checks that scenarios promise only marks that the catalogue has.
///
/// # Errors
/// The first that it does not have.
pub fn check_promises<P: Protocol>(scenarios: &[&dyn Scenario<P>]) -> Result<(), MarkError> {
    let is_known = |name: &str| P::MARKS.iter().any(|mark| mark.name == name);
    for scenario in scenarios {
        if let Some(mark) = scenario.must_reach().iter().find(|mark| !is_known(mark)) {
            return Err(MarkError::Promised(scenario.name(), mark));
        }
    }
    Ok(())
}
