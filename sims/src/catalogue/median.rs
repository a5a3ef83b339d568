//! The median of numbers of runs, and an interval that holds the true one: order statistics,
//! in whole numbers.

/// What several campaigns of one flaw came to. A hunt that found nothing counts as longer than
/// any that did; where the answer would be one of those, it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// The middle one; of an even number, the lower of the two.
    pub median: Option<u64>,
    /// Where the true median lies with a probability of at least 95 %, the ends included;
    /// nothing where there are too few campaigns to say. An end that is not known is open.
    pub interval: Option<(Option<u64>, Option<u64>)>,
}

impl Median {
    /// Of the runs to detection, or nothing where none was made.
    pub fn of(runs: &[Option<u64>]) -> Option<Self> {
        let mut sorted = runs.to_vec();
        sorted.sort_by_key(|one| (one.is_none(), *one));
        let count = sorted.len();
        let median = *sorted.get(count.checked_sub(1)? / 2)?;
        let interval = rank(count as u32).map(|rank| {
            let rank = rank as usize;
            (sorted[rank - 1], sorted[count - rank])
        });
        Some(Self { median, interval })
    }
}

/// The most campaigns: sums of their binomial coefficients fit into 128 bits.
pub const CAMPAIGNS_MAX: u32 = 100;

/// The greatest `k` for which the `k`-th lowest and the `k`-th highest of `count` independent
/// numbers enclose the median with at least 95 %: it lies below the `k`-th lowest with the
/// probability of fewer than `k` heads in `count` throws.
fn rank(count: u32) -> Option<u32> {
    let (mut outside, mut ways, mut rank) = (0u128, 1u128, 0);
    if count > CAMPAIGNS_MAX {
        return None;
    }
    for heads in 0..count / 2 {
        outside += ways;
        // Both tails together: at most one in twenty.
        if outside * 2 * 20 > 1 << count {
            break;
        }
        rank = heads + 1;
        ways = ways * u128::from(count - heads) / u128::from(heads + 1);
    }
    (rank > 0).then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Of the sign test's tables, at 95 %.
        let known = [(5, None), (6, Some(1)), (8, Some(1)), (9, Some(2)), (10, Some(2))];
        for (count, expected) in known {
            assert_eq!(rank(count), expected, "{count}");
        }
        let known = [(12, 3), (20, 6), (30, 10), (50, 18), (100, 40)];
        for (count, expected) in known {
            assert_eq!(rank(count), Some(expected), "{count}");
        }
    }

    #[test]
    fn a_hunt_that_found_nothing_is_longer_than_any_that_did() {
        let runs = [Some(7), None, Some(1), Some(3), None, Some(2), Some(9)];
        let median = Median::of(&runs).expect("some campaigns");
        assert_eq!(median.median, Some(7));
        assert_eq!(median.interval, Some((Some(1), None)));
        assert_eq!(Median::of(&[None]), Some(Median { median: None, interval: None }));
        assert_eq!(Median::of(&[]), None);
    }
}
