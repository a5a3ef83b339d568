//! Whether an outcome is as expected: the same word, or within a range.

use wavetank::time::Span;

/// A number or a duration, or a range of them, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    /// Durations in microseconds, or plain numbers.
    is_time: bool,
    low: u64,
    high: u64,
}

impl Bounds {
    /// Reads `3`, `3s`, `500ms..1500ms`, `1..` or `..5s`.
    fn parse(text: &str) -> Option<Self> {
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let (low, high) = (low.trim(), high.trim());
        let is_time = quantity(if low.is_empty() { high } else { low })?.0;
        let end = |text: &str, open: u64| match text {
            "" => Some(open),
            text => quantity(text).filter(|(time, _)| *time == is_time).map(|(_, n)| n),
        };
        Some(Self { is_time, low: end(low, 0)?, high: end(high, u64::MAX)? })
    }
}

/// A value, and whether it is a duration.
fn quantity(text: &str) -> Option<(bool, u64)> {
    let number = text.parse().ok().map(|n| (false, n));
    number.or_else(|| text.parse::<Span>().ok().map(|span| (true, span.as_micros())))
}

/// Whether an outcome is the expected word, or lies within the expected range.
pub(super) fn holds(expect: &str, found: &str) -> bool {
    if expect == found {
        return true;
    }
    match (Bounds::parse(expect), Bounds::parse(found)) {
        (Some(want), Some(got)) => {
            want.is_time == got.is_time && want.low <= got.low && got.high <= want.high
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_found_range_must_lie_inside() {
        assert!(holds("500ms..1500ms", "512ms..1.499s"));
        assert!(!holds("500ms..1500ms", "499ms..1.2s"));
        assert!(!holds("500ms..1500ms", "600ms..1.501s"));
        assert!(holds("20s", "20s"));
        assert!(holds("2min", "120s"));
        assert!(holds("10..", "11"));
        assert!(!holds("10..", "9"));
        assert!(holds("..5s", "0s"));
    }

    #[test]
    fn words_numbers_and_durations_do_not_mix() {
        assert!(holds("lost", "lost"));
        assert!(!holds("lost", "delivered"));
        assert!(!holds("10", "10s"));
        assert!(!holds("0s..1h", "never"));
        assert!(!holds("..", "5s"));
    }
}
