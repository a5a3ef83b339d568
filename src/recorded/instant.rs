//! Times as logs write them.

use super::Unit;

const DAY_SECS: i64 = 86_400;

/// Microseconds of a number in a unit; what a log of this age cannot mean is nothing.
pub(super) fn of_number(number: &serde_json::Number, unit: Unit) -> Option<u64> {
    let scale = match unit {
        Unit::S => 1_000_000.0,
        Unit::Ms => 1_000.0,
        Unit::Us => 1.0,
        Unit::Ns => 0.001,
        Unit::Rfc3339 => return None,
    };
    let micros = match (number.as_u64(), unit) {
        (Some(whole), Unit::Us) => return (whole < MICROS_MAX).then_some(whole),
        (Some(whole), Unit::Ns) => return Some(whole / 1_000),
        _ => number.as_f64()? * scale,
    };
    (micros >= 0.0 && micros < MICROS_MAX as f64).then_some(micros.round() as u64)
}

/// Some nine thousand years: what goes beyond is no time of a log.
const MICROS_MAX: u64 = 1 << 48 << 10;

/// Microseconds since 1970 of a text such as `2026-01-31T12:00:00.5+01:00`.
pub(super) fn of_text(text: &str) -> Option<u64> {
    let number = |from: usize, len: usize| -> Option<i64> {
        let digits = text.get(from..from + len)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |at: usize, wanted: &[u8]| text.as_bytes().get(at).is_some_and(|b| wanted.contains(b));
    let parts = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    if !parts || !fits || second > 60 || year < 1970 {
        return None;
    }
    let rest = text.get(19..)?;
    let digits = rest
        .strip_prefix('.')
        .map_or("", |rest| &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]);
    let zone = &rest[if digits.is_empty() { 0 } else { digits.len() + 1 }..];
    let micros = digits.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let secs = days(year, month, day) * DAY_SECS + hour * 3_600 + minute * 60 + second;
    u64::try_from((secs - offset_secs(zone)?) * 1_000_000 + micros).ok()
}

fn offset_secs(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") || zone.is_empty() {
        return Some(0);
    }
    let sign = if zone.starts_with('+') { 1 } else { -1 };
    let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
    let two = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() == 2).map(i64::from);
    Some(sign * (two(hours)? * 3_600 + two(minutes)? * 60))
}

/// Days from 1970-01-01 in the Gregorian calendar.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (century, of_century) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    century * 146_097 + of_century * 365 + of_century / 4 - of_century / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_a_zone_is_the_same_instant_in_every_zone() {
        let start = crate::time::Wall::START.as_micros();
        assert_eq!(of_text("2026-01-01T00:00:00Z"), Some(start));
        assert_eq!(of_text("2026-01-01T02:30:00.25+02:30"), Some(start + 250_000));
        assert_eq!(of_text("2025-12-31 19:00:00.000001-05:00"), Some(start + 1));
        assert_eq!(of_text("2024-02-29T00:00:00Z"), Some(1_709_164_800_000_000));
        for wrong in ["", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00.x", "yesterday"] {
            assert_eq!(of_text(wrong), None, "{wrong}");
        }
    }
}
