//! A connection's task: the handshake and the frames of a WebSocket, over any stream.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request as Dialled;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::handshake::server::{Request, create_response, write_response};
use tokio_tungstenite::tungstenite::http::{Response, StatusCode};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::line::{Item, Line, Queue};
use super::run::{Run, Shared};
use crate::codec;
use crate::engine::EndState;
use crate::history::{Initiator, Refusal};
use crate::id::NodeId;
use crate::protocol::Protocol;

/// The status of something between that knows nothing of WebSockets and so does not upgrade.
pub(super) const NO_UPGRADE: u16 = 200;

/// No head of a request is longer.
const HEAD_MAX: usize = 64 << 10;

/// What carries bytes between nodes.
pub(super) trait Net: 'static {
    /// One end of a connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + 'static;
    /// Connects to a node.
    fn connect(&self, to: NodeId) -> impl Future<Output = io::Result<Self::Stream>>;
    /// The next connection that somebody makes to this node.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>>;
    /// Sends a datagram. It is lost where the network does not take it.
    fn cast(&self, to: NodeId, bytes: &[u8]);
}

/// Takes connections for as long as the process lives.
pub(super) async fn listen<P: Protocol, N: Net>(run: Shared<P>, me: usize, net: Rc<N>) {
    while let Ok(stream) = net.accept().await {
        spawn_local(accept(run.clone(), me, stream));
    }
}

/// Connects, and says and hears what there is to say.
pub(super) async fn dial<P: Protocol, N: Net>(
    run: Shared<P>,
    me: usize,
    net: Rc<N>,
    (line, queue): (Rc<Line>, Queue),
    request: Dialled,
) {
    let Ok(stream) = net.connect(line.peer).await else {
        return run.borrow_mut().refused(me, &line, Refusal::Unreachable);
    };
    let config = codec::config(run.borrow().message_limit(me));
    let refusal = match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => {
            let wanted = run.borrow_mut().opened(me, &line);
            if wanted {
                talk(run, me, line, socket, queue).await;
            }
            return;
        }
        Err(Error::Http(response)) => match response.status().as_u16() {
            NO_UPGRADE => Refusal::Blocked,
            status => Refusal::Status(status),
        },
        Err(_) => Refusal::Unreachable,
    };
    run.borrow_mut().refused(me, &line, refusal);
}

/// Answers whoever has connected, and says and hears what there is to say. The node's answer
/// may take its time: it may be busy.
async fn accept<P: Protocol, S>(run: Shared<P>, me: usize, mut stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Ok((request, rest)) = read_request(&mut stream).await else { return };
    let Ok(response) = create_response(&request) else {
        let page = run.borrow().page.filter(|_| request.uri().path() == "/");
        return match page {
            Some(page) => show(stream, page).await,
            None => refuse(stream, 400).await,
        };
    };
    let knocked = run.borrow_mut().knock(me, &request);
    let (line, queue) = match knocked {
        Ok(known) => known,
        Err(status) => return refuse(stream, status).await,
    };
    let (sender, verdict) = oneshot::channel();
    line.verdict.set(Some(sender));
    match verdict.await {
        Ok(Ok(())) => {}
        Ok(Err(status)) => return refuse(stream, status).await,
        // The process has ended.
        Err(_) => return,
    }
    if answer(&mut stream, &response).await.is_err() {
        return run.borrow_mut().broke(me, &line);
    }
    let config = codec::config(run.borrow().message_limit(me));
    let socket =
        WebSocketStream::from_partially_read(stream, rest, Role::Server, Some(config)).await;
    talk(run, me, line, socket, queue).await;
}

/// Reads a request's head, and what was read beyond it.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Result<(Request, Vec<u8>), Error> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ProtocolError::HandshakeIncomplete.into());
        }
        if let Some((length, request)) = Request::try_parse(&bytes)? {
            return Ok((request, bytes.split_off(length)));
        }
        if bytes.len() > HEAD_MAX {
            return Err(ProtocolError::HandshakeIncomplete.into());
        }
    }
}

async fn answer<T>(
    stream: &mut (impl AsyncWrite + Unpin),
    response: &Response<T>,
) -> Result<(), Error> {
    let mut bytes = Vec::new();
    write_response(&mut bytes, response)?;
    stream.write_all(&bytes).await?;
    Ok(stream.flush().await?)
}

/// Answers a browser that asks for no WebSocket.
async fn show(mut stream: impl AsyncWrite + Unpin, page: &str) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // Whoever has gone meanwhile needs no page.
    let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn refuse(mut stream: impl AsyncWrite + Unpin, status: u16) {
    let mut response = Response::new(());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Whoever has gone meanwhile needs no answer.
    let _ = answer(&mut stream, &response).await;
    let _ = stream.shutdown().await;
}

