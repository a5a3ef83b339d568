//! What the agenda brings: parcels, timers, replies.

use super::Witness;
use super::agenda::{Due, Wake};
use super::effects::SIDES;
use super::host::{Delivery, State};
use super::lane::Parcel;
use super::net::{Arrival, End, EndState};
use super::world::{Core, PutOff, World};
use crate::history::{
    Initiator, Interest, Meaning, Name, Observation, Refusal, Size, StoreOutcome,
};
use crate::id::{ConnId, Ticket};
use crate::protocol::{Effect, Event, Outbox, Protocol, StoreError};
use crate::time::{Span, Time};

/// Who has waited for longer is spoken of.
const LONG: Span = Span::secs(1);

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// The head of a direction of a connection arrives.
    #[inline]
    pub(crate) fn lane(&mut self, index: u32) {
        let core = &mut self.core;
        let Some(arrival) = core.net.arrive(&mut core.agenda, core.now, index) else { return };
        match arrival.parcel {
            Parcel::Message(payload) => self.message(&arrival, payload),
            parcel => self.arrived(arrival.conn, arrival.direction, parcel),
        }
    }

    /// Something that is no message arrives in one direction of a connection.
    #[inline(never)]
    pub(crate) fn arrived(&mut self, id: ConnId, direction: usize, parcel: Parcel) {
        let Some(end) = self.core.net.get(id).map(|conn| conn.ends[1 - direction]) else { return };
        match parcel {
            Parcel::Message(payload) => self.deliver(id, direction, payload),
            Parcel::Garbage(bytes) => self.garbage(id, direction, bytes),
            Parcel::Syn => self.syn(id),
            Parcel::Opened if end.state == EndState::Pending => {
                self.set_end(id, 0, EndState::Open);
                self.core.observe(end.host, &Observation::Opened { conn: id, side: SIDES[0] });
                self.hand(end.host, Delivery::Opened(id));
            }
            Parcel::Opened => {
                // The dialler has given up: its host turns the late answer away.
                let by = Initiator::Remote;
                self.core.reply_parcel(id, 0, Parcel::Close { code: 1006, by });
                self.set_end(id, 0, EndState::Gone);
                // Or it was told that the dial failed, or runs no more.
                if end.state == EndState::Closing {
                    self.hand(end.host, Delivery::Closed(id, 1006, Initiator::Local));
                }
            }
            Parcel::Refused(refusal) => {
                let told = end.state == EndState::Pending;
                self.set_end(id, 0, EndState::Gone);
                self.core.bury(&mut self.out, id);
                if end.state == EndState::Closing {
                    self.hand(end.host, Delivery::Closed(id, 1006, Initiator::Local));
                }
                if told {
                    let what = Observation::Refused { conn: id, refusal };
                    self.core.observe(end.host, &what);
                    self.hand(end.host, Delivery::Refused(id, refusal));
                }
            }
            Parcel::Close { code, by } => self.closed(id, 1 - direction, code, by),
            Parcel::CloseEcho => {
                if end.state == EndState::Closing {
                    self.set_end(id, 1 - direction, EndState::Gone);
                    self.core.bury(&mut self.out, id);
                    self.hand(end.host, Delivery::Closed(id, 1000, Initiator::Local));
                }
            }
            #[cfg(feature = "wire")]
            Parcel::Part(_) | Parcel::Bytes(_) | Parcel::Frames(_) | Parcel::Harmed(_) => {
                self.bytes(id, direction, parcel);
            }
        }
    }

    pub(crate) fn set_end(&mut self, id: ConnId, end: usize, state: EndState) {
        if state == EndState::Gone {
            self.out.end(id, end);
        }
        if let Some(conn) = self.core.net.get_mut(id) {
            conn.ends[end].state = state;
        }
    }

    #[inline]
    fn message(&mut self, arrival: &Arrival, payload: u32) {
        let Arrival { conn: id, direction, sender, receiver, .. } = *arrival;
        let size = self.core.payloads.get(payload).size;
        let drained = if sender.full {
            self.leave_buffer(id, direction, size)
        } else {
            self.out.discharge(id, direction, size);
            false
        };
        self.deliver_to(receiver, id, direction, payload);
        if drained {
            self.tell_writable(id, direction);
        }
    }

    /// Takes what has arrived off the sender's buffer, and says whether the sender waits to
    /// hear that there is room again.
    #[inline]
    pub(crate) fn leave_buffer(&mut self, id: ConnId, direction: usize, size: u32) -> bool {
        let Some(conn) = self.core.net.get_mut(id) else { return false };
        let sender = &mut conn.ends[direction];
        let drained = self.out.discharge(id, direction, size) && sender.full;
        if drained {
            sender.full = false;
        }
        drained
    }

    /// Tells a sender that its buffer has room again.
    #[inline(never)]
    pub(crate) fn tell_writable(&mut self, id: ConnId, direction: usize) {
        let sender = self.core.net.get(id).map(|conn| conn.ends[direction]);
        if let Some(sender) = sender.filter(|sender| sender.state == EndState::Open) {
            self.hand(sender.host, Delivery::Writable(id));
        }
    }

    /// A message that has arrived goes to the node.
    pub(crate) fn deliver(&mut self, id: ConnId, direction: usize, payload: u32) {
        match self.core.net.get(id).map(|conn| conn.ends[1 - direction]) {
            Some(end) => self.deliver_to(end, id, direction, payload),
            None => self.core.payloads.release(payload),
        }
    }

    #[inline]
    fn deliver_to(&mut self, end: End, id: ConnId, direction: usize, payload: u32) {
        let core = &mut self.core;
        match end.state {
            EndState::Open => {
                core.counts.delivered += 1;
                if core.wanted(Interest::DELIVERED) {
                    let meaning = core.meaning_of(payload);
                    let side = SIDES[1 - direction];
                    let what = Observation::Delivered { conn: id, side, meaning };
                    core.observe(end.host, &what);
                }
                self.hand(end.host, Delivery::Message(id, payload));
            }
            EndState::Gone => {
                core.payloads.release(payload);
                self.reset(id, direction);
            }
            EndState::Closing | EndState::Pending => core.payloads.release(payload),
        }
    }

    /// The process that had a connection is gone: its host says so to whoever sends to it.
    #[inline(never)]
    pub(crate) fn reset(&mut self, id: ConnId, direction: usize) {
        let Some(conn) = self.core.net.get(id) else { return };
        let (sender, end) = (conn.ends[direction], conn.ends[1 - direction]);
        if self.core.hosts[end.host as usize].state != State::Dark && sender.state != EndState::Gone
        {
            let by = Initiator::Network;
            self.core.reply_parcel(id, 1 - direction, Parcel::Close { code: 1006, by });
        }
    }

    /// Bytes arrive that are no message.
    #[inline(never)]
    fn garbage(&mut self, id: ConnId, direction: usize, bytes: u32) {
        let drained = self.leave_buffer(id, direction, bytes);
        self.malformed(id, direction, bytes);
        if drained {
            self.tell_writable(id, direction);
        }
    }

    /// What has arrived is no message.
    #[inline(never)]
    pub(crate) fn malformed(&mut self, id: ConnId, direction: usize, bytes: u32) {
        let Some(end) = self.core.net.get(id).map(|conn| conn.ends[1 - direction]) else { return };
        if end.state == EndState::Open {
            let meaning = Meaning { size: bytes, ..Meaning::default() };
            let side = SIDES[1 - direction];
            self.core.observe(end.host, &Observation::Delivered { conn: id, side, meaning });
            self.hand(end.host, Delivery::Malformed(id, bytes));
        }
    }

    /// Somebody knocks.
    #[inline(never)]
    fn syn(&mut self, id: ConnId) {
        let Some(conn) = self.core.net.get(id) else { return };
        let host = conn.ends[1].host;
        let gate = self.core.net.links[conn.lanes[0].link as usize].gate();
        if let Some(refusal) = gate.refuses(conn.channel) {
            self.set_end(id, 1, EndState::Gone);
            self.core.reply_parcel(id, 1, Parcel::Refused(refusal));
            return;
        }
        match self.core.hosts[host as usize].state {
            State::Running => {
                // The node hears of it even if nothing is left of the connection by then.
                let said = self.core.said.get_mut(id.slot()).and_then(Option::take);
                let Some(hello) = said else { return };
                let hello = self.core.hellos.insert(hello) as u32;
                self.set_end(id, 1, EndState::Open);
                let what = Observation::Opened { conn: id, side: SIDES[1] };
                self.core.observe(host, &what);
                self.hand(host, Delivery::Accepted(id, hello));
            }
            State::Down => {
                self.set_end(id, 1, EndState::Gone);
                self.core.reply_parcel(id, 1, Parcel::Refused(Refusal::Unreachable));
            }
            State::Dark => {}
        }
    }

    /// One end is told that the other has ended, or that the connection broke.
    #[inline(never)]
    fn closed(&mut self, id: ConnId, end: usize, code: u16, by: Initiator) {
        let Some(conn) = self.core.net.get(id) else { return };
        let state = conn.ends[end];
        match state.state {
            // Its process is gone: whoever says that it is closing hears that nobody is there.
            EndState::Gone => self.reset(id, 1 - end),
            EndState::Closing => {
                self.set_end(id, end, EndState::Gone);
                self.core.bury(&mut self.out, id);
                self.hand(state.host, Delivery::Closed(id, 1000, Initiator::Local));
            }
            EndState::Pending => {
                self.set_end(id, end, EndState::Gone);
                self.core.bury(&mut self.out, id);
                // Who has not heard of the connection yet hears nothing of its end.
                if end == 0 {
                    let refusal = Refusal::Unreachable;
                    self.core.observe(state.host, &Observation::Refused { conn: id, refusal });
                    self.hand(state.host, Delivery::Refused(id, refusal));
                }
            }
            EndState::Open => {
                self.set_end(id, end, EndState::Gone);
                let side = SIDES[end];
                self.core.observe(state.host, &Observation::Closed { conn: id, side, code, by });
                self.core.reply_parcel(id, end, Parcel::CloseEcho);
                self.core.bury(&mut self.out, id);
                self.hand(state.host, Delivery::Closed(id, code, by));
            }
        }
    }

    /// The head of a link's casts arrives.
    #[inline(never)]
    pub(crate) fn cast_arrives(&mut self, index: u32) {
        let core = &mut self.core;
        let Some((payload, lost)) = core.net.links[index as usize].cast_arrives(core.now) else {
            return;
        };
        let link = &core.net.links[index as usize];
        let (from, to) = (link.from, link.host_to);
        if lost {
            core.payloads.release(payload);
            return;
        }
        if core.wanted(Interest::CAST) {
            let meaning = core.meaning_of(payload);
            core.observe(to, &Observation::CastDelivered { from, meaning });
        }
        self.hand(to, Delivery::Cast(from, payload));
    }

    /// A timer of a node may be due.
    pub(crate) fn deadline(&mut self, index: u32) {
        let core = &mut self.core;
        let host = &mut core.hosts[index as usize];
        if !host.wake.is(core.now) {
            return;
        }
        host.wake = Wake::NEVER;
        if !host.is_running() || host.is_occupied(core.now) {
            return;
        }
        let now = host.clock.now(core.now);
        if let Some(timer) = host.timers.due(now.mono) {
            self.fire(index, timer, now);
        }
        self.core.plan_timers(index);
    }

    /// A node that was busy or paused takes up what has waited.
    pub(crate) fn ready(&mut self, index: u32) {
        loop {
            let host = &mut self.core.hosts[index as usize];
            if !host.is_running() || host.paused > 0 || host.busy_until > self.core.now {
                return;
            }
            let Some((since, delivery)) = host.inbox.pop_front() else { break };
            let oldest = self.core.now.since(since);
            if oldest > LONG {
                let size = Size { len: host.inbox.len() as u32 + 1, oldest, ..Size::default() };
                let queue = Name::Borrowed("inbox");
                self.core.observe(index, &Observation::Waiting { queue, size });
            }
            self.dispatch(index, delivery);
        }
        self.core.plan_timers(index);
    }

    /// A store executes a request.
    #[inline(never)]
    pub(crate) fn execute(&mut self, slot: u32) {
        let core = &mut self.core;
        let errand = &mut core.errands[slot as usize];
        let (index, ticket, at) = (errand.host, errand.ticket, errand.answer_at.max(core.now));
        let store = core.hosts[index as usize].store;
        let mut outcome = StoreOutcome::Failed;
        let mut write = None;
        if let Some(vault) = core.vaults.iter_mut().find(|vault| Some(vault.id) == store) {
            let request = errand.request.take();
            let handled = vault.handle(ticket, errand.session, request, errand.draw, P::write);
            errand.answer = handled.answer;
            (outcome, write) = (handled.outcome, handled.write);
        }
        core.counts.stored += 1;
        core.note(21, index, u64::from(ticket.0), outcome as u64);
        if let Some(store) = store {
            core.observe(index, &Observation::Stored { store, ticket, outcome, write });
        }
        core.agenda.add(at, Due::Reply, slot);
    }

    /// A store's answer reaches its node, if that still is the one that asked.
    #[inline(never)]
    pub(crate) fn reply(&mut self, slot: u32) {
        let errand = &mut self.core.errands[slot as usize];
        let (index, ticket) = (errand.host, errand.ticket);
        let host = &mut self.core.hosts[index as usize];
        let vault = self.core.vaults.iter().find(|vault| Some(vault.id) == host.store);
        if let Some(vault) = vault.filter(|vault| vault.session != errand.session) {
            // The store went down in between: nothing is known of what it was asked before.
            (errand.answer, errand.session) = (Err(StoreError::Failed), vault.session);
        }
        if self.core.hosts[index as usize].incarnation == errand.incarnation {
            self.hand(index, Delivery::Stored(ticket, slot));
        } else {
            self.core.errands.remove(slot as usize);
        }
    }

    /// An await point is passed.
    #[inline(never)]
    pub(crate) fn task(&mut self, slot: u32) {
        let PutOff { host, incarnation, .. } = self.core.tasks[slot as usize];
        if self.core.hosts[host as usize].incarnation == incarnation {
            self.hand(host, Delivery::Task(slot));
        } else {
            self.core.tasks.remove(slot as usize);
        }
    }
}

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// A question reaches the issuer, or its answer the node that asked.
    #[inline(never)]
    pub(crate) fn issuer(&mut self, slot: u32) {
        let core = &mut self.core;
        let asked = &mut core.asked[slot as usize];
        let (index, ticket) = (asked.host, asked.ticket);
        let host = &mut core.hosts[index as usize];
        if asked.answer.is_some() {
            if host.incarnation == asked.incarnation && host.unplugged == 0 {
                self.hand(index, Delivery::Issuer(ticket, slot));
            } else {
                core.asked.remove(slot as usize);
            }
            return;
        }
        let lifetime = core.network.credential_lifetime;
        let Some((answer, standing)) =
            core.issuer.answer(host.id, asked.inquiry, core.now, lifetime)
        else {
            core.asked.remove(slot as usize);
            return;
        };
        asked.answer = Some(answer);
        let at = host.asks_mut().issues(core.now + asked.back);
        core.note(22, index, u64::from(ticket.0), 0);
        if let Some(standing) = standing {
            core.observe(index, &Observation::Credential(standing));
        }
        core.agenda.add(at, Due::Issuer, slot);
    }

    /// A proxy looks whether a connection is idle, and cuts it if so.
    #[inline(never)]
    pub(crate) fn proxy(&mut self, slot: u32) {
        let core = &mut self.core;
        let Some(conn) = core.net.at_mut(slot as usize) else { return };
        if !conn.look_at.is(core.now) {
            return;
        }
        conn.look_at = Wake::NEVER;
        let (id, used_at, link) = (conn.id, conn.used_at, conn.lanes[0].link);
        let Some(idle) = core.net.links[link as usize].gate().idle else { return };
        if core.now.since(used_at) >= idle {
            self.break_conn(id, 1006);
        } else {
            core.watch_idle(id, used_at + idle);
        }
    }
}

