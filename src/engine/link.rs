//! One direction between two nodes: what becomes of each message that is put on it.

use std::collections::VecDeque;

use super::path::{Fate, Quality, Weather};
use crate::history::{Channel, Refusal};
use crate::id::{ConnId, NodeId};
use crate::rng::Draw;
use crate::time::{Span, Time};

/// What stands between a dialler and whom it dials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Sockets are refused in this way; other channels pass unless a status says so.
    pub refuse: Option<Refusal>,
    /// What is accepted is ended at once, with this code.
    pub flap: Option<u16>,
    /// A socket on which nothing was sent for this long is cut.
    pub idle: Option<Span>,
}

impl Gate {
    /// Whether nobody comes in over a socket.
    pub(crate) const fn is_shut(self) -> bool {
        self.refuse.is_some() || self.flap.is_some()
    }

    /// How a dial over a channel is turned away, if it is.
    pub(crate) fn refuses(self, channel: Channel) -> Option<Refusal> {
        match self.refuse {
            Some(Refusal::Blocked) if channel == Channel::Request => None,
            refusal => refusal,
        }
    }
}

/// One direction between two nodes.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) from: NodeId,
    draw: Draw,
    instant: Time,
    nth: u64,
    usual: Quality,
    quality: Quality,
    pub(crate) weather: Weather,
    /// When all that was put on it before is on its way.
    free: Time,
    pub(crate) gate: Gate,
    /// How many partitions cover the link, and how many holds.
    down: u32,
    held: u32,
    /// What was kept back arrives no earlier.
    pub(crate) floor: Time,
    /// Casts on their way, and when each arrives.
    pub(crate) casts: VecDeque<(Time, u32)>,
    cast_last: Time,
    pub(crate) host_to: u32,
    /// The connections of which one direction runs over it.
    pub(crate) conns: Vec<ConnId>,
}

impl Link {
    pub(crate) fn new(from: NodeId, host_to: u32, draw: Draw, usual: Quality) -> Self {
        Self {
            from,
            draw,
            instant: Time::MAX,
            nth: 0,
            usual,
            quality: usual,
            weather: Weather::default(),
            free: Time::ZERO,
            gate: Gate::default(),
            down: 0,
            held: 0,
            floor: Time::ZERO,
            casts: VecDeque::new(),
            cast_last: Time::ZERO,
            host_to,
            conns: Vec::new(),
        }
    }

    /// The fate of the next packet of this instant.
    #[inline]
    pub(crate) fn fate(&mut self, now: Time, size: u32) -> Fate {
        if self.instant == now {
            self.nth += 1;
        } else {
            self.instant = now;
            self.nth = 0;
        }
        let draw = self.draw.key(now.as_micros()).key(self.nth);
        self.quality.fate(draw, self.draw, now, size, &mut self.free)
    }

    /// Whether it keeps the promises of a stream.
    #[inline]
    pub(crate) fn is_calm(&self) -> bool {
        self.quality.is_calm()
    }

    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        self.down + self.held > 0
    }

    pub(crate) fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
        self.quality = self.usual.under(weather);
    }

    /// Sends a cast of `size` bytes; `plan` hears when each copy arrives.
    pub(crate) fn cast(
        &mut self,
        now: Time,
        payload: u32,
        size: u32,
        mut plan: impl FnMut(Time),
    ) -> Posted {
        let fate = self.fate(now, size);
        // A cast has no frame that could arrive damaged: what is damaged is lost.
        if fate.lost || fate.corrupt || self.down > 0 {
            return Posted { arrive: 0, whole: 0 };
        }
        let calm = self.quality.is_calm();
        for at in std::iter::once(fate.at).chain(fate.again) {
            let at = if calm { at.max(self.cast_last) } else { at };
            self.cast_last = self.cast_last.max(at);
            let place = self.casts.partition_point(|(due, _)| *due <= at);
            self.casts.insert(place, (at, payload));
            plan(at);
        }
        let copies = 1 + u32::from(fate.again.is_some());
        Posted { arrive: copies, whole: copies }
    }

    /// Takes the next cast that is due. With it comes whether it is lost after all.
    pub(crate) fn cast_arrives(&mut self, now: Time) -> Option<(u32, bool)> {
        let (at, payload) = *self.casts.front()?;
        if at > now || (self.held > 0 && self.down == 0) {
            return None;
        }
        self.casts.pop_front();
        Some((payload, self.down > 0))
    }

    /// Cuts the link. Streams wait; casts are lost, or wait as well where it is only held.
    pub(crate) fn cut(&mut self, held: bool) {
        if held {
            self.held += 1;
        } else {
            self.down += 1;
        }
    }

    /// Takes back one cut. Says when what was kept back arrives at the earliest, if the link is
    /// whole again: after a retransmission, or at once where it was only held.
    pub(crate) fn join(&mut self, now: Time, held: bool) -> Option<Time> {
        let count = if held { &mut self.held } else { &mut self.down };
        *count = count.saturating_sub(1);
        if self.is_cut() {
            return None;
        }
        self.floor = if held { now } else { self.fate(now, 0).at };
        Some(self.floor)
    }
}

/// What was put on a path: how many copies will arrive, and how many of them hold the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    pub(crate) arrive: u32,
    pub(crate) whole: u32,
}
