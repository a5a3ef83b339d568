//! How long a computation keeps the processor busy. Unlike the wall clock, this does not count the
//! time that other programs of a shared machine took.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

fn busy() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

/// The processor time that `work` took of this thread, and what it came to.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = busy();
    let result = work();
    (busy().saturating_sub(start), result)
}
