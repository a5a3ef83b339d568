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
use super::run::{Input, Shared};
use crate::engine::EndState;
use crate::history::{Initiator, Observation, Refusal, Side};
use crate::id::{ConnId, NodeId};
use crate::protocol::{Closing, Protocol};

/// Where every node listens.
pub(super) const PORT: u16 = 7000;

type Queue = UnboundedReceiver<(Rc<[u8]>, u32)>;

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
    /// Frames that wait for the stream to take them.
    pub(super) queued: Cell<u32>,
    wire: RefCell<Option<UnboundedSender<(Rc<[u8]>, u32)>>>,
}

impl Line {
    pub(super) fn new(
        conn: ConnId,
        side: Side,
        peer: NodeId,
        state: EndState,
    ) -> (Rc<Self>, Queue) {
        let (sender, queue) = unbounded_channel();
        let line = Self {
            conn,
            side,
            peer,
            state: Cell::new(state),
            full: Cell::new(false),
            silent: Cell::new(false),
            queued: Cell::new(0),
            wire: RefCell::new(Some(sender)),
        };
        (Rc::new(line), queue)
    }

    /// Puts a frame on its way; `size` is what the send buffer was charged for it.
    pub(super) fn put(&self, bytes: Rc<[u8]>, size: u32) {
        if let Some(wire) = &*self.wire.borrow()
            && wire.send((bytes, size)).is_ok()
        {
            self.queued.set(self.queued.get() + 1);
        }
    }

    /// Sends nothing more: what was put before still goes out, then the stream ends.
    pub(super) fn hang_up(&self) {
        self.wire.take();
    }
}

/// Connects, and reads what the other end has to say.
pub(super) async fn dial<P: Protocol>(
    run: Shared<P>,
    me: usize,
    line: Rc<Line>,
    queue: Queue,
) {
    let stream = TcpStream::connect((line.peer.to_string(), PORT)).await;
    let pending = line.state.get() == EndState::Pending;
    match stream {
        Ok(stream) if pending => {
            let (source, sink) = stream.into_split();
            spawn_local(write(run.clone(), me, line.clone(), sink, queue));
            read(run, me, line, source).await;
        }
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
    while let Some((bytes, size)) = queue.recv().await {
        if line.silent.get() {
            break;
        }
        if sink.write_all(&bytes).await.is_err() {
            return;
        }
        run.borrow_mut().written(me, &line, size);
    }
    if line.silent.get() {
        std::future::pending::<()>().await;
    }
    // Fails only where the peer has reset the stream, which the reading half hears as well.
    let _ = sink.shutdown().await;
}
