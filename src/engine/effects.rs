//! Doing what a node asked for.

use super::Witness;
use super::agenda::Due;
use super::host::Delivery;
use super::issuer::Asked;
use super::lane::Parcel;
use super::link::Posted;
use super::net::EndState;
use super::vault::Errand;
use super::world::{Core, PutOff};
use crate::history::{Canary, Initiator, Interest, Meaning, Name, Observation, Place, Side, Size};
use crate::id::{ConnId, NodeId, Ticket};
use crate::protocol::{Close, Dial, Effect, Inquiry, Outbox, Protocol, Store, StoreError};
use crate::rng::Draw;
use crate::time::{Mono, Span};

pub(crate) const SIDES: [Side; 2] = [Side::Dialler, Side::Acceptor];

/// How full a send buffer must be to be told of, after so much was told of.
fn enough_to_tell(told: u32) -> u32 {
    told.saturating_mul(2).max(64)
}

/// Does all that is in the outbox, in order, on behalf of one host.
#[inline]
pub(crate) fn settle<P: Protocol, W: Witness<P>>(
    core: &mut Core<P, W>,
    out: &mut Outbox<P>,
    host: u32,
) {
    if out.effects.is_empty() {
        return;
    }
    let mut effects = std::mem::take(&mut out.effects);
    let mut timers_moved = false;
    for effect in &mut effects {
        core.trace_effect(host, effect);
        // Most effects are done where they lie: an effect is large, and moving it costs more than
        // many a deed.
        match effect {
            Effect::Claim(claim) => core.claim(host, claim),
            Effect::Timer(timer, at) => {
                timers_moved = true;
                core.set_timer(host, *timer, *at);
            }
            Effect::Cancel(timer) => {
                timers_moved = true;
                core.hosts[host as usize].timers.cancel(*timer);
            }
            Effect::Mark(mark) => *core.marks.entry(mark).or_default() += 1,
            Effect::Refuse(..) => {}
            Effect::Close(close) => core.close(out, host, close),
            Effect::Flush(ticket) => core.ask_store(host, *ticket, None),
            Effect::Ask(ticket, inquiry) => core.ask_issuer(host, *ticket, *inquiry),
            Effect::Busy(span) => core.busy(host, *span),
            _ => core.give_away(out, host, std::mem::replace(effect, Effect::Busy(Span::ZERO))),
        }
    }
    effects.clear();
    out.effects = effects;
    out.fan.clear();
    if timers_moved {
        core.plan_timers(host);
    }
}

impl<P: Protocol, W: Witness<P>> Core<P, W> {
    /// Does an effect that hands something over. A call of its own, as those below: what is rare
    /// would burden the loop above with the preparations for it.
    #[inline(never)]
    fn give_away(&mut self, out: &mut Outbox<P>, host: u32, effect: Effect<P>) {
        match effect {
            Effect::Send(conn, message) => self.send(out, host, conn, message),
            Effect::SendAll(range, message) => {
                let range = range.start as usize..range.end as usize;
                self.send_all(out, host, range, message);
            }
            Effect::Dial(dial) => self.dial(host, *dial),
            Effect::Cast(to, message) => self.cast(host, to, message),
            Effect::Store(ticket, request) => self.ask_store(host, ticket, Some(request)),
            Effect::Later(task) => self.put_off(host, task),
            _ => {}
        }
    }

    #[inline]
    fn trace_effect(&mut self, host: u32, effect: &Effect<P>) {
        if self.traces {
            self.trace(host, || format!("  {effect:?}"));
        }
    }

    #[inline(never)]
    fn claim(&mut self, host: u32, claim: &Observation) {
        self.note_effect(30);
        self.digest.value(claim);
        self.observe(host, claim);
    }

    #[inline(never)]
    fn set_timer(&mut self, host: u32, timer: P::Timer, at: Mono) {
        self.hosts[host as usize].set_timer(timer, at);
        if self.wanted(Interest::TIMER) {
            let timer = Name::Owned(format!("{timer:?}"));
            self.observe(host, &Observation::TimerSet { timer, at });
        }
    }

    /// Takes a message into the digest and among the payloads, and tells its size.
    #[inline]
    fn post(&mut self, message: P::Message) -> (u32, u32) {
        self.note_effect(31);
        self.digest.value(&message);
        let size = P::size(&message);
        #[cfg(feature = "wire")]
        if let Some(wire) = &mut self.wire {
            wire.forget_text();
        }
        (self.payloads.add(message, size), size)
    }

    /// What a message in flight means.
    #[inline]
    pub(crate) fn meaning_of(&self, payload: u32) -> Meaning {
        let payload = self.payloads.get(payload);
        Meaning { size: payload.size, ..P::meaning(&payload.message) }
    }

