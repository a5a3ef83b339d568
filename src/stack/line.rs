//! One end of a connection: what its node's driver knows of it, and what becomes of what comes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::handshake::server::Request;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;

use super::run::{Input, Run};
use crate::codec;
use crate::engine::EndState;
use crate::history::{Channel, Initiator, Meaning, Observation, Refusal, Side};
use crate::id::{ConnId, NodeId};
use crate::protocol::{Account, Closing, Protocol};
use crate::time::Time;

/// The header with which a node of a run says which connection it dials; and who it is; and
/// that it has only a request. Anybody else sends none of them.
pub(super) const CONN: &str = "wavetank-conn";
pub(super) const FROM: &str = "wavetank-from";
pub(super) const CHANNEL: &str = "wavetank-channel";

/// Whoever is no node of the run.
const STRANGER: NodeId = NodeId(u32::MAX);

/// Something that is to leave.
pub(super) enum Item {
    /// A message, and what the send buffer was charged for it.
    Text(Utf8Bytes, u32),
    /// Bytes past the codec, and what the send buffer was charged for them.
    Raw(Vec<u8>, u32),
    /// The last frame.
    Close(Option<CloseFrame>),
}

pub(super) type Queue = UnboundedReceiver<Item>;

/// What a node makes of somebody who dials: nothing to object, or a status.
pub(super) type Verdict = Result<(), u16>;

/// One end of a connection, as its node's driver knows it.
pub(super) struct Line {
    pub(super) conn: ConnId,
    pub(super) side: Side,
    pub(super) peer: NodeId,
    pub(super) state: Cell<EndState>,
    /// The node was told that the send buffer is full and waits to hear that it is not.
    pub(super) full: Cell<bool>,
    /// Nothing more leaves this end, and nobody is told.
    pub(super) silent: Cell<bool>,
    /// The connection is over, and this end is to be told later.
    pub(super) untold: Cell<bool>,
    /// The connection was reset, and this end is to be told when something passes again.
    pub(super) reset: Cell<bool>,
    /// When something was last sent or came.
    pub(super) used_at: Cell<Time>,
    /// What was sent last, where it may be sent again.
    pub(super) last: RefCell<Option<(Utf8Bytes, Meaning)>>,
    /// Where the handshake waits for what the node says.
    pub(super) verdict: Cell<Option<oneshot::Sender<Verdict>>>,
    wire: RefCell<Option<UnboundedSender<Item>>>,
    broken: Cell<bool>,
    task: Cell<Option<Waker>>,
}

impl Line {
    pub(super) fn new(conn: ConnId, side: Side, peer: NodeId) -> (Rc<Self>, Queue) {
        let (sender, queue) = unbounded_channel();
        let state = match side {
            Side::Dialler => EndState::Pending,
            Side::Acceptor => EndState::Open,
        };
        let line = Self {
            conn,
            side,
            peer,
            state: Cell::new(state),
            full: Cell::new(false),
            silent: Cell::new(false),
            untold: Cell::new(false),
            reset: Cell::new(false),
            used_at: Cell::new(Time::ZERO),
            last: RefCell::new(None),
            verdict: Cell::new(None),
            wire: RefCell::new(Some(sender)),
            broken: Cell::new(false),
            task: Cell::new(None),
        };
        (Rc::new(line), queue)
    }

    /// Puts something on its way, or nowhere where the stream has ended.
    pub(super) fn put(&self, item: Item) {
        if let Some(wire) = &*self.wire.borrow() {
            // Fails where the connection's task has met the end of the stream.
            let _ = wire.send(item);
        }
    }

    /// Puts the last frame on its way. For the code of a connection that broke there is none.
    pub(super) fn put_close(&self, code: u16, reason: &str) {
        if matches!(code, 1006 | 1015) {
            return self.break_off();
        }
        self.put(Item::Close(codec::close_frame(code, reason)));
        self.hang_up();
    }

    /// Sends nothing more but what was put before.
    pub(super) fn hang_up(&self) {
        self.wire.take();
    }

