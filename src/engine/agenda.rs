//! What happens next: a 4-ary heap of packed entries.
//!
//! An entry is one `u128`: time, then the order in which it was entered, then what it is. Equal
//! times are thus handled in the order in which they were planned, on every machine.

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

#[derive(Default)]
pub(crate) struct Agenda {
    heap: Vec<u128>,
    order: u64,
    /// The root was taken and not yet replaced. The next entry is put there and sinks once,
    /// where taking and adding would each move through the heap.
    hole: bool,
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
        if self.hole {
            self.hole = false;
            self.sink(0, entry);
        } else {
            self.heap.push(entry);
            self.rise(self.heap.len() - 1, entry);
        }
    }

    /// When the next entry is due.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Time> {
        self.fill();
        self.heap.first().map(|entry| time_of(*entry))
    }

    /// Takes the next entry. There must be one.
    #[inline]
    pub(crate) fn take(&mut self) -> (Time, Due, u32) {
        self.fill();
        self.hole = true;
        let entry = self.heap[0];
        (time_of(entry), DUES[(entry >> 32) as u8 as usize], entry as u32)
    }

    #[inline]
    fn fill(&mut self) {
        if self.hole {
            self.hole = false;
            let last = self.heap.pop().expect("a hole is in a heap that has a root");
            if !self.heap.is_empty() {
                self.sink(0, last);
            }
        }
    }

    #[inline]
    fn rise(&mut self, mut at: usize, entry: u128) {
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.heap[parent] <= entry {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = entry;
    }

    #[inline]
    fn sink(&mut self, mut at: usize, entry: u128) {
        loop {
            let first = at * 4 + 1;
            let Some(children) = self.heap.get(first..) else { break };
            let mut least = (entry, at);
            for (i, child) in children.iter().take(4).enumerate() {
                if *child < least.0 {
                    least = (*child, first + i);
                }
            }
            if least.1 == at {
                break;
            }
            self.heap[at] = least.0;
            at = least.1;
        }
        self.heap[at] = entry;
    }
}