    pub(crate) fn send(
        &mut self,
        out: &mut Outbox<P>,
        host: u32,
        conn: ConnId,
        message: P::Message,
    ) {
        let (payload, size) = self.post(message);
        self.send_payload(out, host, conn, payload, size);
        self.witness(host, conn, payload);
        self.payloads.release(payload);
    }

    fn send_all(
        &mut self,
        out: &mut Outbox<P>,
        host: u32,
        range: std::ops::Range<usize>,
        message: P::Message,
    ) {
        let (payload, size) = self.post(message);
        for i in range {
            let conn = out.fan[i];
            self.send_payload(out, host, conn, payload, size);
            self.witness(host, conn, payload);
        }
        self.payloads.release(payload);
    }

    #[inline]
    pub(crate) fn send_payload(
        &mut self,
        out: &mut Outbox<P>,
        host: u32,
        conn: ConnId,
        payload: u32,
        size: u32,
    ) {
        self.counts.sent += 1;
        let (end, live) = self.net.get(conn).map_or((0, false), |state| {
            let end = state.end_of(host);
            (end, state.ends[end].state == EndState::Open)
        });
        if self.wanted(Interest::SENT) {
            let side = SIDES[end];
            let meaning = self.meaning_of(payload);
            #[cfg(feature = "wire")]
            let meaning = self.in_bytes(payload, meaning);
            self.observe(host, &Observation::Sent { conn, side, live, meaning });
        }
        if !live {
            self.counts.sent_on_ended += 1;
            self.note(32, host, u64::from(conn.serial), 0);
            return;
        }
        let slot = conn.slot();
        let parcel = Parcel::Message(payload);
        let posted = self.put(slot, end, parcel, size);
        if self.wanted(Interest::CARRYING)
            && let Some(until) = self.net.long_busy(slot, end, size)
        {
            self.observe(host, &Observation::Carrying { conn, side: SIDES[end], until });
        }
        for _ in 0..posted.whole {
            self.payloads.share(payload);
        }
        if self.repeats {
            self.remember(conn, end, payload);
        }
        let account = &mut out.accounts[slot];
        if posted.arrive != 1 {
            // The account was charged for one message; a lost one is off the buffer, and a
            // doubled one was sent once and is counted off twice.
            let (used, queued) = (&mut account.used[end], &mut account.queued[end]);
            let bytes = size.saturating_mul(posted.arrive);
            *used = used.saturating_add(bytes).saturating_sub(size);
            *queued = (*queued + posted.arrive).saturating_sub(1);
        }
        let used = account.used[end];
        let Some(state) = self.net.get_mut(conn) else { return };
        if used >= out.buffer_limit {
            state.ends[end].full = true;
        }
        let waiting = state.lanes[end].fifo.len() as u32;
        if waiting >= enough_to_tell(self.hosts[host as usize].buffer_max) {
            self.watch_buffer(host, conn, end, used);
        }
    }

    /// Sees the canaries in a message that goes to the peer of a connection.
    #[inline]
    fn witness(&mut self, host: u32, conn: ConnId, payload: u32) {
        let canaries = P::canaries(&self.payloads.get(payload).message);
        if !canaries.is_empty() {
            self.canaries_sent(host, conn, payload, &canaries);
        }
    }

    #[inline(never)]
    fn canaries_sent(&mut self, host: u32, conn: ConnId, payload: u32, canaries: &[Canary]) {
        let Some(state) = self.net.get(conn) else { return };
        let peer = state.ends[1 - state.end_of(host)].host;
        let to = self.hosts[peer as usize].id;
        let kind = self.meaning_of(payload).kind;
        for canary in canaries {
            let place = Place::Message { conn, to, kind };
            self.observe(host, &Observation::Canary { canary: *canary, place });
        }
    }

    /// Keeps the last message of an end, for whoever sends it again.
    fn remember(&mut self, conn: ConnId, end: usize, payload: u32) {
        let Some(state) = self.net.get_mut(conn) else { return };
        let old = state.repeats[end].replace(payload);
        self.payloads.share(payload);
        if let Some(old) = old {
            self.payloads.release(old);
        }
    }

