//! One direction between two nodes: what becomes of each message that is put on it.

use std::collections::VecDeque;

use super::path::{Fate, Quality, Weather};
use crate::history::{Channel, Refusal};
use crate::id::NodeId;
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

/// One direction between two nodes. Most links are as usual from first to last, and there may be
/// very many of them: what only some have lies apart.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Link {
    pub(crate) from: NodeId,
    pub(crate) host_from: u32,
    pub(crate) host_to: u32,
    /// Whether it is within one device.
    pub(crate) local: bool,
    draw: Draw,
    instant: Time,
    nth: u32,
    /// How many partitions cover the link, and how many holds.
    down: u32,
    held: u32,
    /// What was kept back arrives no earlier.
    pub(crate) floor: Time,
    special: Option<Box<Special>>,
}

/// What a path is busy with for this long, a heartbeat may miss.
const LONG: Span = Span::secs(10);

/// What is not as usual about a link.
#[derive(Debug)]
struct Special {
    quality: Quality,
    weather: Weather,
    /// When all that was put on it before is on its way.
    free: Time,
    gate: Gate,
    /// Casts on their way, and when each arrives.
    casts: VecDeque<(Time, u32)>,
    cast_last: Time,
}

impl Link {
    pub(crate) fn new(from: (u32, NodeId), host_to: u32, draw: Draw, local: bool) -> Self {
        Self {
            from: from.1,
            host_from: from.0,
            host_to,
            local,
            draw,
            instant: Time::MAX,
            nth: 0,
            down: 0,
            held: 0,
            floor: Time::ZERO,
            special: None,
        }
    }

    fn special(&mut self, usual: Quality) -> &mut Special {
        self.special.get_or_insert_with(|| {
            Box::new(Special {
                quality: usual,
                weather: Weather::default(),
                free: Time::ZERO,
                gate: Gate::default(),
                casts: VecDeque::new(),
                cast_last: Time::ZERO,
            })
        })
    }

    /// The fate of the next packet of this instant. `usual` is what the link is like where nothing
    /// was done to it.
    #[inline]
    pub(crate) fn fate(&mut self, usual: &Quality, now: Time, size: u32) -> Fate {
        if self.instant == now {
            self.nth += 1;
        } else {
            self.instant = now;
            self.nth = 0;
        }
        let link = self.draw;
        let draw = link.key(now.as_micros()).key(u64::from(self.nth));
        if self.special.is_none() && usual.is_plain() {
            let mut free = Time::ZERO;
            return usual.fate(draw, link, now, size, &mut free);
        }
        let special = self.special(*usual);
        special.quality.fate(draw, link, now, size, &mut special.free)
    }

    /// Whether it keeps the promises of a stream.
    #[inline]
    pub(crate) fn is_calm(&self, usual: &Quality) -> bool {
        self.special.as_ref().map_or(usual, |special| &special.quality).is_calm()
    }

    /// Until when the path is busy with the message of so many bytes that was put on it last, if
    /// it takes long to carry it.
    #[inline]
    pub(crate) fn long_busy(&self, size: u32) -> Option<Time> {
        let Special { quality, free, .. } = self.special.as_deref()?;
        let long = quality.time_of(size).is_some_and(|time| time >= LONG);
        (long && !self.is_cut()).then_some(*free)
    }

    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        self.down + self.held > 0
    }

    pub(crate) fn weather(&self) -> Weather {
        self.special.as_ref().map_or_else(Weather::default, |special| special.weather)
    }

    pub(crate) fn set_weather(&mut self, usual: Quality, weather: Weather) {
        let special = self.special(usual);
        special.weather = weather;
        special.quality = usual.under(weather);
    }

    pub(crate) fn gate(&self) -> Gate {
        self.special.as_ref().map_or_else(Gate::default, |special| special.gate)
    }

    pub(crate) fn set_gate(&mut self, usual: Quality, gate: Gate) {
        self.special(usual).gate = gate;
    }

    /// Sends a cast of `size` bytes; `plan` hears when each copy arrives.
    pub(crate) fn cast(
        &mut self,
        usual: Quality,
        now: Time,
        payload: u32,
        size: u32,
        mut plan: impl FnMut(Time),
    ) -> Posted {
        let fate = self.fate(&usual, now, size);
        // A cast has no frame that could arrive damaged: what is damaged is lost.
        if fate.lost || fate.corrupt || self.down > 0 {
            return Posted { arrive: 0, whole: 0 };
        }
        let special = self.special(usual);
        let calm = special.quality.is_calm();
        for at in std::iter::once(fate.at).chain(fate.again) {
            let at = if calm { at.max(special.cast_last) } else { at };
            special.cast_last = special.cast_last.max(at);
            let place = special.casts.partition_point(|(due, _)| *due <= at);
            special.casts.insert(place, (at, payload));
            plan(at);
        }
        let copies = 1 + u32::from(fate.again.is_some());
        Posted { arrive: copies, whole: copies }
    }

    /// When the casts on their way arrive.
    pub(crate) fn casts(&self) -> impl Iterator<Item = Time> {
        self.special.iter().flat_map(|special| special.casts.iter().map(|(at, _)| *at))
    }

    /// Takes the next cast that is due. With it comes whether it is lost after all.
    pub(crate) fn cast_arrives(&mut self, now: Time) -> Option<(u32, bool)> {
        let casts = &mut self.special.as_mut()?.casts;
        let (at, payload) = *casts.front()?;
        if at > now || (self.held > 0 && self.down == 0) {
            return None;
        }
        casts.pop_front();
        Some((payload, self.down > 0))
    }

    /// Counts one cut more.
    pub(crate) fn cut(&mut self, held: bool) {
        if held {
            self.held += 1;
        } else {
            self.down += 1;
        }
    }

    /// Takes back one cut. Says when what was kept back arrives at the earliest, if the link is
    /// whole again: after a retransmission, or at once where it was only held.
    pub(crate) fn join(&mut self, usual: &Quality, now: Time, held: bool) -> Option<Time> {
        let count = if held { &mut self.held } else { &mut self.down };
        *count = count.saturating_sub(1);
        if self.is_cut() {
            return None;
        }
        self.floor = if held { now } else { self.fate(usual, now, 0).at };
        Some(self.floor)
    }
}

/// What was put on a path: how many copies will arrive, and how many of them hold the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    pub(crate) arrive: u32,
    pub(crate) whole: u32,
}
