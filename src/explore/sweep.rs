//! Many runs in parallel. Results are in the order of the work, whatever the threads do.

use rayon::prelude::*;

/// A pool of threads of our own, so that nobody else's settings matter.
pub struct Pool(rayon::ThreadPool);

impl Pool {
    /// A pool of `threads` threads; 0 means one per core.
    ///
    /// # Panics
    /// If the system has no threads to give.
    pub fn new(threads: usize) -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("wavetank-{i}"))
            .build()
            .expect("threads to run on");
        Self(pool)
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.0.current_num_threads()
    }
}

/// Does `work` on every item, in parallel, and gives back the results in the order of the
/// items. `done` is called after each, from any thread.
pub fn parallel<T: Sync, R: Send>(
    pool: &Pool,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    done: impl Fn() + Sync,
) -> Vec<R> {
    pool.0.install(|| {
        items
            .par_iter()
            .map(|item| {
                let result = work(item);
                done();
                result
            })
            .collect()
    })
}