    /// Ends the stream at once, with whatever is still to be sent or read.
    pub(super) fn break_off(&self) {
        self.hang_up();
        self.broken.set(true);
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    /// Whether the stream is to end at once; if not, `task` is woken when it is.
    pub(super) fn is_broken(&self, task: &Waker) -> bool {
        self.task.set(Some(task.clone()));
        self.broken.get()
    }
}

/// The number of a header, as a node of the run writes it.
fn number(request: &Request, name: &str) -> Option<u32> {
    request.headers().get(name)?.to_str().ok()?.parse().ok()
}

impl<P: Protocol> Run<P> {
    /// Somebody dials: the line on which the node's verdict is to be awaited, or how whatever
    /// stands between answers.
    pub(super) fn knock(&mut self, me: usize, request: &Request) -> Result<(Rc<Line>, Queue), u16> {
        let from = number(request, FROM).map_or(STRANGER, NodeId);
        let channel = match request.headers().get(CHANNEL) {
            Some(_) => Channel::Request,
            None => Channel::Socket,
        };
        let gate = self.gates.get(&(from, self.hosts[me].id)).copied().unwrap_or_default();
        match gate.refuses(channel) {
            Some(Refusal::Status(status)) => return Err(status),
            Some(_) => return Err(super::socket::NO_UPGRADE),
            None => {}
        }
        if !self.hosts[me].is_running() {
            return Err(503);
        }
        let hello = codec::hello::<P>(request).ok_or(400u16)?;
        let serial = number(request, CONN).unwrap_or_else(|| self.allot());
        // In this engine no slot is used twice.
        let (conn, side) = (ConnId::new(serial, serial), Side::Acceptor);
        let (line, queue) = Line::new(conn, side, from);
        line.used_at.set(self.time());
        let accounts = &mut self.ports[me].out.accounts;
        accounts.resize(accounts.len().max(conn.slot() + 1), Account::default());
        accounts[conn.slot()] = Account { serial, dialler: from.0, ..Account::default() };
        self.ports[me].lines.insert(conn, line.clone());
        self.observe(me, &Observation::Opened { conn, side });
        self.push(me, Input::Accepted(conn, hello));
        Ok((line, queue))
    }

    /// The dial succeeded. False where the node has given it up: the late answer is turned away.
    pub(super) fn opened(&mut self, me: usize, line: &Line) -> bool {
        let (conn, side) = (line.conn, line.side);
        match line.state.get() {
            EndState::Pending => {
                line.state.set(EndState::Open);
                line.used_at.set(self.time());
                self.observe(me, &Observation::Opened { conn, side });
                self.push(me, Input::Opened(conn));
                return true;
            }
            EndState::Closing => self.closed(me, conn, 1006, Initiator::Local),
            EndState::Open | EndState::Gone => {}
        }
        line.state.set(EndState::Gone);
        line.hang_up();
        false
    }

    /// A whole text frame reached a node.
    pub(super) fn heard(&mut self, me: usize, line: &Line, text: &str) {
        if line.state.get() != EndState::Open {
            return;
        }
        let Ok(message) = serde_json::from_str::<P::Message>(text) else {
            return self.puzzled(me, line, text.len());
        };
        let (conn, side) = (line.conn, line.side);
        line.used_at.set(self.time());
        self.counts.delivered += 1;
        let meaning = Self::meaning(&message);
        if side == Side::Dialler {
            self.believe(&message);
        }
        self.observe(me, &Observation::Delivered { conn, side, meaning });
        self.push(me, Input::Message(conn, message));
    }

    /// A whole frame reached a node that is no message.
    pub(super) fn puzzled(&mut self, me: usize, line: &Line, bytes: usize) {
        if line.state.get() != EndState::Open {
            return;
        }
        let (conn, side, size) = (line.conn, line.side, bytes as u32);
        line.used_at.set(self.time());
        let meaning = Meaning { size, ..Meaning::default() };
        self.observe(me, &Observation::Delivered { conn, side, meaning });
        self.push(me, Input::Malformed(conn, size));
    }

    /// A dial failed.
    pub(super) fn refused(&mut self, me: usize, line: &Line, refusal: Refusal) {
        let conn = line.conn;
        match line.state.replace(EndState::Gone) {
            EndState::Pending => {
                self.observe(me, &Observation::Refused { conn, refusal });
                self.push(me, Input::Refused(conn, refusal));
            }
            EndState::Closing => self.closed(me, conn, 1006, Initiator::Local),
            EndState::Open | EndState::Gone => {}
        }
        line.hang_up();
    }

    /// A connection ended, whoever brought it about.
    pub(super) fn ended(&mut self, me: usize, line: &Line, code: u16, by: Initiator) {
        let (conn, side) = (line.conn, line.side);
        match line.state.get() {
            EndState::Pending => return self.refused(me, line, Refusal::Unreachable),
            EndState::Open => {
                self.observe(me, &Observation::Closed { conn, side, code, by });
                self.closed(me, conn, code, by);
            }
            EndState::Closing => self.closed(me, conn, 1000, Initiator::Local),
            EndState::Gone => {}
        }
        line.state.set(EndState::Gone);
        line.hang_up();
    }

    /// A connection broke: this end is told, and its peer when the stream says so.
    pub(super) fn broke(&mut self, me: usize, line: &Line) {
        self.ended(me, line, 1006, Initiator::Network);
        line.break_off();
    }

    fn closed(&mut self, me: usize, conn: ConnId, code: u16, by: Initiator) {
        self.push(me, Input::Closed(conn, Closing { code, by }));
    }

    /// The stream has taken a frame: there is room in the send buffer.
    pub(super) fn written(&mut self, me: usize, line: &Line, size: u32) {
        let end = usize::from(line.side == Side::Acceptor);
        let drained = self.ports[me].out.discharge(line.conn, end, size);
        if drained && line.full.replace(false) {
            self.push(me, Input::Writable(line.conn));
        }
    }
}
