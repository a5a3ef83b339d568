//! What happens next: the entries of about a second in order, and all that is further away.
//!
//! An entry is one `u128`: time, then the order in which it was entered, then what it is. Equal
//! times are thus handled in the order in which they were planned, on every machine.

use std::collections::BTreeMap;

use super::heap::{Heap, NOTHING};
use crate::time::Time;

/// What an entry of the agenda is about; the number says which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Due {
    /// The head of a direction of a connection arrives: slot * 2 + direction.
    Lane,
    /// The head of a link's casts arrives: link.
    Cast,
    /// A node's next timer: host.
    Deadline,
    /// A busy node takes up its inbox: host.
    Ready,
    /// A store executes a request: request.
    Execute,
    /// A store answers: request.
    Reply,
    /// An await point is passed: task.
    Task,
    /// The issuer is asked, or answers: question.
    Issuer,
    /// A proxy looks whether a connection is idle: slot.
    Proxy,
}

const DUES: [Due; 9] = [
    Due::Lane,
    Due::Cast,
    Due::Deadline,
    Due::Ready,
    Due::Execute,
    Due::Reply,
    Due::Task,
    Due::Issuer,
    Due::Proxy,
];

/// When something stands in the agenda, if it does; an entry for another time is out of date. There
/// are so many of these that one takes half the place of an option.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wake(Time);

impl Wake {
    pub(crate) const NEVER: Self = Self(Time::MAX);

    pub(crate) const fn at(at: Time) -> Self {
        Self(at)
    }

    #[inline]
    pub(crate) fn is_never(self) -> bool {
        self.0 == Time::MAX
    }

    #[inline]
    pub(crate) fn is(self, at: Time) -> bool {
        self.0 == at
    }

    #[inline]
    pub(crate) fn is_before(self, at: Time) -> bool {
        self.0 < at
    }

    #[inline]
    pub(crate) fn is_after(self, at: Time) -> bool {
        self.0 > at
    }
}

impl Default for Wake {
    fn default() -> Self {
        Self::NEVER
    }
}

const TIME_BITS: u32 = 48;
const ORDER_BITS: u32 = 40;

/// Entries wait in buckets, unordered, until theirs is the next one: few are ordered, however many
/// there are. A bucket is about a second, or 8 ms where there is much to do in a second. Neither
/// makes a difference to what comes when.
const USUAL_BITS: u32 = 20;
const BUSY_BITS: u32 = 13;

pub(crate) struct Agenda {
    /// The microseconds of a bucket, as a power of two.
    bits: u32,
    /// What was entered for the bucket that is under way after that had begun.
    heap: Heap,
    /// What was entered before, the latest first.
    run: Vec<u128>,
    order: u64,
    /// The first bucket that is not under way.
    edge: u64,
    /// What is in later buckets.
    far: BTreeMap<u64, Vec<u128>>,
    /// Empty buckets, kept for their memory.
    spare: Vec<Vec<u128>>,
}

const fn time_of(entry: u128) -> Time {
    Time::from_micros((entry >> (128 - TIME_BITS)) as u64)
}

/// What an entry is about.
#[inline]
const fn about(entry: u128) -> (Due, u32) {
    (DUES[(entry >> 32) as u8 as usize % DUES.len()], entry as u32)
}

impl Agenda {
    /// An agenda with nothing on it, for a world that is busy or not.
    pub(crate) fn new(is_busy: bool) -> Self {
        Self {
            bits: if is_busy { BUSY_BITS } else { USUAL_BITS },
            heap: Heap::default(),
            run: Vec::new(),
            order: 0,
            edge: 0,
            far: BTreeMap::new(),
            spare: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, at: Time, due: Due, index: u32) {
        let time = at.as_micros().min((1 << TIME_BITS) - 1);
        let order = self.order & ((1 << ORDER_BITS) - 1);
        self.order += 1;
        let entry = u128::from(time) << (128 - TIME_BITS)
            | u128::from(order) << 40
            | u128::from(due as u8) << 32
            | u128::from(index);
        let bucket = time >> self.bits;
        if bucket < self.edge {
            return self.heap.add(entry);
        }
        let spare = &mut self.spare;
        let entries = self.far.entry(bucket);
        entries.or_insert_with(|| spare.pop().unwrap_or_default()).push(entry);
    }

    /// The next entry, or nothing.
    #[inline]
    fn first(&mut self) -> u128 {
        let first = self.heap.first().min(self.run.last().copied().unwrap_or(NOTHING));
        if first == NOTHING { self.advance() } else { first }
    }

    /// When the next entry is due.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Time> {
        let first = self.first();
        (first != NOTHING).then(|| time_of(first))
    }

    /// Takes the next entry. There must be one.
    #[inline]
    pub(crate) fn take(&mut self) -> (Time, Due, u32) {
        let entry = self.first();
        if self.run.last() == Some(&entry) {
            self.run.pop();
        } else {
            self.heap.take();
        }
        let (due, index) = about(entry);
        (time_of(entry), due, index)
    }

    /// Some of what comes next, in order. What was entered late may come between.
    pub(super) fn soon(&self) -> impl Iterator<Item = (Due, u32)> {
        self.run.iter().rev().map(|entry| about(*entry))
    }

    /// Goes on with the next bucket, and says what comes first.
    #[inline(never)]
    fn advance(&mut self) -> u128 {
        let Some((bucket, entries)) = self.far.pop_first() else { return NOTHING };
        self.edge = bucket + 1;
        self.spare.push(std::mem::replace(&mut self.run, entries));
        self.run.sort_unstable_by(|one, other| other.cmp(one));
        self.run.last().copied().unwrap_or(NOTHING)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{Agenda, Due};
    use crate::time::Time;

    proptest! {
        #[test]
        fn entries_come_by_time_and_then_in_the_order_in_which_they_were_planned(
            steps in proptest::collection::vec(
                proptest::option::weighted(0.6, (0..50_u64, 0..4_u64)),
                0..400,
            ),
            is_busy: bool,
        ) {
            let mut agenda = Agenda::new(is_busy);
            let mut model = BTreeSet::new();
            for (nth, step) in (0..).zip(steps) {
                match step {
                    Some((micros, buckets)) => {
                        let at = micros + (buckets << agenda.bits);
                        agenda.add(Time::from_micros(at), Due::Lane, nth);
                        model.insert((at, nth));
                    }
                    None if model.is_empty() => {}
                    None => {
                        let (at, _, index) = agenda.take();
                        prop_assert_eq!(Some((at.as_micros(), index)), model.pop_first());
                    }
                }
                if nth % 3 == 0 {
                    let next = model.first().map(|(at, _)| Time::from_micros(*at));
                    prop_assert_eq!(agenda.next(), next);
                }
            }
        }
    }
}
