//! The invariants over histories that look at one run or one recording, and what they have said.

use super::{Horizon, Invariant, Ruling, Violation};
use crate::engine::Seen;
use crate::history::Interest;
use crate::time::Time;

struct Seat {
    invariant: Box<dyn Invariant>,
    wake: Option<Time>,
    broken: bool,
}

/// Tells invariants what happens and gathers violations, the first of each invariant.
pub(crate) struct Bench {
    seats: Vec<Seat>,
    by_kind: [Vec<u8>; Interest::COUNT],
    pub(crate) violations: Vec<Violation>,
    pub(crate) next_wake: Option<Time>,
}

impl Bench {
    pub(crate) fn new(invariants: impl IntoIterator<Item = Box<dyn Invariant>>) -> Self {
        let mut bench = Self {
            seats: Vec::new(),
            by_kind: std::array::from_fn(|_| Vec::new()),
            violations: Vec::new(),
            next_wake: None,
        };
        for invariant in invariants {
            let seat = bench.seats.len() as u8;
            for kind in invariant.interest().kinds() {
                bench.by_kind[kind].push(seat);
            }
            bench.seats.push(Seat { invariant, wake: None, broken: false });
        }
        bench
    }

    /// The kinds of observation that somebody takes.
    pub(crate) fn interest(&self) -> Interest {
        self.seats.iter().fold(Interest::NONE, |all, seat| all.and(seat.invariant.interest()))
    }

    fn rule(&mut self, seat: usize, at: Time, ruling: Ruling) {
        let holder = &mut self.seats[seat];
        if let Some((node, message)) = ruling.violation {
            holder.broken = true;
            holder.wake = None;
            let invariant = holder.invariant.name().to_owned();
            self.violations.push(Violation { invariant, at, node, message });
            self.plan();
        }
        if let Some(wake) = ruling.wake {
            let holder = &mut self.seats[seat];
            if !holder.broken {
                holder.wake = Some(holder.wake.map_or(wake, |earlier| earlier.min(wake)));
                self.next_wake = Some(self.next_wake.map_or(wake, |next| next.min(wake)));
            }
        }
    }

    fn plan(&mut self) {
        self.next_wake = self.seats.iter().filter_map(|seat| seat.wake).min();
    }

    #[inline]
    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        let kind = Interest::of(seen.what).index();
        // Hardly anybody has anything to say: one ruling goes round until somebody has.
        let mut ruling = Ruling::default();
        for i in 0..self.by_kind[kind].len() {
            let seat = self.by_kind[kind][i] as usize;
            let holder = &mut self.seats[seat];
            if holder.broken {
                continue;
            }
            holder.invariant.observe(seen, &mut ruling);
            if ruling.violation.is_some() || ruling.wake.is_some() {
                self.rule(seat, seen.at, std::mem::take(&mut ruling));
            }
        }
    }

    pub(crate) fn wake(&mut self, at: Time) {
        for seat in 0..self.seats.len() {
            if self.seats[seat].wake.is_some_and(|wake| wake <= at) {
                self.seats[seat].wake = None;
                let mut ruling = Ruling::default();
                self.seats[seat].invariant.wake(at, &mut ruling);
                self.rule(seat, at, ruling);
            }
        }
        self.plan();
    }

    /// Every invariant that is not broken says its last word.
    pub(crate) fn finish(&mut self, at: Time) {
        for seat in 0..self.seats.len() {
            if !self.seats[seat].broken {
                let mut ruling = Ruling::default();
                self.seats[seat].invariant.finish(at, &mut ruling);
                self.rule(seat, at, ruling);
            }
        }
    }

    /// Nobody is asked any more about what lies beyond a horizon.
    pub(crate) fn forget(&mut self, horizon: &Horizon) {
        for seat in self.seats.iter_mut().filter(|seat| !seat.broken) {
            seat.invariant.forget(horizon);
        }
    }
}
