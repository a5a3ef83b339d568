//! Cases for fuzzers: the same generator, and bytes of somebody else's choosing.

use std::fmt;
use std::marker::PhantomData;

use arbitrary::{Arbitrary, Unstructured};

use super::case::Case;
use super::guided::{Choices, changed};
use super::scenario::{Scenario, case_of_seed};
use crate::protocol::Protocol;

/// A case of a scenario for the usual configuration, drawn from bytes: two seeds that stand for
/// cases, and then a change of the first of them, with parts of the other, for every few bytes
/// that are left. Bytes that differ late give cases that differ little.
///
/// The generator is not fed with the bytes themselves: one that draws until two draws differ
/// never ends on zeros.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use wavetank::explore::{Drawn, Scenario, run};
/// use wavetank::invariant::Judged;
///
/// fn fuzz<P, S>(bytes: &[u8])
/// where
///     P: Judged<Config: Default>,
///     S: Scenario<P> + Default,
/// {
///     if let Ok(drawn) = Drawn::<P, S>::arbitrary(&mut Unstructured::new(bytes)) {
///         assert!(run(&drawn.case).verdict.held());
///     }
/// }
/// ```
pub struct Drawn<P: Protocol, S> {
    /// The case.
    pub case: Case<P>,
    scenario: PhantomData<fn() -> S>,
}

/// The most changes of one case.
const CHANGES: usize = 32;

impl<P: Protocol, S> fmt::Debug for Drawn<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.case.in_words())
    }
}

impl<'a, P, S> Arbitrary<'a> for Drawn<P, S>
where
    P: Protocol<Config: Default>,
    S: Scenario<P> + Default,
{
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let (scenario, config) = (S::default(), P::Config::default());
        let mut case = case_of_seed(&scenario, &config, bytes.arbitrary()?);
        let other = case_of_seed(&scenario, &config, bytes.arbitrary()?);
        for _ in 0..CHANGES {
            if bytes.is_empty() {
                break;
            }
            let next = changed(&case, &other, bytes);
            if next.validate().is_ok() {
                case = next;
            }
        }
        Ok(Self { case, scenario: PhantomData })
    }
}

impl Choices for Unstructured<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.int_in_range(0..=bound - 1).unwrap_or(0)
    }
}
