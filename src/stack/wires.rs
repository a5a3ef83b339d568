//! Streams as a real network has them: cut anywhere, slow, narrow, and held back one way.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::driver::duration;
use crate::engine::Weather;
use crate::rng::{Draw, Rng};
use crate::time::{Span, Time};

/// One read or write in so many, in millionths, is cut short.
const SHORT_PPM: u32 = 250_000;

/// No more is read at once.
const READ_MAX: usize = 4096;

/// From one host to another.
pub(super) type Way = (usize, usize);

/// What all streams of a run share.
pub(super) struct Wires {
    draw: Draw,
    /// Ways on which no cast passes.
    pub(super) shut: RefCell<BTreeSet<Way>>,
    /// Ways on which what is sent is lost for good, and so is not sent.
    pub(super) lost: RefCell<BTreeSet<Way>>,
    weather: RefCell<BTreeMap<Way, Weather>>,
    /// Ways on which streams wait, and who waits.
    held: RefCell<BTreeSet<Way>>,
    waiting: RefCell<Vec<Waker>>,
    /// When a narrow way has carried all that was put on it.
    free: RefCell<BTreeMap<Way, Time>>,
    pub(super) segments: Cell<u64>,
    pub(super) bytes: Cell<u64>,
}

fn now() -> Time {
    turmoil::sim_elapsed().map_or(Time::ZERO, |e| Time::from_micros(e.as_micros() as u64))
}

impl Wires {
    pub(super) fn new(draw: Draw) -> Rc<Self> {
        Rc::new(Self {
            draw,
            shut: RefCell::default(),
            lost: RefCell::default(),
            weather: RefCell::default(),
            held: RefCell::default(),
            waiting: RefCell::default(),
            free: RefCell::default(),
            segments: Cell::new(0),
            bytes: Cell::new(0),
        })
    }

    /// Lets streams wait on a way, or go on.
    pub(super) fn hold(&self, way: Way, held: bool) {
        if held {
            self.held.borrow_mut().insert(way);
        } else if self.held.borrow_mut().remove(&way) {
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }

    pub(super) fn set_weather(&self, way: Way, weather: Weather) {
        self.weather.borrow_mut().insert(way, weather);
    }

    /// Counts what is put on its way.
    pub(super) fn count(&self, bytes: usize) {
        self.segments.update(|count| count + 1);
        self.bytes.update(|count| count + bytes as u64);
    }

    /// One end of a stream on a way. `nth` tells it from others that begin at the same time.
    pub(super) fn end<S>(self: &Rc<Self>, stream: S, way: Way, nth: u64) -> Wire<S> {
        let draw = self.draw.key(way.0 as u64).key(way.1 as u64).key(nth);
        Wire { stream, wires: self.clone(), way, rng: Rng::new(draw), pause: None, slowed: false }
    }

    /// How long what is to be written waits: for its turn, or since it was lost and is sent
    /// again.
    fn delay(&self, way: Way, rng: &mut Rng) -> Span {
        let Some(weather) = self.weather.borrow().get(&way).copied() else { return Span::ZERO };
        let free = self.free.borrow().get(&way).copied().unwrap_or_default();
        let turn = weather.bandwidth.map_or(Span::ZERO, |_| free.since(now()));
        match weather.spikes {
            Some(spikes) if rng.chance(spikes.odds_ppm) => turn.max(spikes.by),
            _ => turn,
        }
    }

    /// Takes up the way for as long as so many bytes take.
    fn occupy(&self, way: Way, bytes: usize) {
        let weather = self.weather.borrow().get(&way).copied();
        if let Some(bandwidth) = weather.and_then(|weather| weather.bandwidth) {
            let rate = u64::from(bandwidth.bytes_per_second.max(1));
            let mut free = self.free.borrow_mut();
            let free = free.entry(way).or_default();
            *free = (*free).max(now()) + Span::micros(bytes as u64 * 1_000_000 / rate);
        }
    }
}

/// One end of a stream. Reads and writes are cut short where the seed says so, since turmoil
/// would hand over whole what was written whole.
pub(super) struct Wire<S> {
    stream: S,
    wires: Rc<Wires>,
    way: Way,
    rng: Rng,
    pause: Option<Pin<Box<Sleep>>>,
    /// What is to be written next has waited its time.
    slowed: bool,
}

impl<S> Wire<S> {
    fn cut(&mut self, length: usize) -> usize {
        if length > 1 && self.rng.chance(SHORT_PPM) {
            return 1 + self.rng.below(length as u64 - 1) as usize;
        }
        length
    }

    /// Waits until the way takes something.
    fn poll_way(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.wires.held.borrow().contains(&self.way) {
            self.wires.waiting.borrow_mut().push(cx.waker().clone());
            return Poll::Pending;
        }
        if !self.slowed {
            self.slowed = true;
            let delay = self.wires.delay(self.way, &mut self.rng);
            self.pause = (!delay.is_zero()).then(|| Box::pin(sleep(duration(delay))));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let length = this.cut(buffer.remaining().min(READ_MAX));
        let mut bytes = [0; READ_MAX];
        let mut part = ReadBuf::new(&mut bytes[..length]);
        ready!(Pin::new(&mut this.stream).poll_read(cx, &mut part))?;
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_way(cx));
        let length = this.cut(bytes.len());
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, &bytes[..length]))?;
        this.slowed = false;
        this.wires.occupy(this.way, written);
        this.wires.count(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_way(cx));
        ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        this.wires.count(0);
        Poll::Ready(Ok(()))
    }
}