    #[inline(never)]
    fn dial(&mut self, host: u32, dial: Dial<P::Hello>) {
        self.counts.dials += 1;
        self.note(33, host, u64::from(dial.conn.serial), u64::from(dial.to.0));
        self.digest.value(&dial.hello);
        let Dial { conn, to, channel, hello } = dial;
        let caller = P::caller(&hello);
        self.observe(host, &Observation::Dialled { conn, to, channel, caller });
        for canary in P::address(&hello).into_iter().flat_map(Canary::all_in) {
            let place = Place::Address { conn };
            self.observe(host, &Observation::Canary { canary, place });
        }
        let Some(peer) = self.index_of(to) else {
            tracing::warn!(%to, "dialled a node that the case does not have");
            return;
        };
        let links = [self.link_between(host, peer), self.link_between(peer, host)];
        self.net.open(conn, channel, [host, peer], links);
        #[cfg(feature = "wire")]
        self.wire_up(conn, channel, &hello);
        if self.said.len() <= conn.slot() {
            self.said.resize_with(conn.slot() + 1, || None);
        }
        self.said[conn.slot()] = Some(hello);
        self.put(conn.slot(), 0, Parcel::Syn, 0);
    }

    pub(crate) fn link_between(&mut self, from: u32, to: u32) -> u32 {
        let (a, b) = (&self.hosts[from as usize], &self.hosts[to as usize]);
        let local = a.device.is_some() && a.device == b.device;
        let (a, b) = ((from, a.id), (to, b.id));
        self.net.link(a, b, local)
    }

    #[inline(never)]
    fn close(&mut self, out: &mut Outbox<P>, host: u32, close: &Close) {
        let Close { conn, code, .. } = *close;
        for payload in self.hosts[host as usize].forget_conn(conn) {
            self.payloads.release(payload);
        }
        let Some(state) = self.net.get_mut(conn) else { return };
        let end = state.end_of(host);
        match state.ends[end].state {
            EndState::Open | EndState::Pending => {}
            EndState::Closing | EndState::Gone => return,
        }
        let was_pending = state.ends[end].state == EndState::Pending;
        state.ends[end].state = EndState::Closing;
        out.end(conn, end);
        self.note(34, host, u64::from(conn.serial), u64::from(code));
        self.digest.value(&close.reason);
        let side = SIDES[end];
        self.observe(host, &Observation::Closed { conn, side, code, by: Initiator::Local });
        if was_pending && end == 0 {
            // A dial that is abandoned before its answer: whatever comes back is turned away.
            return;
        }
        #[cfg(feature = "wire")]
        if self.say_close(conn, end, code, &close.reason) {
            return self.bury(out, conn);
        }
        let parcel = Parcel::Close { code, by: Initiator::Remote };
        self.net.put(&mut self.agenda, self.now, conn.slot(), end, parcel, 0);
        self.bury(out, conn);
    }

    #[inline(never)]
    fn cast(&mut self, host: u32, to: NodeId, message: P::Message) {
        let (payload, size) = self.post(message);
        let meaning = self.meaning_of(payload);
        self.observe(host, &Observation::CastSent { to, meaning });
        if let Some(peer) = self.index_of(to) {
            let link = self.link_between(host, peer);
            let posted = self.net.cast(&mut self.agenda, self.now, link, payload, size);
            for _ in 0..posted.whole {
                self.payloads.share(payload);
            }
        }
        self.payloads.release(payload);
    }

    /// Sends a request to the host's store. A host without one is answered with a failure,
    /// so that the mistake shows.
    #[inline(never)]
    fn ask_store(
        &mut self,
        index: u32,
        ticket: Ticket,
        request: Option<<P::Store as Store>::Request>,
    ) {
        self.note(35, index, u64::from(ticket.0), u64::from(request.is_some()));
        self.digest.value(&request);
        let host = &mut self.hosts[index as usize];
        let draw = host.draw(self.draw.purpose("store"), self.now);
        let mode = self.vaults.iter().find(|vault| Some(vault.id) == host.store).map(|v| v.mode);
        let delay = mode.unwrap_or_default().delay;
        let there = self.now + self.network.store_latency.sample(draw, 0) + delay;
        let asks = host.asks_mut();
        let at = asks.executes(there);
        let back = at + self.network.store_latency.sample(draw, 1) + delay;
        let answer_at = asks.answers(back);
        let errand = Errand {
            host: index,
            incarnation: host.incarnation,
            ticket,
            session: host.session,
            request,
            answer: Err(StoreError::Failed),
            answer_at,
            draw,
        };
        let slot = self.errands.insert(errand) as u32;
        self.agenda.add(at, Due::Execute, slot);
    }

    /// Asks the issuer, unless the host is cut off from all there is. Answers come in the
    /// order of the questions.
    #[inline(never)]
    fn ask_issuer(&mut self, index: u32, ticket: Ticket, inquiry: Inquiry) {
        self.note(38, index, u64::from(ticket.0), 0);
        self.digest.value(&inquiry);
        let host = &mut self.hosts[index as usize];
        if host.unplugged > 0 {
            return;
        }
        let draw = host.draw(self.draw.purpose("issuer"), self.now);
        let there = self.now + self.network.latency.sample(draw, 0);
        let back = self.network.latency.sample(draw, 1);
        let incarnation = host.incarnation;
        let asked = Asked { host: index, incarnation, ticket, inquiry, answer: None, back };
        let slot = self.asked.insert(asked) as u32;
        self.agenda.add(there, Due::Issuer, slot);
    }

