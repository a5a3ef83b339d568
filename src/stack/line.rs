//! One end of a connection over TCP: the tasks that dial, accept, read and write.

use std::cell::{Cell, RefCell};
use std::net::Ipv4Addr;
use std::rc::Rc;

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;
use turmoil::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use turmoil::net::{TcpListener, TcpStream};

use super::frames::Frame;
use super::run::{Input, Run, Shared};
use crate::engine::EndState;
use crate::history::{Initiator, Observation, Refusal, Side};
use crate::id::{ConnId, NodeId};
use crate::protocol::{Account, Closing, Protocol};

/// Where every node listens.
pub(super) const PORT: u16 = 7000;

/// A frame, and what the send buffer was charged for it; nothing for one of the driver's own.
type Item = (Rc<[u8]>, Option<u32>);

/// A connection that is to be made, and what is to be written to it.
pub(super) type Dialling = (Rc<Line>, Queue);

type Queue = UnboundedReceiver<Item>;

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
    wire: RefCell<Option<UnboundedSender<Item>>>,
}

impl Line {
    pub(super) fn new(conn: ConnId, side: Side, peer: NodeId, state: EndState) -> Dialling {
        let (sender, queue) = unbounded_channel();
        let line = Self {
            conn,
            side,
            peer,
            state: Cell::new(state),
            full: Cell::new(false),
            silent: Cell::new(false),
            wire: RefCell::new(Some(sender)),
        };
        (Rc::new(line), queue)
    }

    /// Puts a frame on its way, or nowhere where the stream has ended.
    pub(super) fn put(&self, item: Item) {
        if let Some(wire) = &*self.wire.borrow() {
            // Fails where the writing task has met the end of the stream.
            let _ = wire.send(item);
        }
    }

    /// Sends nothing more: what was put before still goes out, then the stream ends.
    pub(super) fn hang_up(&self) {
        self.wire.take();
    }
}

/// Connects, and reads what the other end has to say.
pub(super) async fn dial<P: Protocol>(run: Shared<P>, me: usize, line: Rc<Line>, queue: Queue) {
    let stream = TcpStream::connect((line.peer.to_string(), PORT)).await;
    let pending = line.state.get() == EndState::Pending;
    match stream {
        Ok(stream) if pending => {
            let (source, sink) = stream.into_split();
            spawn_local(write(run.clone(), me, line.clone(), sink, queue));
            read(run, me, line, source).await;
        }
        // turmoil says at once that nothing passes; a network says nothing.
        Err(_) if run.borrow().is_cut(me, line.peer) => {}
        _ => run.borrow_mut().refused(me, &line, Refusal::Unreachable),
    }
}

/// Takes connections for as long as the process lives.
pub(super) async fn listen<P: Protocol>(run: Shared<P>, me: usize, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        spawn_local(accept(run.clone(), me, stream));
    }
}

pub(super) async fn bind() -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await
}

async fn accept<P: Protocol>(run: Shared<P>, me: usize, stream: TcpStream) {
    let (mut source, sink) = stream.into_split();
    let (conn, from, hello) = match Frame::<P>::read(&mut source).await {
        Ok(Some(Frame::Hello { conn, from, hello })) => (conn, from, hello),
        Ok(_) => return,
        Err(error) => return run.borrow_mut().fail(me, &error),
    };
    let (line, queue) = Line::new(conn, Side::Acceptor, from, EndState::Open);
    spawn_local(write(run.clone(), me, line.clone(), sink, queue));
    run.borrow_mut().admit(me, &line, hello);
    read(run, me, line, source).await;
}

async fn read<P: Protocol>(run: Shared<P>, me: usize, line: Rc<Line>, mut source: OwnedReadHalf) {
    loop {
        match Frame::read(&mut source).await {
            Ok(Some(frame)) => run.borrow_mut().arrived(me, &line, frame),
            Ok(None) => return run.borrow_mut().ended(me, &line, 1006, Initiator::Network),
            Err(error) => return run.borrow_mut().fail(me, &error),
        }
    }
}

