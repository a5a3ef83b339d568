//! What makes two sweeps the same one, and how a sweep is cut into shards.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{Digest, Digester};
use crate::explore::{Scenario, case_of_seed, run};
use crate::invariant::Judged;

/// The version of journals and reports.
const FORMAT: u32 = 1;

/// One of the equal parts that a sweep is cut into, written `3/16`: the third of sixteen.
///
/// Run `k` of a sweep, from 0, belongs to shard `k % n + 1` of `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: u64,
}

/// Not a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a shard is written I/N, such as 3/16, with I from 1 to N and N at most {}", Shard::MOST)]
pub struct ShardError;

impl Shard {
    /// The most shards that a sweep can be cut into.
    pub const MOST: u64 = 65_536;
    /// The only shard of a sweep that is not cut.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Shard `number`, from 1, of `of`.
    ///
    /// # Errors
    /// If `number` is not between 1 and `of`, or `of` is above [`Shard::MOST`].
    pub const fn new(number: u64, of: u64) -> Result<Self, ShardError> {
        if number == 0 || number > of || of > Self::MOST {
            return Err(ShardError);
        }
        Ok(Self { number, of })
    }
    /// Which it is, from 1.
    pub const fn number(self) -> u64 {
        self.number
    }
    /// How many there are.
    pub const fn of(self) -> u64 {
        self.of
    }
    /// How many of a sweep's `runs` belong to it.
    pub const fn share(self, runs: u64) -> u64 {
        runs.saturating_sub(self.number - 1).div_ceil(self.of)
    }
    /// The number in the whole sweep of its own run number `own`; both are counted from 0.
    pub(super) const fn run(self, own: u64) -> u64 {
        own.saturating_mul(self.of).saturating_add(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = ShardError;
    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (number, of) = text.split_once('/').ok_or(ShardError)?;
        let parsed = |text: &str| text.parse().map_err(|_| ShardError);
        Self::new(parsed(number)?, parsed(of)?)
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A scenario of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweptScenario {
    /// What it is called.
    pub name: String,
    /// The marks that the sweep must reach in it.
    pub must_reach: Vec<String>,
}

/// What a sweep is, whoever runs which part of it where: two shards with the same plan can be
/// merged, and a journal can be resumed by a sweep with the same plan and shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepPlan {
    /// The version of journals and reports.
    pub format: u32,
    /// The protocol.
    pub protocol: String,
    /// Over the configuration as JSON.
    pub config: Digest,
    /// Over the marks, the cases that the first seed stands for, and the first run: two builds
    /// that differ in one of these are not the same sweep.
    pub probe: Digest,
    /// The scenarios, in the order of their turns.
    pub scenarios: Vec<SweptScenario>,
    /// The runs of all shards together; nothing where a time ends the sweep.
    pub runs: Option<u64>,
    /// The seed of the first run of each scenario.
    pub seed: u64,
}

impl SweepPlan {
    pub(super) fn new<P: Judged>(
        scenarios: &[&dyn Scenario<P>],
        config: &P::Config,
        runs: Option<u64>,
        seed: u64,
    ) -> Self {
        let text = serde_json::to_string(config).expect("a configuration can be written as JSON");
        let mut digester = Digester::default();
        digester.value(&text);
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let named = |scenario: &&dyn Scenario<P>| SweptScenario {
            name: scenario.name().to_owned(),
            must_reach: owned(scenario.must_reach()),
        };
        Self {
            format: FORMAT,
            protocol: P::NAME.to_owned(),
            config: digester.finish(),
            probe: probe(scenarios, config, seed),
            scenarios: scenarios.iter().map(named).collect(),
            runs,
            seed,
        }
    }

    /// The scenario and the seed of run `k` of the whole sweep, from 0: scenarios take turns,
    /// and after each round the seed goes up by one.
    pub(super) fn turn(&self, k: u64) -> (usize, u64) {
        let scenarios = self.scenarios.len() as u64;
        ((k % scenarios) as usize, self.seed.wrapping_add(k / scenarios))
    }

    /// How this plan differs from another that was expected, if it does, in words.
    pub fn difference(&self, expected: &Self) -> Option<String> {
        let names = |plan: &Self| {
            let names: Vec<_> = plan.scenarios.iter().map(|one| one.name.as_str()).collect();
            names.join(", ")
        };
        let runs = |plan: &Self| {
            plan.runs.map_or_else(|| "ended by time".to_owned(), |runs| runs.to_string())
        };
        let differ = |what: &str, this: &str, that: &str| {
            (this != that).then(|| format!("{what}: {this} instead of {that}"))
        };
        let number = |what: &str, this: &dyn fmt::Display, that: &dyn fmt::Display| {
            differ(what, &this.to_string(), &that.to_string())
        };
        number("the format differs", &self.format, &expected.format)
            .or_else(|| differ("the protocol differs", &self.protocol, &expected.protocol))
            .or_else(|| differ("the scenarios differ", &names(self), &names(expected)))
            .or_else(|| differ("the number of runs differs", &runs(self), &runs(expected)))
            .or_else(|| number("the seed differs", &self.seed, &expected.seed))
            .or_else(|| number("the configuration differs", &self.config, &expected.config))
            .or_else(|| {
                let what = "the code of scenarios or protocol differs";
                number(what, &self.probe, &expected.probe)
            })
            .or_else(|| {
                let what = "the promises of the scenarios differ".to_owned();
                (self != expected).then_some(what)
            })
    }
}

fn probe<P: Judged>(scenarios: &[&dyn Scenario<P>], config: &P::Config, seed: u64) -> Digest {
    let mut digester = Digester::default();
    for mark in P::MARKS {
        digester.value(mark.name);
    }
    for scenario in scenarios {
        digester.value(&case_of_seed(*scenario, config, seed).to_json());
    }
    if let Some(first) = scenarios.first() {
        digester.value(&run(&case_of_seed(*first, config, seed)).digest.0);
    }
    digester.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_belongs_to_exactly_one_shard() {
        for (runs, of) in [(0, 1), (1, 16), (7, 3), (16, 16), (100, 7)] {
            let mut seen = Vec::new();
            for number in 1..=of {
                let shard = Shard::new(number, of).expect("a shard");
                seen.extend((0..shard.share(runs)).map(|own| shard.run(own)));
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..runs).collect::<Vec<_>>(), "{runs} runs in {of}");
        }
    }

    #[test]
    fn a_shard_is_counted_from_one_and_reads_as_it_is_written() {
        let shard: Shard = "3/16".parse().expect("a shard");
        assert_eq!((shard.number(), shard.of(), shard.to_string().as_str()), (3, 16, "3/16"));
        for wrong in ["0/16", "17/16", "3", "3/", "/3", "-1/3", "1/65537", "1/0"] {
            assert_eq!(wrong.parse::<Shard>(), Err(ShardError), "{wrong}");
        }
    }
}
