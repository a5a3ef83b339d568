//! One node on tokio: its task, the events that it is handed, and the effects that it asks for.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::handshake::client::Request as Dialled;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::line::{self, Item, Line, Queue};
use super::run::{Input, Run, Shared};
use super::socket::{self, Net};
use crate::codec;
use crate::engine::EndState;
use crate::history::{Canary, Channel, Initiator, Meaning, Name, Observation, Place, Side, Size};
use crate::id::{ConnId, NodeId};
use crate::protocol::{Close, Dial, Effect, Event, Protocol};
use crate::time::Span;

/// The longest datagram.
pub(super) const DATAGRAM_MAX: usize = 65_507;

/// Why a node cannot go on.
pub(super) type Ended = Result<(), Box<dyn std::error::Error>>;

/// One node, for as long as its process lives.
pub(super) async fn node<P: Protocol, N: Net>(run: Shared<P>, me: usize, net: Rc<N>) -> Ended {
    spawn_local(socket::listen(run.clone(), me, net.clone()));
    loop {
        free(&run, me).await;
        let input = run.borrow_mut().next_input(me);
        match input {
            Some(input) => handle(&run, me, &net, input)?,
            None => rest(&run, me).await,
        }
    }
}

/// Waits until the node is neither paused nor busy.
async fn free<P: Protocol>(run: &Shared<P>, me: usize) {
    loop {
        let now = run.borrow().time();
        let (paused, busy, call) = {
            let run = run.borrow();
            let host = &run.hosts[me];
            (host.paused > 0, host.busy_until.since(now), run.ports[me].call.clone())
        };
        match (paused, busy) {
            (true, _) => call.notified().await,
            (false, Span::ZERO) => return,
            (false, busy) => sleep(duration(busy)).await,
        }
    }
}

/// Waits for something in the inbox, or for the earliest timer.
async fn rest<P: Protocol>(run: &Shared<P>, me: usize) {
    let (deadline, call) = {
        let run = run.borrow();
        let host = &run.hosts[me];
        let at = host.timers.earliest().map(|mono| host.clock.when(mono));
        (at.map(|at| at.since(run.time())), run.ports[me].call.clone())
    };
    match deadline {
        // Either way there is something to look at.
        Some(span) => drop(timeout(duration(span), call.notified()).await),
        None => call.notified().await,
    }
}

pub(super) fn duration(span: Span) -> Duration {
    Duration::from_micros(span.as_micros())
}

/// Lets the node handle one event, and does what it asks for.
fn handle<P: Protocol, N: Net>(run: &Shared<P>, me: usize, net: &Rc<N>, input: Input<P>) -> Ended {
    let accepted = match &input {
        Input::Accepted(conn, _) => Some(*conn),
        _ => None,
    };
    let mut state = run.borrow_mut();
    let cost = state.hosts[me].cost;
    if let Input::Stored(_, _, session) = &input {
        // What it asked before it is told of this was asked in the session before.
        let host = &mut state.hosts[me];
        host.session = host.session.max(*session);
    }
    let Some((now, actor, out)) = state.lend(me) else { return Ok(()) };
    let mut tell = |event: Event<'_, P>| actor.on_event(now, event, out);
    match input {
        Input::Start => tell(Event::Start),
        Input::Op(id, op) => tell(Event::Op(id, &op)),
        Input::Accepted(conn, hello) => tell(Event::Accepted(conn, &hello)),
        Input::Opened(conn) => tell(Event::Opened(conn)),
        Input::Refused(conn, refusal) => tell(Event::Refused(conn, refusal)),
        Input::Message(conn, message) => tell(Event::Message(conn, &message)),
        Input::Malformed(conn, bytes) => tell(Event::Malformed(conn, bytes)),
        Input::Writable(conn) => tell(Event::Writable(conn)),
        Input::Closed(conn, closing) => tell(Event::Closed(conn, closing)),
        Input::Cast(from, message) => tell(Event::Cast(from, &message)),
        Input::Timer(timer) => tell(Event::Timer(timer)),
        Input::Stored(ticket, answer, _) => tell(Event::Stored(ticket, answer)),
        Input::Issuer(ticket, answer) => tell(Event::Issuer(ticket, answer)),
        Input::Task(task) => tell(Event::Task(task)),
        Input::Device(online) => tell(Event::Device(online)),
    }
    if !cost.is_zero() {
        out.busy(cost);
    }
    let effects = out.take();
    let fan = std::mem::take(&mut out.fan);
    if !state.regain(me) {
        return Err("the budget of events is used up".into());
    }
    if let Some(conn) = accepted {
        state.shake(me, conn, &effects);
    }
    for effect in effects {
        match effect {
            Effect::Dial(dial) => {
                if let Some((line, request)) = state.dial(me, *dial) {
                    spawn_local(socket::dial(run.clone(), me, net.clone(), line, request));
                }
            }
            Effect::SendAll(range, message) => {
                let fan = &fan[range.start as usize..range.end as usize];
                state.send(me, fan, message);
            }
            Effect::Cast(to, message) => state.cast(me, &**net, to, message),
            effect => state.settle(me, effect),
        }
    }
    Ok(())
}

