//! The timers of one node, by name and by time.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use crate::time::Mono;

/// Most nodes have a handful of timers, which are looked through quicker than any tree; a server
/// may have one for each of its connections.
const FEW: usize = 12;

/// When a timer goes off, and the order in which it was set.
type Due = (Mono, u32);

/// Named timers, the earliest first; of equal times the one that was set first.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    order: u32,
    kept: Kept<T>,
}

#[derive(Debug)]
enum Kept<T> {
    Few(SmallVec<[Entry<T>; 4]>),
    Many { by_name: BTreeMap<T, Due>, by_time: BTreeSet<(Due, T)> },
}

/// The same as a due time and a name, in less space.
#[derive(Debug)]
struct Entry<T> {
    at: Mono,
    order: u32,
    timer: T,
}

impl<T> Entry<T> {
    const fn due(&self) -> Due {
        (self.at, self.order)
    }
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { order: 0, kept: Kept::Few(SmallVec::new()) }
    }
}

impl<T: Copy + Ord> Timers<T> {
    /// Sets a timer, or moves it.
    pub(crate) fn set(&mut self, timer: T, at: Mono) {
        self.order += 1;
        let due = (at, self.order);
        match &mut self.kept {
            Kept::Few(few) => match few.iter_mut().find(|entry| entry.timer == timer) {
                Some(entry) => (entry.at, entry.order) = due,
                None => {
                    few.push(Entry { at, order: self.order, timer });
                    self.grow();
                }
            },
            Kept::Many { by_name, by_time } => {
                if let Some(was) = by_name.insert(timer, due) {
                    by_time.remove(&(was, timer));
                }
                by_time.insert((due, timer));
            }
        }
    }

    fn grow(&mut self) {
        let Kept::Few(few) = &self.kept else { return };
        if few.len() > FEW {
            let by_name = few.iter().map(|entry| (entry.timer, entry.due())).collect();
            let by_time = few.iter().map(|entry| (entry.due(), entry.timer)).collect();
            self.kept = Kept::Many { by_name, by_time };
        }
    }

    pub(crate) fn cancel(&mut self, timer: T) {
        match &mut self.kept {
            Kept::Few(few) => few.retain(|entry| entry.timer != timer),
            Kept::Many { by_name, by_time } => {
                if let Some(due) = by_name.remove(&timer) {
                    by_time.remove(&(due, timer));
                }
            }
        }
    }

    /// Moves what is set, each to where `late` says.
    pub(crate) fn put_off(&mut self, mut late: impl FnMut(T, Mono) -> Mono) {
        match &mut self.kept {
            Kept::Few(few) => {
                for entry in few {
                    entry.at = late(entry.timer, entry.at);
                }
            }
            Kept::Many { by_name, by_time } => {
                for (timer, (at, _)) in by_name.iter_mut() {
                    *at = late(*timer, *at);
                }
                *by_time = by_name.iter().map(|(timer, due)| (*due, *timer)).collect();
            }
        }
    }

    /// How often any was set.
    #[inline]
    pub(super) const fn set_so_far(&self) -> u32 {
        self.order
    }

    pub(crate) fn earliest(&self) -> Option<Mono> {
        match &self.kept {
            Kept::Few(few) => few.iter().map(|entry| entry.at).min(),
            Kept::Many { by_time, .. } => by_time.first().map(|((at, _), _)| *at),
        }
    }

    /// Takes the earliest timer that is due.
    pub(crate) fn due(&mut self, now: Mono) -> Option<T> {
        match &mut self.kept {
            Kept::Few(few) => {
                let due = few.iter().enumerate().filter(|(_, entry)| entry.at <= now);
                let (place, _) = due.min_by_key(|(_, entry)| entry.due())?;
                Some(few.swap_remove(place).timer)
            }
            Kept::Many { by_name, by_time } => {
                let ((at, _), timer) = *by_time.first()?;
                if at > now {
                    return None;
                }
                by_time.pop_first();
                by_name.remove(&timer);
                Some(timer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Timers;
    use crate::time::Mono;

    #[derive(Clone, Debug)]
    enum Step {
        Set(u8, u64),
        Cancel(u8),
        PutOff(u64),
        Due(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..40_u8, 0..100_u64).prop_map(|(timer, at)| Step::Set(timer, at)),
            1 => (0..40_u8).prop_map(Step::Cancel),
            1 => (1..9_u64).prop_map(Step::PutOff),
            2 => (0..100_u64).prop_map(Step::Due),
        ]
    }

    proptest! {
        #[test]
        fn timers_go_off_by_time_and_then_in_the_order_in_which_they_were_set(
            steps in proptest::collection::vec(step(), 0..200),
        ) {
            let mut timers = Timers::default();
            let mut model: Vec<(u64, usize, u8)> = Vec::new();
            for (nth, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Set(timer, at) => {
                        timers.set(timer, Mono::from_micros(at));
                        model.retain(|(_, _, name)| *name != timer);
                        model.push((at, nth, timer));
                    }
                    Step::Cancel(timer) => {
                        timers.cancel(timer);
                        model.retain(|(_, _, name)| *name != timer);
                    }
                    Step::PutOff(grain) => {
                        let late = |_, at: Mono| {
                            Mono::from_micros(at.as_micros().next_multiple_of(grain))
                        };
                        timers.put_off(late);
                        for (at, _, _) in &mut model {
                            *at = at.next_multiple_of(grain);
                        }
                    }
                    Step::Due(now) => {
                        model.sort_unstable();
                        let due = model.first().copied().filter(|(at, _, _)| *at <= now);
                        if due.is_some() {
                            model.remove(0);
                        }
                        let fired = timers.due(Mono::from_micros(now));
                        prop_assert_eq!(fired, due.map(|(_, _, timer)| timer));
                    }
                }
                let earliest = model.iter().map(|(at, _, _)| Mono::from_micros(*at)).min();
                prop_assert_eq!(timers.earliest(), earliest);
            }
        }
    }
}
