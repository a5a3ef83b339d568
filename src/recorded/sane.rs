//! What no record may say: numbers with which arithmetic would overflow.

use crate::history::{Observation, Position, Record};

/// The greatest number that every JSON reader reads exactly.
pub(super) const COUNT_MAX: u64 = (1 << 53) - 1;

/// The longest name, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 256;

/// A clock that stands still, or runs backwards, is none.
const DRIFT_PPM: std::ops::RangeInclusive<i32> = -999_999..=1_000_000_000;

/// What is wrong with a record that has the right shape, if anything is.
pub(super) fn fault(record: &Record) -> Option<String> {
    let Record { now, what, .. } = record;
    let clocks = [now.mono.as_micros(), now.wall.as_micros()];
    if clocks.iter().any(|micros| *micros > COUNT_MAX) {
        return Some(format!("`now`: expected clocks of at most {COUNT_MAX} microseconds"));
    }
    if let Observation::Clock { drift_ppm, .. } = what
        && !DRIFT_PPM.contains(drift_ppm)
    {
        return Some("`drift_ppm`: expected -999999 to 1000000000".to_owned());
    }
    let high = |position: &Position| position.seq > COUNT_MAX;
    if positions(what).iter().flatten().any(high) {
        return Some(format!("`seq`: expected at most {COUNT_MAX}"));
    }
    None
}

fn positions(what: &Observation) -> [Option<Position>; 2] {
    match what {
        Observation::Sent { meaning, .. }
        | Observation::Delivered { meaning, .. }
        | Observation::CastSent { meaning, .. }
        | Observation::CastDelivered { meaning, .. } => [meaning.position, meaning.cursor],
        Observation::Stored { write, .. } => {
            let write = write.as_deref();
            [write.map(|write| write.position), write.and_then(|write| write.base)]
        }
        Observation::ShownContent(reading) => [Some(reading.position), None],
        Observation::ShownAnswer { position, .. } => [*position, None],
        _ => [None, None],
    }
}
