//! What happens next: a 4-ary heap of packed entries, the four children of one in one line of a
//! cache, and before it what is more than about a second away.
//!
//! An entry is one `u128`: time, then the order in which it was entered, then what it is. Equal
//! times are thus handled in the order in which they were planned, on every machine.

use std::collections::BTreeMap;

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

const TIME_BITS: u32 = 48;
const ORDER_BITS: u32 = 40;

/// Four children of one parent, in one line of a cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Four([u128; 4]);

/// Later than any entry: what stands where nothing is.
const NOTHING: u128 = u128::MAX;

/// Entries wait in buckets of about a second, unordered, until theirs is the next one: few are
/// in the heap, however many there are.
const BUCKET_BITS: u32 = 20;

#[derive(Default)]
pub(crate) struct Agenda {
    /// The heap without its root. The children of the root are the first four, those of the
    /// entry at `place` are the four at `place + 1`.
    fours: Vec<Four>,
    root: Option<u128>,
    /// How many entries there are below the root.
    below: usize,
    order: u64,
    /// The root was taken and not yet replaced. The next entry is put there and sinks once,
    /// where taking and adding would each move through the heap.
    hole: bool,
    /// The first bucket that is not in the heap.
    edge: u64,
    /// What is not in the heap, by bucket.
    far: BTreeMap<u64, Vec<u128>>,
    /// Empty buckets, kept for their memory.
    spare: Vec<Vec<u128>>,
}

const fn time_of(entry: u128) -> Time {
    Time::from_micros((entry >> (128 - TIME_BITS)) as u64)
}

impl Agenda {
    #[inline]
    pub(crate) fn add(&mut self, at: Time, due: Due, index: u32) {
        let time = at.as_micros().min((1 << TIME_BITS) - 1);
        let order = self.order & ((1 << ORDER_BITS) - 1);
        self.order += 1;
        let entry = u128::from(time) << (128 - TIME_BITS)
            | u128::from(order) << 40
            | u128::from(due as u8) << 32
            | u128::from(index);
        let bucket = time >> BUCKET_BITS;
        if bucket >= self.edge {
            let spare = &mut self.spare;
            let entries = self.far.entry(bucket);
            entries.or_insert_with(|| spare.pop().unwrap_or_default()).push(entry);
            return;
        }
        match self.root {
            Some(_) if self.hole => {
                self.hole = false;
                self.sink(entry);
            }
            None => self.root = Some(entry),
            Some(root) if entry < root => {
                self.root = Some(entry);
                self.rise(root);
            }
            Some(_) => self.rise(entry),
        }
    }

    /// When the next entry is due.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Time> {
        self.settle();
        self.root.map(time_of)
    }

    /// Takes the next entry. There must be one.
    #[inline]
    pub(crate) fn take(&mut self) -> (Time, Due, u32) {
        self.settle();
        self.hole = true;
        let entry = self.root.expect("an entry is taken where there is one");
        (time_of(entry), DUES[(entry >> 32) as u8 as usize], entry as u32)
    }

    /// Sees to it that the next entry is the root.
    #[inline]
    fn settle(&mut self) {
        if self.hole {
            self.fill();
        }
        if self.root.is_none() {
            self.advance();
        }
    }

    /// Takes the next bucket into the heap, which is empty.
    fn advance(&mut self) {
        let Some((bucket, mut entries)) = self.far.pop_first() else { return };
        self.edge = bucket + 1;
        // What is sorted is a heap.
        entries.sort_unstable();
        self.root = entries.first().copied();
        self.below = entries.len() - 1;
        self.fours.clear();
        self.fours.extend(entries[1..].chunks(4).map(|some| {
            let mut four = Four([NOTHING; 4]);
            four.0[..some.len()].copy_from_slice(some);
            four
        }));
        entries.clear();
        self.spare.push(entries);
    }

    /// Puts the last entry into the hole.
    fn fill(&mut self) {
        self.hole = false;
        if self.below == 0 {
            self.root = None;
            return;
        }
        self.below -= 1;
        let last = &mut self.fours[self.below / 4].0[self.below % 4];
        let entry = std::mem::replace(last, NOTHING);
        self.sink(entry);
    }

    /// Adds an entry at the end, and lets it rise above those that are later.
    #[inline]
    fn rise(&mut self, entry: u128) {
        let mut place = self.below;
        self.below += 1;
        if place / 4 == self.fours.len() {
            self.fours.push(Four([NOTHING; 4]));
        }
        while place >= 4 {
            let parent = place / 4 - 1;
            let above = self.fours[parent / 4].0[parent % 4];
            if above <= entry {
                break;
            }
            self.fours[place / 4].0[place % 4] = above;
            place = parent;
        }
        self.fours[place / 4].0[place % 4] = entry;
    }

    /// Puts an entry into the root, and lets it sink below those that are earlier.
    #[inline]
    fn sink(&mut self, entry: u128) {
        let mut hole: Option<usize> = None;
        loop {
            let children = hole.map_or(0, |place| place + 1);
            let Some(Four([a, b, c, d])) = self.fours.get(children) else { break };
            // Two pairs of children do not wait for each other.
            let one = if b < a { (*b, 1) } else { (*a, 0) };
            let two = if d < c { (*d, 3) } else { (*c, 2) };
            let (least, child) = if two.0 < one.0 { two } else { one };
            if entry <= least {
                break;
            }
            self.set(hole, least);
            hole = Some(children * 4 + child);
        }
        self.set(hole, entry);
    }

    #[inline]
    fn set(&mut self, place: Option<usize>, entry: u128) {
        match place {
            Some(place) => self.fours[place / 4].0[place % 4] = entry,
            None => self.root = Some(entry),
        }
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
        ) {
            let mut agenda = Agenda::default();
            let mut model = BTreeSet::new();
            for (nth, step) in (0..).zip(steps) {
                match step {
                    Some((micros, buckets)) => {
                        let at = micros + (buckets << super::BUCKET_BITS);
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
