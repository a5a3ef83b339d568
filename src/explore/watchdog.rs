//! A watchdog for runs that take too long by the wall clock.
//!
//! The budget of events stops a run between two events. A node that never comes back from one
//! handler cannot be stopped, but it can be named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::case::Origin;
use super::stopwatch::Stopwatch;

/// A run that has taken too long so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// The scenario that its case came from.
    pub scenario: String,
    /// The seed that its case came from.
    pub seed: Option<u64>,
    /// How long it has been running.
    pub running: Duration,
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seed {
            Some(seed) => write!(f, "seed {seed} of scenario {}", self.scenario)?,
            None => write!(f, "a case without a seed")?,
        }
        write!(f, " has been running for {} s", self.running.as_secs())
    }
}

/// Looks after all runs of the process until it is dropped.
pub struct Watchdog {
    ends: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Tells `report` of each run that is still under way `after` its start, once.
    ///
    /// # Panics
    /// If the system has no thread to give.
    #[expect(clippy::disallowed_methods, reason = "a thread that only watches")]
    pub fn new(after: Duration, report: impl Fn(&Late) + Send + 'static) -> Self {
        let (ends, ended) = channel();
        let watch = move || {
            let mut told = BTreeSet::new();
            while ended.recv_timeout(after / 4) == Err(RecvTimeoutError::Timeout) {
                for late in late(after, &mut told) {
                    report(&late);
                }
            }
        };
        WATCHDOGS.fetch_add(1, Ordering::Relaxed);
        let thread = std::thread::Builder::new().name("wavetank-watchdog".to_owned()).spawn(watch);
        Self { ends: Some(ends), thread: Some(thread.expect("a thread to watch with")) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        WATCHDOGS.fetch_sub(1, Ordering::Relaxed);
        self.ends.take();
        if let Some(thread) = self.thread.take() {
            // A report that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

struct Running {
    origin: Origin,
    since: Stopwatch,
}

/// One table for the process, so that a run is watched wherever it was started.
static RUNNING: Mutex<BTreeMap<u64, Running>> = Mutex::new(BTreeMap::new());
static WATCHDOGS: AtomicU64 = AtomicU64::new(0);
static RUNS: AtomicU64 = AtomicU64::new(0);

fn running() -> MutexGuard<'static, BTreeMap<u64, Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The runs that have become late since the last time.
fn late(after: Duration, told: &mut BTreeSet<u64>) -> Vec<Late> {
    let running = running();
    told.retain(|run| running.contains_key(run));
    let overdue = running.iter().filter_map(|(run, Running { origin, since })| {
        let running = since.passed();
        (running >= after && told.insert(*run)).then(|| Late {
            scenario: origin.scenario.clone(),
            seed: origin.seed,
            running,
        })
    });
    overdue.collect()
}

/// A run under way, until it is dropped.
pub(super) struct Watched(Option<u64>);

impl Watched {
    pub(super) fn new(origin: &Origin) -> Self {
        if WATCHDOGS.load(Ordering::Relaxed) == 0 {
            return Self(None);
        }
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        running().insert(run, Running { origin: origin.clone(), since: Stopwatch::start() });
        Self(Some(run))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(run) = self.0 {
            running().remove(&run);
        }
    }
}
