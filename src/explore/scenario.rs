//! Scenarios: where cases come from.

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::case::Case;
use crate::protocol::Protocol;
use crate::rng::Draw;

/// A situation that a protocol must survive: a strategy for cases, and what it takes.
///
/// `Resets` of the example is one:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait Scenario<P: Protocol>: Sync {
    /// What people call it.
    fn name(&self) -> &'static str;
    /// What happens in it, in a sentence.
    fn about(&self) -> &'static str;
    /// What a run costs, in runs of a cheap scenario. A campaign of `n` seeds runs it
    /// `n / cost` times, at least once.
    fn cost(&self) -> u64 {
        1
    }
    /// The marks that a campaign must reach, lest it prove nothing: of what befalls a node in
    /// this scenario, whatever it is configured to do about it.
    fn must_reach(&self) -> &'static [&'static str] {
        &[]
    }
    /// Cases of the scenario for a protocol that is built from `config`. The seed of the draws
    /// is filled in by [`case_of_seed`].
    fn cases(&self, config: &P::Config) -> BoxedStrategy<Case<P>>;
}

/// The case that a seed stands for in a scenario: one seed, one case, for one version of the
/// scenario. The case, not the seed, is what is worth keeping.
///
/// # Panics
/// If the scenario's strategy rejects all that it generates.
pub fn case_of_seed<P: Protocol>(
    scenario: &dyn Scenario<P>,
    config: &P::Config,
    seed: u64,
) -> Case<P> {
    let draw = Draw::seeded(seed).purpose(scenario.name());
    let mut bytes = [0; 32];
    for (chunk, i) in bytes.chunks_exact_mut(8).zip(0..) {
        chunk.copy_from_slice(&draw.word(i).to_le_bytes());
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let tree = scenario.cases(config).new_tree(&mut runner).expect("a strategy that generates");
    let mut case = tree.current();
    case.seed = draw.word(4);
    case.origin.scenario = scenario.name().to_owned();
    case.origin.seed = Some(seed);
    case
}