/// What happens next on a connection.
enum Step {
    /// The stream has taken a frame that the send buffer was charged this much for.
    Left(Option<u32>),
    Came(Option<Result<Message, Error>>),
    Broke,
}

/// The two directions of a connection in one task, always looked at in the same order. Neither
/// waits for the other: two ends that both send much would wait for ever.
struct Talk<S> {
    socket: WebSocketStream<S>,
    queue: Queue,
    /// A frame that is leaving.
    leaving: Option<Option<u32>>,
    /// What of it goes past the codec.
    raw: Vec<u8>,
    /// There is nothing more to say.
    mute: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    fn poll(&mut self, line: &Line, cx: &mut Context<'_>) -> Poll<Step> {
        if line.is_broken(cx.waker()) {
            return Poll::Ready(Step::Broke);
        }
        while !self.mute && !line.silent.get() {
            if let Some(charge) = self.leaving {
                match self.poll_leave(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(())) => {
                        self.leaving = None;
                        return Poll::Ready(Step::Left(charge));
                    }
                    // Reading says why.
                    Poll::Ready(Err(_)) => self.mute = true,
                }
                continue;
            }
            let (message, charge) = match self.queue.poll_recv(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => {
                    self.mute = true;
                    break;
                }
                Poll::Ready(Some(Item::Text(text, size))) => (Message::Text(text), Some(size)),
                Poll::Ready(Some(Item::Raw(bytes, size))) => {
                    (self.raw, self.leaving) = (bytes, Some(Some(size)));
                    continue;
                }
                Poll::Ready(Some(Item::Close(frame))) => (Message::Close(frame), None),
            };
            self.mute = self.socket.start_send_unpin(message).is_err();
            self.leaving = Some(charge);
        }
        self.socket.poll_next_unpin(cx).map(Step::Came)
    }

    /// Goes on with what is leaving. The codec has nothing of its own half written then.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.raw.is_empty() {
            let stream = Pin::new(self.socket.get_mut());
            let length = ready!(stream.poll_write(cx, &self.raw))?;
            self.raw.drain(..length);
        }
        self.socket.poll_flush_unpin(cx)
    }

    /// Ends the connection for what its peer sent. What the peer goes on sending is read, since
    /// otherwise the close frame would be lost with the stream.
    async fn fail(mut self, code: u16, reason: &str) {
        let frame = codec::close_frame(code, reason);
        // Whoever has gone meanwhile need not be told.
        let _ = self.socket.send(Message::Close(frame)).await;
        let stream = self.socket.get_mut();
        let _ = stream.shutdown().await;
        let mut bytes = [0; 1024];
        while stream.read(&mut bytes).await.is_ok_and(|length| length > 0) {}
    }
}

/// Says and hears what there is to say on an open connection, to its end.
async fn talk<P: Protocol, S>(
    run: Shared<P>,
    me: usize,
    line: Rc<Line>,
    socket: WebSocketStream<S>,
    queue: Queue,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut talk = Talk { socket, queue, leaving: None, raw: Vec::new(), mute: false };
    let failed = loop {
        let step = poll_fn(|cx| talk.poll(&line, cx)).await;
        let run = &mut *run.borrow_mut();
        match step {
            Step::Left(Some(size)) => run.written(me, &line, size),
            Step::Left(None) => {}
            Step::Broke => {
                run.ended(me, &line, 1006, Initiator::Network);
                break None;
            }
            Step::Came(Some(Ok(message))) => came(run, me, &line, message),
            Step::Came(end) => {
                let why = end.and_then(Result::err).and_then(|error| fault(&error));
                match why {
                    Some((code, _)) => run.ended(me, &line, code, Initiator::Local),
                    None => run.ended(me, &line, 1006, Initiator::Network),
                }
                break why;
            }
        }
        if line.silent.get() && line.state.get() == EndState::Gone {
            break None;
        }
    };
    if line.silent.get() {
        // Letting go of the stream would tell the peer.
        pending::<()>().await;
    }
    if let Some((code, reason)) = failed {
        talk.fail(code, reason).await;
    }
}

fn came<P: Protocol>(run: &mut Run<P>, me: usize, line: &Line, message: Message) {
    match message {
        Message::Text(text) => run.heard(me, line, &text),
        Message::Binary(bytes) => run.puzzled(me, line, bytes.len()),
        Message::Close(frame) => {
            let code = frame.map_or(1005, |frame| frame.code.into());
            run.ended(me, line, code, Initiator::Remote);
        }
        // The codec answers pings itself.
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
    }
}

/// The code and the reason for what a peer must not do; none where the stream just ended.
fn fault(error: &Error) -> Option<(u16, &'static str)> {
    match error {
        Error::Capacity(_) => Some((1009, "message too big")),
        Error::Utf8(_) => Some((1007, "text is not UTF-8")),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some((1002, "protocol error")),
        _ => None,
    }
}