async fn write<P: Protocol>(
    run: Shared<P>,
    me: usize,
    line: Rc<Line>,
    mut sink: OwnedWriteHalf,
    mut queue: Queue,
) {
    while let Some((bytes, charge)) = queue.recv().await {
        if line.silent.get() {
            break;
        }
        if sink.write_all(&bytes).await.is_err() {
            return;
        }
        if let Some(size) = charge {
            run.borrow_mut().written(me, &line, size);
        }
    }
    if line.silent.get() {
        std::future::pending::<()>().await;
    }
    // Fails only where the peer has reset the stream, which the reading half hears as well.
    let _ = sink.shutdown().await;
}

impl<P: Protocol> Run<P> {
    /// A connection reached a node.
    fn admit(&mut self, me: usize, line: &Rc<Line>, hello: P::Hello) {
        let out = &mut self.ports[me].out;
        let slot = line.conn.slot();
        out.accounts.resize(out.accounts.len().max(slot + 1), Account::default());
        let (serial, dialler) = (line.conn.serial(), line.peer.0);
        out.accounts[slot] = Account { serial, dialler, ..Account::default() };
        self.ports[me].lines.insert(line.conn, line.clone());
        let (conn, side) = (line.conn, line.side);
        self.observe(me, &Observation::Opened { conn, side });
        self.push(me, Input::Accepted(conn, hello));
    }

    /// A whole frame reached a node.
    fn arrived(&mut self, me: usize, line: &Line, frame: Frame<P>) {
        let (conn, side) = (line.conn, line.side);
        match (frame, line.state.get()) {
            (Frame::Message(message), EndState::Open) => {
                self.counts.delivered += 1;
                let meaning = Self::meaning(&message);
                self.observe(me, &Observation::Delivered { conn, side, meaning });
                self.push(me, Input::Message(conn, message));
            }
            (Frame::Accept, EndState::Pending) => {
                line.state.set(EndState::Open);
                self.observe(me, &Observation::Opened { conn, side });
                self.push(me, Input::Opened(conn));
            }
            (Frame::Accept, EndState::Closing) => {
                // The dialler has given up: the late answer is turned away.
                line.state.set(EndState::Gone);
                self.put(me, line, &Frame::Close { code: 1006, reason: String::new() });
                line.hang_up();
                self.closed(me, conn, 1006, Initiator::Local);
            }
            (Frame::Refuse(status), _) => self.refused(me, line, Refusal::Status(status)),
            (Frame::Close { code, .. }, _) => self.ended(me, line, code, Initiator::Remote),
            _ => {}
        }
    }

    /// A dial failed.
    fn refused(&mut self, me: usize, line: &Line, refusal: Refusal) {
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

    fn closed(&mut self, me: usize, conn: ConnId, code: u16, by: Initiator) {
        self.push(me, Input::Closed(conn, Closing { code, by }));
    }

    /// The stream has taken a frame: there is room in the send buffer.
    fn written(&mut self, me: usize, line: &Line, size: u32) {
        let out = &mut self.ports[me].out;
        let account = &mut out.accounts[line.conn.slot()];
        let end = usize::from(line.side == Side::Acceptor);
        account.queued[end] = account.queued[end].saturating_sub(1);
        let used = &mut account.used[end];
        *used = used.saturating_sub(size);
        if *used < out.buffer_limit / 2 && line.full.replace(false) {
            self.push(me, Input::Writable(line.conn));
        }
    }

    /// Puts a frame of the driver's own on its way.
    pub(super) fn put(&mut self, me: usize, line: &Line, frame: &Frame<P>) {
        match frame.encode() {
            Ok(bytes) => line.put((bytes, None)),
            Err(error) => self.fail(me, &error),
        }
    }
}
