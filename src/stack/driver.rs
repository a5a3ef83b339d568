//! One node on tokio: its task, the events that it is handed, and the effects that it asks for.

use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use turmoil::net::UdpSocket;

use super::frames::Frame;
use super::line::{self, Line, PORT};
use super::run::{Input, Run, Shared};
use crate::engine::EndState;
use crate::history::{Initiator, Meaning, Name, Observation, Side, Size};
use crate::id::{ConnId, NodeId};
use crate::protocol::{Close, Dial, Effect, Event, Protocol};
use crate::time::Span;

/// The longest datagram.
const DATAGRAM_MAX: usize = 65_507;

/// The software of one host. Where the process is down the host still answers, that nobody
/// listens.
pub(super) async fn node<P: Protocol>(run: Shared<P>, me: usize) -> turmoil::Result {
    if !run.borrow().hosts[me].is_running() {
        return std::future::pending().await;
    }
    let listener = line::bind().await?;
    let socket = Rc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
    spawn_local(line::listen(run.clone(), me, listener));
    spawn_local(hear(run.clone(), me, socket.clone()));
    loop {
        free(&run, me).await;
        let input = run.borrow_mut().next_input(me);
        match input {
            Some(input) => handle(&run, me, &socket, input)?,
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

/// Hands casts to the node for as long as the process lives.
async fn hear<P: Protocol>(run: Shared<P>, me: usize, socket: Rc<UdpSocket>) {
    let mut bytes = vec![0; DATAGRAM_MAX];
    while let Ok((length, _)) = socket.recv_from(&mut bytes).await {
        let mut run = run.borrow_mut();
        match serde_json::from_slice::<Frame<P>>(&bytes[..length]) {
            Ok(Frame::Cast { from, message }) => {
                let meaning = Run::<P>::meaning(&message);
                run.observe(me, &Observation::CastDelivered { from, meaning });
                run.push(me, Input::Cast(from, message));
            }
            Ok(_) => {}
            Err(error) => run.fail(me, &error),
        }
    }
}

/// Lets the node handle one event, and does what it asks for.
fn handle<P: Protocol>(
    run: &Shared<P>,
    me: usize,
    socket: &UdpSocket,
    input: Input<P>,
) -> turmoil::Result {
    let accepted = match &input {
        Input::Accepted(conn, _) => Some(*conn),
        _ => None,
    };
    let mut state = run.borrow_mut();
    let Some((now, actor, out)) = state.lend(me) else { return Ok(()) };
    let mut tell = |event: Event<'_, P>| actor.on_event(now, event, out);
    match input {
        Input::Start => tell(Event::Start),
        Input::Op(id, op) => tell(Event::Op(id, &op)),
        Input::Accepted(conn, hello) => tell(Event::Accepted(conn, &hello)),
        Input::Opened(conn) => tell(Event::Opened(conn)),
        Input::Refused(conn, refusal) => tell(Event::Refused(conn, refusal)),
        Input::Message(conn, message) => tell(Event::Message(conn, &message)),
        Input::Writable(conn) => tell(Event::Writable(conn)),
        Input::Closed(conn, closing) => tell(Event::Closed(conn, closing)),
        Input::Cast(from, message) => tell(Event::Cast(from, &message)),
        Input::Timer(timer) => tell(Event::Timer(timer)),
        Input::Stored(ticket, answer) => tell(Event::Stored(ticket, answer)),
        Input::Issuer(ticket, answer) => tell(Event::Issuer(ticket, answer)),
        Input::Task(task) => tell(Event::Task(task)),
        Input::Device(online) => tell(Event::Device(online)),
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
                if let Some((line, queue)) = state.dial(me, *dial) {
                    spawn_local(line::dial(run.clone(), me, line, queue));
                }
            }
            Effect::SendAll(range, message) => {
                let fan = &fan[range.start as usize..range.end as usize];
                state.send(me, fan, message);
            }
            Effect::Cast(to, message) => state.cast(me, socket, to, message),
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
        let status = effects.iter().find_map(|effect| match effect {
            Effect::Refuse(of, status) if *of == conn => Some(*status),
            _ => None,
        });
        let Some(status) = status else { return self.put(me, &line, &Frame::Accept) };
        self.put(me, &line, &Frame::Refuse(status));
        line.state.set(EndState::Gone);
        line.hang_up();
    }

    fn settle(&mut self, me: usize, effect: Effect<P>) {
        match effect {
            Effect::Send(conn, message) => self.send(me, &[conn], message),
            Effect::Close(close) => self.close(me, close),
            Effect::Timer(timer, at) => {
                self.hosts[me].timers.set(timer, at);
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

    fn dial(&mut self, me: usize, dial: Dial<P::Hello>) -> Option<line::Dialling> {
        let Dial { conn, to, channel, hello } = dial;
        self.counts.dials += 1;
        let caller = P::caller(&hello);
        self.observe(me, &Observation::Dialled { conn, to, channel, caller });
        if self.index_of(to).is_none() {
            tracing::warn!(%to, "dialled a node that the case does not have");
            return None;
        }
        let (line, queue) = Line::new(conn, Side::Dialler, to, EndState::Pending);
        let from = self.hosts[me].id;
        self.put(me, &line, &Frame::Hello { conn, from, hello });
        self.ports[me].lines.insert(conn, line.clone());
        Some((line, queue))
    }

    /// Sends one message to some connections: it is written down once.
    fn send(&mut self, me: usize, conns: &[ConnId], message: P::Message) {
        let meaning = Self::meaning(&message);
        let bytes = match Frame::<P>::Message(message).encode() {
            Ok(bytes) => bytes,
            Err(error) => return self.fail(me, &error),
        };
        for conn in conns.iter().copied() {
            self.counts.sent += 1;
            let line = self.ports[me].lines.get(conn).cloned();
            let side = line.as_ref().map_or(Side::Dialler, |line| line.side);
            let line = line.filter(|line| line.state.get() == EndState::Open);
            let live = line.is_some();
            self.observe(me, &Observation::Sent { conn, side, live, meaning });
            let Some(line) = line else {
                self.counts.sent_on_ended += 1;
                continue;
            };
            line.put((bytes.clone(), Some(meaning.size)));
            self.watch_buffer(me, &line);
        }
    }

    /// Notes that a send buffer is full, and says how full it is each time it has twice its
    /// node's last maximum.
    fn watch_buffer(&mut self, me: usize, line: &Line) {
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
        let Some(line) = self.ports[me].lines.get(conn).cloned() else { return };
        let state = line.state.get();
        if !matches!(state, EndState::Open | EndState::Pending) {
            return;
        }
        line.state.set(EndState::Closing);
        self.ports[me].inbox.retain(|input| match input {
            Input::Message(of, _) | Input::Writable(of) => *of != conn,
            _ => true,
        });
        let (side, by) = (line.side, Initiator::Local);
        self.observe(me, &Observation::Closed { conn, side, code, by });
        // A dial that is abandoned before its answer: whatever comes back is turned away.
        if state == EndState::Open {
            self.put(me, &line, &Frame::Close { code, reason: reason.into_owned() });
            line.hang_up();
        }
    }

    /// Sends a datagram. It is lost where nothing passes, as a cast is.
    fn cast(&mut self, me: usize, socket: &UdpSocket, to: NodeId, message: P::Message) {
        let meaning = Self::meaning(&message);
        self.observe(me, &Observation::CastSent { to, meaning });
        let from = self.hosts[me].id;
        if self.index_of(to).is_none() || self.is_cut(me, to) {
            return;
        }
        let frame = Frame::<P>::Cast { from, message };
        match frame.encode() {
            Ok(bytes) if bytes.len() - 4 > DATAGRAM_MAX => {
                self.fail(me, &"a cast is too long for a datagram");
            }
            // What the network does not take is lost, as any datagram may be.
            Ok(bytes) => drop(socket.try_send_to(&bytes[4..], (to.to_string(), PORT))),
            Err(error) => self.fail(me, &error),
        }
    }
}
