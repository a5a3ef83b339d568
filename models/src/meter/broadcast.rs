//! How long a server takes from the coming of an operation until it has told of it.

use std::collections::BTreeMap;

use wavetank::id::OpId;
use wavetank::time::{Now, Span};

/// Operations that came to a server of which it has not told, and when they came.
pub(super) struct Untold {
    came: BTreeMap<OpId, Now>,
    limit: usize,
}

impl Untold {
    pub(super) const fn new(limit: usize) -> Self {
        Self { came: BTreeMap::new(), limit }
    }

    /// An operation came; it counts from the first time on.
    pub(super) fn came(&mut self, op: OpId, now: Now) {
        self.came.entry(op).or_insert(now);
        if self.came.len() > self.limit {
            self.came.pop_first();
        }
    }

    /// Somebody is told of an operation: how long that took, if she is the first.
    pub(super) fn told(&mut self, op: OpId, now: Now) -> Option<Span> {
        self.came.remove(&op).map(|came| now.mono.since(came.mono))
    }
}
