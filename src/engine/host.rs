//! A node's place in the world: its life, clocks, timers and inbox.

use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;

use super::agenda::Wake;
use super::clock::Clock;
use super::timers::Timers;
use crate::history::Initiator;
use crate::id::{ConnId, NodeId, StoreId, Ticket};
use crate::rng::Draw;
use crate::time::{Mono, Span, Time};

/// Something that is to be handed to a node.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delivery {
    Start,
    Op(u32),
    Accepted(ConnId, u32),
    Opened(ConnId),
    Refused(ConnId, crate::history::Refusal),
    Message(ConnId, u32),
    Malformed(ConnId, u32),
    Writable(ConnId),
    Closed(ConnId, u16, Initiator),
    Cast(NodeId, u32),
    Stored(Ticket, u32),
    Issuer(Ticket, u32),
    Task(u32),
    Device(bool),
}

/// Whether a node's process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    /// The process is gone; its host answers that nobody listens.
    Down,
    /// The host is gone as well, and answers nothing.
    Dark,
}

/// What every event looks at comes first, so that it lies together.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Host<T: Copy + Ord> {
    pub(crate) id: NodeId,
    pub(crate) state: State,
    /// Handles nothing until it is resumed.
    pub(crate) paused: u32,
    /// Handles nothing before this.
    pub(crate) busy_until: Time,
    /// What each event takes it.
    pub(crate) cost: Span,
    pub(crate) clock: Clock,
    /// The agenda entry for the earliest timer.
    pub(crate) wake: Wake,
    throttle: Option<Box<Throttle<T>>>,
    pub(crate) device: Option<u32>,
    pub(crate) buffer_max: u32,
    pub(crate) inbox_max: u32,
    /// What waits, and since when.
    pub(crate) inbox: VecDeque<(Time, Delivery)>,
    pub(crate) timers: Timers<T>,
    pub(crate) store: Option<StoreId>,
    pub(crate) incarnation: u32,
    /// How often it was cut off from all there is outside of it.
    pub(crate) unplugged: u32,
    /// What the node knows of its store's sessions.
    pub(crate) session: u32,
    asks: Option<Box<Asks>>,
    /// How many draws there were at the last instant that had one.
    draws: (Time, u64),
}

/// Timers with a name, or all, go off only at multiples of a span.
#[derive(Debug)]
struct Throttle<T> {
    name: Option<String>,
    grain: Span,
    /// When timers that are put off would have gone off.
    put_off: BTreeMap<T, Mono>,
}

/// No request of a node is executed, or answered, before an earlier one.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    executed: Time,
    answered: Time,
    issued: Time,
}

impl Asks {
    /// When the store executes a request that gets there at `at`.
    pub(crate) fn executes(&mut self, at: Time) -> Time {
        self.executed = self.executed.max(at);
        self.executed
    }

    /// When an answer of the store arrives that gets here at `at`.
    pub(crate) fn answers(&mut self, at: Time) -> Time {
        self.answered = self.answered.max(at);
        self.answered
    }

    /// When an answer of the issuer arrives that gets here at `at`.
    pub(crate) fn issues(&mut self, at: Time) -> Time {
        self.issued = self.issued.max(at);
        self.issued
    }
}

impl<T: Copy + Ord> Host<T> {
    pub(crate) fn new(id: NodeId, device: Option<u32>, store: Option<StoreId>) -> Self {
        Self {
            id,
            device,
            store,
            state: State::Down,
            incarnation: 0,
            clock: Clock::default(),
            timers: Timers::default(),
            wake: Wake::NEVER,
            busy_until: Time::ZERO,
            paused: 0,
            cost: Span::ZERO,
            throttle: None,
            unplugged: 0,
            inbox: VecDeque::new(),
            inbox_max: 0,
            buffer_max: 0,
            session: 0,
            asks: None,
            draws: (Time::MAX, 0),
        }
    }

    /// Sets a timer for `at`, or for when it may go off.
    pub(crate) fn set_timer(&mut self, timer: T, at: Mono)
    where
        T: std::fmt::Debug,
    {
        let Some(throttle) = &mut self.throttle else { return self.timers.set(timer, at) };
        self.timers.set(timer, throttle.late(timer, at));
    }

    /// Puts timers off to multiples of a span, those with this name or all; without a throttle
    /// what was put off goes off when it was to.
    pub(crate) fn throttle(&mut self, throttle: Option<(Option<String>, Span)>)
    where
        T: std::fmt::Debug,
    {
        if let Some(was) = self.throttle.take() {
            self.timers.put_off(|timer, at| was.put_off.get(&timer).copied().unwrap_or(at));
        }
        if let Some((name, grain)) = throttle {
            let mut throttle = Box::new(Throttle { name, grain, put_off: BTreeMap::new() });
            self.timers.put_off(|timer, at| throttle.late(timer, at));
            self.throttle = Some(throttle);
        }
    }

    /// Reads a field of each line of memory that an event looks at.
    #[inline]
    pub(super) fn read(&self) {
        black_box((self.id, self.wake, self.timers.set_so_far(), self.session));
    }

    /// The node's next draw of this instant.
    pub(crate) fn draw(&mut self, purpose: Draw, now: Time) -> Draw {
        self.draws = if self.draws.0 == now { (now, self.draws.1 + 1) } else { (now, 0) };
        purpose.key(u64::from(self.id.0)).key(now.as_micros()).key(self.draws.1)
    }

    pub(crate) fn asks_mut(&mut self) -> &mut Asks {
        self.asks.get_or_insert_default()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == State::Running
    }

    pub(crate) fn is_burdened(&self) -> bool {
        !self.cost.is_zero() || self.throttle.is_some()
    }

    #[inline]
    pub(crate) fn is_occupied(&self, now: Time) -> bool {
        self.paused > 0 || self.busy_until > now || !self.inbox.is_empty()
    }

    /// Forgets what waits to be told of a connection that the node has just closed, but for that
    /// it is over.
    pub(crate) fn forget_conn(&mut self, conn: ConnId) -> Vec<u32> {
        let mut payloads = Vec::new();
        self.inbox.retain(|(_, delivery)| match delivery {
            Delivery::Message(of, payload) if *of == conn => {
                payloads.push(*payload);
                false
            }
            Delivery::Opened(of) | Delivery::Writable(of) | Delivery::Malformed(of, _) => {
                *of != conn
            }
            _ => true,
        });
        payloads
    }

    /// Forgets all that was in the memory of the process.
    pub(crate) fn die(&mut self, state: State) -> Vec<Delivery> {
        self.state = state;
        self.timers = Timers::default();
        if let Some(throttle) = &mut self.throttle {
            throttle.put_off.clear();
        }
        self.wake = Wake::NEVER;
        self.busy_until = Time::ZERO;
        self.paused = 0;
        self.inbox.drain(..).map(|(_, delivery)| delivery).collect()
    }
}

impl<T: Copy + Ord + std::fmt::Debug> Throttle<T> {
    /// When a timer for `at` goes off.
    fn late(&mut self, timer: T, at: Mono) -> Mono {
        self.put_off.insert(timer, at);
        let is_other = self.name.as_ref().is_some_and(|name| format!("{timer:?}") != *name);
        if self.grain.is_zero() || is_other {
            return at;
        }
        Mono::from_micros(at.as_micros().next_multiple_of(self.grain.as_micros()))
    }
}
