//! What travels in one direction of a connection: parcels in a line, of which only the head stands
//! in the agenda.

use std::collections::VecDeque;

use super::agenda::Wake;
#[cfg(feature = "wire")]
use super::agenda::{Agenda, Due};
use crate::history::{Initiator, Refusal};
#[cfg(feature = "wire")]
use crate::time::Span;
use crate::time::Time;

/// What travels in one direction of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parcel {
    Syn,
    Opened,
    Refused(Refusal),
    Message(u32),
    /// So many bytes that are no message.
    Garbage(u32),
    /// The sender's side ended: with a close frame, or without one and code 1006.
    Close {
        code: u16,
        by: Initiator,
    },
    /// The answer to a close frame.
    CloseEcho,
    /// The first bytes of a write whose rest comes behind them.
    #[cfg(feature = "wire")]
    Part(u32),
    /// The bytes of the codec's own: handshakes, closes, signs of life.
    #[cfg(feature = "wire")]
    Bytes(u32),
    /// The bytes of a message.
    #[cfg(feature = "wire")]
    Frames(u32),
    /// The bytes of a message, one of them not what it was.
    #[cfg(feature = "wire")]
    Harmed(u32),
}

impl Parcel {
    /// Whether it is what nodes send: on a path that does not keep the promises of a stream,
    /// this is what it breaks them for.
    pub(super) const fn is_message(self) -> bool {
        match self {
            Self::Message(_) => true,
            #[cfg(feature = "wire")]
            Self::Frames(_) => true,
            _ => false,
        }
    }

    /// The same after damage on the way.
    pub(super) const fn harmed(self, size: u32) -> Self {
        match self {
            #[cfg(feature = "wire")]
            Self::Frames(chunk) => Self::Harmed(chunk),
            _ => Self::Garbage(size),
        }
    }

    /// Whether more of the same write comes behind it.
    pub(crate) const fn is_part(self) -> bool {
        match self {
            #[cfg(feature = "wire")]
            Self::Part(_) => true,
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) at: Time,
    pub(crate) parcel: Parcel,
}

/// Parcels in the order in which they arrive. Seldom is more than one on its way: the first lies
/// here, and only those behind it somewhere else.
#[derive(Debug, Default)]
pub(crate) struct Fifo {
    head: Option<Item>,
    /// Empty where there is no head. A place of its own, made on first use and kept: there may be
    /// very many lanes in which no two parcels ever are at once.
    #[expect(clippy::box_collection, reason = "a quarter of the size where it is never used")]
    rest: Option<Box<VecDeque<Item>>>,
}

impl Fifo {
    #[inline]
    pub(super) const fn front(&self) -> Option<Item> {
        self.head
    }

    #[inline]
    pub(super) fn push_back(&mut self, item: Item) {
        match self.head {
            None => self.head = Some(item),
            Some(_) => self.rest.get_or_insert_default().push_back(item),
        }
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Item> {
        let next = self.rest.as_mut().and_then(|rest| rest.pop_front());
        std::mem::replace(&mut self.head, next)
    }

    /// Adds an item behind those that are there no later.
    pub(super) fn insert(&mut self, item: Item) {
        match self.head {
            Some(head) if item.at < head.at => {
                self.rest.get_or_insert_default().push_front(head);
                self.head = Some(item);
            }
            Some(_) => {
                let rest = self.rest.get_or_insert_default();
                let place = rest.partition_point(|other| other.at <= item.at);
                rest.insert(place, item);
            }
            None => self.head = Some(item),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.rest.as_ref().map_or(0, |rest| rest.len()) + usize::from(self.head.is_some())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    fn iter(&self) -> impl Iterator<Item = &Item> {
        self.head.iter().chain(self.rest.iter().flat_map(|rest| rest.iter()))
    }

    /// Takes out all but the first so many.
    pub(super) fn split_off(&mut self, keep: usize) -> Vec<Item> {
        let behind =
            |rest: &mut Box<VecDeque<Item>>| rest.split_off(keep.saturating_sub(1).min(rest.len()));
        let lost = self.rest.as_mut().map(behind).into_iter().flatten();
        let head = if keep == 0 { self.head.take() } else { None };
        head.into_iter().chain(lost).collect()
    }

    /// Empties it, and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.head = None;
        if let Some(rest) = &mut self.rest {
            rest.clear();
        }
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) fifo: Fifo,
    /// No later parcel arrives before this.
    pub(super) last: Time,
    pub(crate) link: u32,
    /// Whether its link is cut, and when what had been kept back arrives at the earliest: the
    /// link knows it too, and is not looked at when something arrives.
    pub(super) cut: bool,
    pub(super) floor: Time,
    /// When the head stands in the agenda.
    pub(crate) wake: Wake,
    /// Carries nothing any more, and nobody is told.
    pub(crate) silent: bool,
}

impl Lane {
    /// Begins anew, over a link that may be cut.
    pub(super) fn begin(&mut self, link: u32, cut: bool, floor: Time) {
        self.end();
        let fifo = std::mem::take(&mut self.fifo);
        *self = Self { fifo, link, cut, floor, ..Self::default() };
    }

    /// Carries nothing any more.
    pub(super) fn end(&mut self) {
        self.fifo.clear();
        self.wake = Wake::NEVER;
    }

    /// What arrives next.
    #[inline]
    pub(super) fn head(&self) -> Option<Parcel> {
        self.fifo.front().map(|item| item.parcel)
    }

    /// How many writes are in flight, a write of which a part has arrived among them.
    pub(crate) fn writes(&self) -> usize {
        self.fifo.iter().filter(|item| !item.parcel.is_part()).count()
    }

    /// Where the first so many writes end.
    pub(super) fn place_behind(&self, writes: u64) -> usize {
        let mut left = writes;
        let within = |item: &&Item| {
            let is_within = left > 0;
            left -= u64::from(is_within && !item.parcel.is_part());
            is_within
        };
        self.fifo.iter().take_while(within).count()
    }

    /// Puts parts on the way that are there evenly until `until`.
    #[cfg(feature = "wire")]
    pub(super) fn put_parts(
        &mut self,
        agenda: &mut Agenda,
        now: Time,
        until: Time,
        index: u32,
        parts: &[u32],
    ) {
        let from = self.last.max(now);
        let span = until.since(from).as_micros();
        for (nth, part) in (1..).zip(parts) {
            let at = from + Span::micros(span * nth / (parts.len() as u64 + 1));
            self.fifo.push_back(Item { at, parcel: Parcel::Part(*part) });
            if self.wake.is_never() && !self.silent {
                self.wake = Wake::at(at);
                agenda.add(at, Due::Lane, index);
            }
        }
    }
}
