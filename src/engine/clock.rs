//! A node's clocks: what they read at a true time, and when they will read a given value.

use crate::time::{Mono, Now, Time, Wall};

const MILLION: i128 = 1_000_000;

/// A monotonic clock that may drift and a wall clock that may also jump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// True time and reading at the last change of the drift.
    since: Time,
    reading: Mono,
    drift_ppm: i32,
    wall_offset: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { since: Time::ZERO, reading: Mono::default(), drift_ppm: 0, wall_offset: 0 }
    }
}

impl Clock {
    #[inline]
    pub(crate) fn mono(&self, at: Time) -> Mono {
        let elapsed = at.since(self.since).as_micros();
        if self.drift_ppm == 0 {
            return Mono::from_micros(self.reading.as_micros() + elapsed);
        }
        let run = i128::from(elapsed) * (MILLION + i128::from(self.drift_ppm)) / MILLION;
        Mono::from_micros(self.reading.as_micros() + run as u64)
    }

    #[inline]
    pub(crate) fn now(&self, at: Time) -> Now {
        let mono = self.mono(at);
        let wall = Wall::START.as_micros() as i64 + mono.as_micros() as i64 + self.wall_offset;
        Now { mono, wall: Wall::from_micros(wall.max(0) as u64) }
    }

    /// The first true time at which the monotonic clock reads `mono` or more.
    #[inline]
    pub(crate) fn when(&self, mono: Mono) -> Time {
        let run = mono.since(self.reading).as_micros();
        if self.drift_ppm == 0 {
            return self.since + crate::time::Span::micros(run);
        }
        let rate = MILLION + i128::from(self.drift_ppm);
        let elapsed = (i128::from(run) * MILLION + rate - 1) / rate;
        self.since + crate::time::Span::micros(elapsed as u64)
    }

    pub(crate) fn drift(&mut self, at: Time, ppm: i32) {
        self.reading = self.mono(at);
        self.since = at;
        self.drift_ppm = ppm.max(-900_000);
    }

    pub(crate) fn step_wall(&mut self, micros: i64) {
        self.wall_offset = self.wall_offset.saturating_add(micros);
    }
}