impl<P: Protocol> Run<P> {
    pub(super) fn meaning(message: &P::Message) -> Meaning {
        Meaning { size: P::size(message), ..P::meaning(message) }
    }

    /// Answers a handshake, right after its handler and before what the handler sent.
    fn shake(&mut self, me: usize, conn: ConnId, effects: &[Effect<P>]) {
        let Some(line) = self.ports[me].lines.get(conn).cloned() else { return };
        let Some(verdict) = line.verdict.take() else { return };
        let status = effects.iter().find_map(|effect| match effect {
            Effect::Refuse(of, status) if *of == conn => Some(*status),
            _ => None,
        });
        // Nobody waits for it where the stream has ended meanwhile.
        let _ = verdict.send(status.map_or(Ok(()), Err));
        let gate = self.gates.get(&(line.peer, self.hosts[me].id));
        if status.is_some() {
            line.state.set(EndState::Gone);
            line.hang_up();
        } else if let Some(code) = gate.and_then(|gate| gate.flap) {
            self.cut_off(me, &line, code);
        }
    }

    /// Something between ends a connection: both ends are told with the same code.
    pub(super) fn cut_off(&mut self, me: usize, line: &Line, code: u16) {
        if code == 1006 {
            return self.broke(me, line);
        }
        line.put_close(code, "");
        self.ended(me, line, code, Initiator::Remote);
    }

    fn settle(&mut self, me: usize, effect: Effect<P>) {
        match effect {
            Effect::Send(conn, message) => self.send(me, &[conn], message),
            Effect::Close(close) => self.close(me, close),
            Effect::Timer(timer, at) => {
                self.hosts[me].set_timer(timer, at);
                let timer = Name::Owned(format!("{timer:?}"));
                self.observe(me, &Observation::TimerSet { timer, at });
            }
            Effect::Cancel(timer) => self.hosts[me].timers.cancel(timer),
            Effect::Store(ticket, request) => self.ask_store(me, ticket, Some(request)),
            Effect::Flush(ticket) => self.ask_store(me, ticket, None),
            Effect::Ask(ticket, inquiry) => self.ask_issuer(me, ticket, inquiry),
            Effect::Later(task) => self.put_off(me, task),
            Effect::Busy(span) => {
                self.observe(me, &Observation::Busy { span });
                let now = self.time();
                let host = &mut self.hosts[me];
                host.busy_until = host.busy_until.max(now) + span;
            }
            Effect::Claim(claim) => self.observe(me, &claim),
            Effect::Mark(mark) => *self.marks.entry(mark).or_default() += 1,
            // Done before: these need more than the run.
            Effect::Refuse(..) | Effect::Dial(_) | Effect::SendAll(..) | Effect::Cast(..) => {}
        }
    }

    fn dial(&mut self, me: usize, dial: Dial<P::Hello>) -> Option<((Rc<Line>, Queue), Dialled)> {
        let Dial { conn, to, channel, hello } = dial;
        self.counts.dials += 1;
        let caller = P::caller(&hello);
        self.observe(me, &Observation::Dialled { conn, to, channel, caller });
        for canary in P::address(&hello).into_iter().flat_map(Canary::all_in) {
            let place = Place::Address { conn };
            self.observe(me, &Observation::Canary { canary, place });
        }
        if self.index_of(to).is_none() {
            tracing::warn!(%to, "dialled a node that the case does not have");
            return None;
        }
        let mut request = match codec::request::<P>(&to.to_string(), &hello) {
            Ok(request) => request,
            Err(error) => {
                self.fail(me, &error);
                return None;
            }
        };
        let headers = request.headers_mut();
        headers.insert(line::CONN, conn.serial().into());
        headers.insert(line::FROM, self.hosts[me].id.0.into());
        if channel == Channel::Request {
            headers.insert(line::CHANNEL, HeaderValue::from_static("request"));
        }
        let (line, queue) = Line::new(conn, Side::Dialler, to);
        self.ports[me].lines.insert(conn, line.clone());
        Some(((line, queue), request))
    }

