//! What the facts tell of the nodes themselves: whether they run and have time to listen, and
//! how their clocks go.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Ruling;
use super::table::Table;
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation};
use crate::id::NodeId;
use crate::time::{Mono, Span, Time};

/// The smallest step of time: what is looked at after it is looked at after the whole instant.
pub(crate) const TICK: Span = Span::micros(1);

/// Timers that were put off while a node was burdened go off this much later at most.
const AFTER_BURDEN: Span = Span::secs(60);

/// A node's monotonic clock: what it read when its drift last changed, and the drift since.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    since: Time,
    reading: Mono,
    drift_ppm: i32,
}

impl Rate {
    pub(crate) const fn new(since: Time, reading: Mono, drift_ppm: i32) -> Self {
        Self { since, reading, drift_ppm }
    }
    pub(crate) fn mono(self, at: Time) -> Mono {
        let elapsed = i128::from(at.since(self.since).as_micros());
        let run = elapsed * (1_000_000 + i128::from(self.drift_ppm)) / 1_000_000;
        self.reading + Span::micros(run as u64)
    }
    /// A time of which all moments read more than `mono`, and at most three microseconds more
    /// than need be.
    pub(crate) fn past(self, mono: Mono) -> Time {
        let run = i128::from(mono.since(self.reading).as_micros()) * 1_000_000;
        let rate = 1_000_000 + i128::from(self.drift_ppm);
        // Up, and on: on a slow clock, two readings may be the same.
        self.since + Span::micros(((run + rate - 1) / rate) as u64) + TICK + TICK
    }
}

/// What keeps a node from its work. Each is told when it begins and when it ends, and of a node
/// that starts it is told anew what still does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hindrance {
    down: bool,
    paused: bool,
    burdened: bool,
}

impl Hindrance {
    pub(crate) fn observe(&mut self, life: Life) {
        match life {
            Life::Started | Life::Restarted => *self = Self::default(),
            Life::Crashed => *self = Self { down: true, ..Self::default() },
            Life::Paused => self.paused = true,
            Life::Resumed => self.paused = false,
            Life::Burdened => self.burdened = true,
            Life::Relieved => self.burdened = false,
        }
    }

    /// Whether anything does.
    pub(crate) const fn is_there(self) -> bool {
        self.down || self.paused || self.burdened
    }
}

#[derive(Debug, Default)]
struct Body {
    hindrance: Hindrance,
    /// What reached the node up to this instant may have had to wait.
    occupied_until: Option<Time>,
    /// When it last began to run, or went on after a pause, on its own clock and truly.
    awake: (Mono, Time),
    rate: Rate,
}

/// The nodes of a run, as far as anything was seen of them.
#[derive(Debug, Default)]
pub(crate) struct Presence(Table<NodeId, Body>);

impl Presence {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Interest::NODE.and(Interest::BUSY).and(Interest::CLOCK);

    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        let (at, now) = (seen.at, seen.now.mono);
        match *seen.what {
            Observation::Node(life) => {
                let body = self.0.of(seen.node);
                body.hindrance.observe(life);
                match life {
                    Life::Started | Life::Restarted => body.awake = (now, at),
                    Life::Crashed => body.occupied_until = None,
                    Life::Resumed => {
                        body.awake = (now, at);
                        body.occupied_until = body.occupied_until.max(Some(at));
                    }
                    Life::Relieved => {
                        body.awake = (now + AFTER_BURDEN, at + AFTER_BURDEN);
                        body.occupied_until = body.occupied_until.max(Some(body.awake.1));
                    }
                    Life::Paused | Life::Burdened => {}
                }
            }
            Observation::Busy { span } => {
                let body = self.0.of(seen.node);
                body.occupied_until = Some(body.occupied_until.map_or(at, |t| t.max(at)) + span);
            }
            Observation::Clock { drift_ppm, .. } => {
                let rate = Rate::new(at, now, drift_ppm);
                self.0.of(seen.node).rate = rate;
            }
            _ => {}
        }
    }

    /// Whether the node's process runs, is not paused and has time.
    pub(crate) fn runs(&self, node: NodeId) -> bool {
        self.0.get(&node).is_none_or(|body| !body.hindrance.is_there())
    }

    /// Whether the node's process is down.
    pub(crate) fn is_down(&self, node: NodeId) -> bool {
        self.0.get(&node).is_some_and(|body| body.hindrance.down)
    }

    /// Whether all that reached the node before this instant has been handled by it.
    pub(crate) fn is_free(&self, node: NodeId, at: Time) -> bool {
        self.0.get(&node).is_none_or(|body| {
            !body.hindrance.is_there() && body.occupied_until.is_none_or(|until| at > until)
        })
    }

    /// Since when the node has run without a pause, on its own clock; after a burden, a time
    /// that may be yet to come.
    pub(crate) fn awake(&self, node: NodeId) -> Mono {
        self.0.get(&node).map_or(Mono::default(), |body| body.awake.0)
    }

    /// Since when the node has run without a pause, in true time.
    pub(crate) fn awake_at(&self, node: NodeId) -> Time {
        self.0.get(&node).map_or(Time::ZERO, |body| body.awake.1)
    }

    /// The end of what the node said would keep it busy.
    pub(crate) fn occupied_until(&self, node: NodeId) -> Option<Time> {
        self.0.get(&node).and_then(|body| body.occupied_until)
    }

    /// When the node's own clock reads more than this.
    pub(crate) fn past(&self, node: NodeId, mono: Mono) -> Time {
        self.0.get(&node).map_or(Rate::default(), |body| body.rate).past(mono)
    }

    /// What the node's own clock reads.
    pub(crate) fn mono(&self, node: NodeId, at: Time) -> Mono {
        self.0.get(&node).map_or(Rate::default(), |body| body.rate).mono(at)
    }
}

/// Things to be looked at later, the earliest first. What has become of them meanwhile is for
/// the looker to find out: nothing is ever taken off the list.
#[derive(Debug)]
pub(crate) struct Dues<K>(BinaryHeap<Reverse<(Time, K)>>);

impl<K: Ord> Default for Dues<K> {
    fn default() -> Self {
        Self(BinaryHeap::new())
    }
}

impl<K: Ord> Dues<K> {
    /// Plans a look.
    pub(crate) fn add(&mut self, at: Time, key: K, ruling: &mut Ruling) {
        self.0.push(Reverse((at, key)));
        ruling.wake_at(at);
    }

    /// The next thing to look at by now; where there is none, asks to be woken for the first.
    pub(crate) fn take(&mut self, at: Time, ruling: &mut Ruling) -> Option<K> {
        let due = self.0.peek()?.0.0;
        if due > at {
            ruling.wake_at(due);
            return None;
        }
        self.0.pop().map(|Reverse((_, key))| key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn who_is_woken_past_a_reading_reads_more(
            since in 0u64..1_000_000_000,
            reading in 0u64..1_000_000_000,
            later in 0u64..100_000_000,
            drift_ppm in -500_000i32..500_000,
        ) {
            let start = Mono::default() + Span::micros(reading);
            let rate = Rate::new(Time::from_micros(since), start, drift_ppm);
            let asked = start + Span::micros(later);
            let woken = rate.past(asked);
            prop_assert!(rate.mono(woken) > asked);
            prop_assert!(rate.mono(woken) <= asked + Span::micros(5));
        }
    }
}