    #[inline(never)]
    fn put_off(&mut self, index: u32, task: P::Task) {
        self.note_effect(36);
        self.digest.value(&task);
        let host = &mut self.hosts[index as usize];
        let incarnation = host.incarnation;
        let draw = host.draw(self.draw.purpose("task"), self.now);
        let at = self.now + self.network.task_latency.sample(draw, 0);
        let slot = self.tasks.insert(PutOff { host: index, incarnation, task });
        self.agenda.add(at, Due::Task, slot as u32);
    }

    #[inline(never)]
    fn busy(&mut self, index: u32, span: Span) {
        self.note(37, index, span.as_micros(), 0);
        self.observe(index, &Observation::Busy { span });
        let now = self.now;
        let host = &mut self.hosts[index as usize];
        host.busy_until = host.busy_until.max(now) + span;
        let at = host.busy_until;
        self.agenda.add(at, Due::Ready, index);
    }

    /// Says how full a send buffer is each time it has twice its node's last maximum.
    #[inline(never)]
    fn watch_buffer(&mut self, index: u32, conn: ConnId, end: usize, bytes: u32) {
        let Some(state) = self.net.get(conn) else { return };
        let host = &mut self.hosts[index as usize];
        let len = state.lanes[end].writes() as u32;
        if len >= enough_to_tell(host.buffer_max) {
            host.buffer_max = len;
            let size = Size { len, bytes, ..Size::default() };
            let queue = Name::Borrowed("send-buffer");
            self.observe(index, &Observation::Waiting { queue, size });
        }
    }

    /// Forgets a connection that is over at both ends, with all that is still on its way.
    #[inline(never)]
    pub(crate) fn bury(&mut self, out: &mut Outbox<P>, conn: ConnId) {
        if self.net.get(conn).is_none_or(|state| !state.is_over()) {
            return;
        }
        for direction in 0..2 {
            for item in self.net.drop_suffix(conn, direction, 0) {
                self.release(item.parcel);
            }
        }
        #[cfg(feature = "wire")]
        if let Some(wire) = &mut self.wire {
            wire.forget(conn.slot());
        }
        if let Some(said) = self.said.get_mut(conn.slot()) {
            *said = None;
        }
        if let Some(repeats) = self.net.forget(conn) {
            for payload in repeats.into_iter().flatten() {
                self.payloads.release(payload);
            }
        }
        out.free.push(conn.slot() as u32);
    }

    /// The draw for what befalls a connection now. Keyed by its ends, not by its number, which
    /// depends on every dial before it.
    pub(crate) fn conn_draw(&self, id: ConnId, purpose: &str) -> Option<Draw> {
        let ends = self.net.get(id)?.ends;
        let key = self.draw.purpose(purpose).key(self.now.as_micros());
        let node = |end: usize| u64::from(self.hosts[ends[end].host as usize].id.0);
        Some(key.key(node(0)).key(node(1)))
    }

    pub(crate) fn release(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Message(payload) => self.payloads.release(payload),
            #[cfg(feature = "wire")]
            Parcel::Part(chunk)
            | Parcel::Bytes(chunk)
            | Parcel::Frames(chunk)
            | Parcel::Harmed(chunk) => self.release_bytes(chunk),
            _ => {}
        }
    }

    /// Puts a parcel of `size` bytes on its way: as it is, or as what a codec makes of it.
    #[inline]
    pub(crate) fn put(&mut self, slot: usize, end: usize, parcel: Parcel, size: u32) -> Posted {
        #[cfg(feature = "wire")]
        if self.wire.is_some()
            && let Some(posted) = self.put_bytes(slot, end, parcel, size)
        {
            return posted;
        }
        self.net.put(&mut self.agenda, self.now, slot, end, parcel, size)
    }

    /// Forgets what was meant for a node that is not there.
    pub(crate) fn discard(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Message(_, payload) | Delivery::Cast(_, payload) => {
                self.payloads.release(payload);
            }
            Delivery::Accepted(_, slot) => drop(self.hellos.remove(slot as usize)),
            Delivery::Issuer(_, slot) => drop(self.asked.remove(slot as usize)),
            Delivery::Stored(_, slot) => drop(self.errands.remove(slot as usize)),
            Delivery::Task(slot) => drop(self.tasks.remove(slot as usize)),
            Delivery::Op(slot) => drop(self.ops.remove(slot as usize)),
            _ => {}
        }
    }
}
