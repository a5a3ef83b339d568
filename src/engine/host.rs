//! A node's place in the world: its life, clocks, timers and inbox.

use std::collections::{BTreeMap, VecDeque};

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

#[derive(Debug)]
pub(crate) struct Host<T: Copy + Ord> {
    pub(crate) id: NodeId,
    pub(crate) device: Option<u32>,
    pub(crate) store: Option<StoreId>,
    pub(crate) state: State,
    pub(crate) incarnation: u32,
    pub(crate) clock: Clock,
    pub(crate) timers: Timers<T>,
    /// The agenda entry for the earliest timer; one for another time is out of date.
    pub(crate) wake: Option<Time>,
    /// Handles nothing before this.
    pub(crate) busy_until: Time,
    /// Handles nothing until it is resumed.
    pub(crate) paused: u32,
    /// What each event takes it.
    pub(crate) cost: Span,
    /// Timers with this name, or all, go off only at multiples of a span.
    throttle: Option<(Option<String>, Span)>,
    /// When timers that are put off would have gone off.
    put_off: BTreeMap<T, Mono>,
    /// How often it was cut off from all there is outside of it.
    pub(crate) unplugged: u32,
    /// The last answer of the issuer that is on its way arrives then.
    pub(crate) issuer_last: Time,
    /// What waits, and since when.
    pub(crate) inbox: VecDeque<(Time, Delivery)>,
    pub(crate) inbox_max: u32,
    pub(crate) buffer_max: u32,
    /// What the node knows of its store's sessions.
    pub(crate) session: u32,
    /// No request of this node is executed, or answered, before an earlier one.
    pub(crate) store_last: [Time; 2],
    /// How many draws there were at the last instant that had one.
    draws: (Time, u64),
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
            wake: None,
            busy_until: Time::ZERO,
            paused: 0,
            cost: Span::ZERO,
            throttle: None,
            put_off: BTreeMap::new(),
            unplugged: 0,
            issuer_last: Time::ZERO,
            inbox: VecDeque::new(),
            inbox_max: 0,
            buffer_max: 0,
            session: 0,
            store_last: [Time::ZERO; 2],
            draws: (Time::MAX, 0),
        }
    }

    /// Sets a timer for `at`, or for when it may go off.
    pub(crate) fn set_timer(&mut self, timer: T, at: Mono)
    where
        T: std::fmt::Debug,
    {
        let Some((name, grain)) = &self.throttle else { return self.timers.set(timer, at) };
        self.timers.set(timer, late(name.as_deref(), *grain, timer, at));
        self.put_off.insert(timer, at);
    }

    /// Puts timers off to multiples of a span, those with this name or all; without a throttle
    /// what was put off goes off when it was to.
    pub(crate) fn throttle(&mut self, throttle: Option<(Option<String>, Span)>)
    where
        T: std::fmt::Debug,
    {
        let was = std::mem::take(&mut self.put_off);
        self.timers.put_off(|timer, at| was.get(&timer).copied().unwrap_or(at));
        self.throttle = throttle;
        if let Some((name, grain)) = &self.throttle {
            let put_off = &mut self.put_off;
            self.timers.put_off(|timer, at| {
                put_off.insert(timer, at);
                late(name.as_deref(), *grain, timer, at)
            });
        }
    }

    /// The node's next draw of this instant.
    pub(crate) fn draw(&mut self, purpose: Draw, now: Time) -> Draw {
        self.draws = if self.draws.0 == now { (now, self.draws.1 + 1) } else { (now, 0) };
        purpose.key(u64::from(self.id.0)).key(now.as_micros()).key(self.draws.1)
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

    /// Forgets what waits to be told of a connection that the node has just closed.
    pub(crate) fn forget_conn(&mut self, conn: ConnId) -> Vec<u32> {
        let mut payloads = Vec::new();
        self.inbox.retain(|(_, delivery)| match delivery {
            Delivery::Message(of, payload) if *of == conn => {
                payloads.push(*payload);
                false
            }
            Delivery::Writable(of) | Delivery::Malformed(of, _) => *of != conn,
            _ => true,
        });
        payloads
    }

    /// Forgets all that was in the memory of the process.
    pub(crate) fn die(&mut self, state: State) -> Vec<Delivery> {
        self.state = state;
        self.timers = Timers::default();
        self.put_off.clear();
        self.wake = None;
        self.busy_until = Time::ZERO;
        self.paused = 0;
        self.inbox.drain(..).map(|(_, delivery)| delivery).collect()
    }
}

/// The next multiple of `grain`, for the timer with this name or for any.
fn late<T: std::fmt::Debug>(name: Option<&str>, grain: Span, timer: T, at: Mono) -> Mono {
    if grain.is_zero() || name.is_some_and(|name| format!("{timer:?}") != name) {
        return at;
    }
    Mono::from_micros(at.as_micros().next_multiple_of(grain.as_micros()))
}