impl<P: Protocol, W: Witness<P>> Core<P, W> {
    /// Answers a handshake, right after its handler and before what the handler sent.
    pub(crate) fn shake(&mut self, id: ConnId, out: &Outbox<P>) {
        let status = out.effects.iter().find_map(|effect| match effect {
            Effect::Refuse(conn, status) if *conn == id => Some(*status),
            _ => None,
        });
        let Some(conn) = self.net.get_mut(id) else { return };
        let parcel = match status {
            Some(status) => {
                conn.ends[1].state = EndState::Gone;
                Parcel::Refused(Refusal::Status(status))
            }
            None => Parcel::Opened,
        };
        let opened = status.is_none();
        let link = conn.lanes[0].link;
        self.reply_parcel(id, 1, parcel);
        if opened {
            self.pass_gate(id, link);
        }
    }

    /// What stands between the two ends of a connection that has just been accepted.
    fn pass_gate(&mut self, id: ConnId, link: u32) {
        let gate = self.net.links[link as usize].gate();
        if let Some(code) = gate.flap {
            let by = if code == 1006 { Initiator::Network } else { Initiator::Remote };
            self.reply_parcel(id, 1, Parcel::Close { code, by });
            self.reply_parcel(id, 0, Parcel::Close { code, by });
        } else if let Some(idle) = gate.idle {
            self.watch_idle(id, self.now + idle);
        }
    }

    /// Lets a proxy look at a connection at a time.
    pub(crate) fn watch_idle(&mut self, id: ConnId, at: Time) {
        let Some(conn) = self.net.get_mut(id) else { return };
        if conn.look_at.is_never() {
            conn.look_at = Wake::at(at);
            self.agenda.add(at, Due::Proxy, id.slot() as u32);
        }
    }

    /// Puts a parcel on the way from one end of a connection to the other.
    pub(crate) fn reply_parcel(&mut self, id: ConnId, end: usize, parcel: Parcel) {
        if self.net.get(id).is_some() {
            self.put(id.slot(), end, parcel, 0);
        }
    }

    /// What a node is told of a store's answer. It knows of the store's session from then on, and
    /// what it asked before it was told was asked in the one before.
    pub(crate) fn stored_event(&mut self, ticket: Ticket, slot: u32) -> Event<'static, P> {
        let errand = self.errands.remove(slot as usize);
        let host = &mut self.hosts[errand.host as usize];
        host.session = host.session.max(errand.session);
        Event::Stored(ticket, errand.answer)
    }
}