    /// Sends one message to some connections: it is written down once.
    fn send(&mut self, me: usize, conns: &[ConnId], message: P::Message) {
        let meaning = Self::meaning(&message);
        let text = match codec::text::<P>(&message) {
            Ok(text) => text,
            Err(error) => return self.fail(me, &error),
        };
        for conn in conns.iter().copied() {
            self.send_text(me, conn, &text, meaning);
        }
        let canaries = P::canaries(&message);
        for conn in conns.iter().copied().filter(|_| !canaries.is_empty()) {
            let Some(to) = self.ports[me].lines.get(conn).map(|line| line.peer) else { continue };
            for canary in canaries.iter().copied() {
                let place = Place::Message { conn, to, kind: meaning.kind };
                self.observe(me, &Observation::Canary { canary, place });
            }
        }
    }

    pub(super) fn send_text(
        &mut self,
        me: usize,
        conn: ConnId,
        text: &Utf8Bytes,
        meaning: Meaning,
    ) {
        self.counts.sent += 1;
        let line = self.ports[me].lines.get(conn).cloned();
        let side = line.as_ref().map_or(Side::Dialler, |line| line.side);
        let line = line.filter(|line| line.state.get() == EndState::Open);
        // Whoever has not been told of the end sends on what it takes for a live connection.
        let news = |input: &Input<P>| matches!(input, Input::Closed(of, _) if *of == conn);
        let live = line.is_some() || self.ports[me].inbox.iter().any(news);
        self.observe(me, &Observation::Sent { conn, side, live, meaning });
        let Some(line) = line else {
            self.counts.sent_on_ended += 1;
            return;
        };
        if self.repeats {
            line.last.replace(Some((text.clone(), meaning)));
        }
        line.used_at.set(self.time());
        line.put(Item::Text(text.clone(), meaning.size));
        self.watch_buffer(me, &line);
    }

    /// Notes that a send buffer is full, and says how full it is each time it has twice its
    /// node's last maximum.
    pub(super) fn watch_buffer(&mut self, me: usize, line: &Line) {
        let out = &self.ports[me].out;
        let account = out.accounts[line.conn.slot()];
        let end = usize::from(line.side == Side::Acceptor);
        let (bytes, len) = (account.used[end], account.queued[end]);
        if bytes >= out.buffer_limit {
            line.full.set(true);
        }
        let host = &mut self.hosts[me];
        if len >= host.buffer_max.saturating_mul(2).max(64) {
            host.buffer_max = len;
            let size = Size { len, bytes, ..Size::default() };
            self.observe(me, &Observation::Waiting { queue: "send-buffer".into(), size });
        }
    }

    fn close(&mut self, me: usize, close: Close) {
        let Close { conn, code, reason } = close;
        self.ports[me].inbox.retain(|input| match input {
            Input::Message(of, _) | Input::Malformed(of, _) | Input::Writable(of) => *of != conn,
            Input::Opened(of) => *of != conn,
            _ => true,
        });
        let Some(line) = self.ports[me].lines.get(conn).cloned() else { return };
        let state = line.state.get();
        if !matches!(state, EndState::Open | EndState::Pending) {
            return;
        }
        line.state.set(EndState::Closing);
        let (side, by) = (line.side, Initiator::Local);
        self.observe(me, &Observation::Closed { conn, side, code, by });
        // A dial that is abandoned before its answer: whatever comes back is turned away.
        if state == EndState::Open {
            line.put_close(code, &reason);
        }
    }

    /// Sends a datagram.
    fn cast(&mut self, me: usize, net: &impl Net, to: NodeId, message: P::Message) {
        let meaning = Self::meaning(&message);
        self.observe(me, &Observation::CastSent { to, meaning });
        match serde_json::to_vec(&(self.hosts[me].id, &message)) {
            Ok(bytes) if bytes.len() > DATAGRAM_MAX => {
                self.fail(me, &"a cast is too long for a datagram");
            }
            Ok(bytes) => net.cast(to, &bytes),
            Err(error) => self.fail(me, &error),
        }
    }
}
