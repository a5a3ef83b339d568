//! Real time, for what people wait for. No run sees it.

use std::time::{Duration, Instant};

/// How long something has taken so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads real time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads real time")]
    pub(crate) fn passed(self) -> Duration {
        self.0.elapsed()
    }
}
