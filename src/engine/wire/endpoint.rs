//! One end of a WebSocket: bytes go in, and what they say comes out; the codec is tungstenite's.

use std::io::{self, Cursor, Read, Write};

use tungstenite::error::CapacityError;
use tungstenite::handshake::client::{ClientHandshake, Request as Dialled};
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{Request, create_response, write_response};
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader};
use tungstenite::protocol::{Role, WebSocket};
use tungstenite::{Bytes, Error, Message, Utf8Bytes};

use crate::codec;

/// A stream in memory: what has arrived and was not read yet, and what was written.
#[derive(Debug, Default)]
struct Pipe {
    arrived: Vec<u8>,
    read: usize,
    written: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.arrived[self.read..];
        if rest.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        if self.read == self.arrived.len() {
            self.arrived.clear();
            self.read = 0;
        }
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What bytes that arrived had to say.
#[derive(Debug)]
pub(super) enum Heard {
    /// Somebody asks for a connection.
    Asked(Box<Request>),
    /// The connection that was asked for is open.
    Opened,
    /// It was refused with this status.
    Refused(u16),
    /// A whole text came.
    Text(Utf8Bytes),
    /// A whole message of so many bytes came that is no text.
    Binary(u32),
    /// The other end closes, or answers that it has heard that this end does.
    Close(u16),
    /// The bytes break the rules: the codec goes no further, and says this code.
    Broken(u16),
}

enum Stage {
    Dialling(MidHandshake<ClientHandshake<Pipe>>),
    /// What has arrived of the request.
    Listening(Vec<u8>),
    /// What is to be answered.
    Asked(Box<Request>, Vec<u8>),
    Open(Box<WebSocket<Pipe>>),
    Done,
}

/// One end.
pub(super) struct Endpoint {
    stage: Stage,
    /// The most bytes of a message that it takes.
    limit: u32,
    /// What it has to send.
    out: Vec<u8>,
    /// Whether what it sends are frames of a dialler, which are masked.
    masks: bool,
}

impl Endpoint {
    /// The end that dials.
    ///
    /// # Errors
    /// Where the request is none.
    pub(super) fn dial(request: Dialled, limit: u32) -> Result<Self, Error> {
        let config = Some(codec::config(limit));
        let handshake = ClientHandshake::start(Pipe::default(), request, config)?;
        let mut end = Self { stage: Stage::Dialling(handshake), ..Self::listen(limit) };
        end.feed(&[]);
        Ok(end)
    }

    /// The end that is dialled.
    pub(super) fn listen(limit: u32) -> Self {
        Self { stage: Stage::Listening(Vec::new()), limit, out: Vec::new(), masks: false }
    }

    /// What has to be sent, masked with `mask` where it has to be masked: the codec's own masks
    /// are not the same from run to run, and damage to a header makes them matter.
    pub(super) fn take_out(&mut self, mask: [u8; 4]) -> Vec<u8> {
        if let Stage::Open(socket) = &mut self.stage {
            // Writing to memory does not fail; what does is that the connection has ended.
            let _ = socket.flush();
            self.out.append(&mut socket.get_mut().written);
        }
        let mut bytes = std::mem::take(&mut self.out);
        if self.masks {
            remask(&mut bytes, mask);
        }
        bytes
    }

    /// Takes bytes in, and says what they mean.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Dialling(mut handshake) => {
                handshake.get_mut().get_mut().arrived.extend_from_slice(bytes);
                self.shake(handshake, &mut heard);
            }
            Stage::Listening(mut request) => {
                request.extend_from_slice(bytes);
                self.listen_on(request, &mut heard);
            }
            Stage::Asked(request, mut tail) => {
                tail.extend_from_slice(bytes);
                self.stage = Stage::Asked(request, tail);
            }
            Stage::Open(mut socket) => {
                socket.get_mut().arrived.extend_from_slice(bytes);
                self.read(socket, &mut heard);
            }
            Stage::Done => {}
        }
        heard
    }

    fn shake(&mut self, handshake: MidHandshake<ClientHandshake<Pipe>>, heard: &mut Vec<Heard>) {
        match handshake.handshake() {
            Ok((socket, _)) => {
                self.masks = true;
                heard.push(Heard::Opened);
                self.read(Box::new(socket), heard);
            }
            Err(HandshakeError::Interrupted(mut handshake)) => {
                self.out.append(&mut handshake.get_mut().get_mut().written);
                self.stage = Stage::Dialling(handshake);
            }
            Err(HandshakeError::Failure(Error::Http(response))) => {
                heard.push(Heard::Refused(response.status().as_u16()));
            }
            Err(HandshakeError::Failure(_)) => heard.push(Heard::Broken(1002)),
        }
    }

    /// Reads a request as far as it has come. One that breaks the rules is answered with a
    /// status, and nobody else hears of it.
    fn listen_on(&mut self, request: Vec<u8>, heard: &mut Vec<Heard>) {
        match Request::try_parse(&request) {
            Ok(None) => self.stage = Stage::Listening(request),
            Ok(Some((length, parsed))) if create_response(&parsed).is_ok() => {
                let tail = request[length..].to_vec();
                heard.push(Heard::Asked(Box::new(parsed.clone())));
                self.stage = Stage::Asked(Box::new(parsed), tail);
            }
            Ok(Some(_)) | Err(_) => {
                self.out = refusal(400);
                heard.push(Heard::Broken(1002));
            }
        }
    }

    /// Lets in who asked. What has come behind the request is heard with what comes next.
    pub(super) fn accept(&mut self) {
        let Stage::Asked(request, tail) = std::mem::replace(&mut self.stage, Stage::Done) else {
            return;
        };
        if let Ok(response) = create_response(&request)
            && write_response(&mut self.out, &response).is_ok()
        {
            let config = Some(codec::config(self.limit));
            let pipe = Pipe::default();
            let socket = WebSocket::from_partially_read(pipe, tail, Role::Server, config);
            self.stage = Stage::Open(Box::new(socket));
        }
    }

    /// Turns away who asked.
    pub(super) fn refuse(&mut self, status: u16) {
        self.out = refusal(status);
        self.stage = Stage::Done;
    }

    fn read(&mut self, mut socket: Box<WebSocket<Pipe>>, heard: &mut Vec<Heard>) {
        loop {
            match socket.read() {
                Ok(Message::Text(text)) => heard.push(Heard::Text(text)),
                Ok(Message::Binary(bytes)) => heard.push(Heard::Binary(bytes.len() as u32)),
                Ok(Message::Close(frame)) => {
                    heard.push(Heard::Close(frame.map_or(1005, |frame| frame.code.into())));
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => {
                    self.out.append(&mut socket.get_mut().written);
                    return;
                }
                Err(error) => {
                    let code = code_of(&error);
                    // Nothing is lost where it cannot be said: the stream ends all the same.
                    let _ = socket.close(codec::close_frame(code, ""));
                    self.out.append(&mut socket.get_mut().written);
                    heard.push(Heard::Broken(code));
                    return;
                }
            }
        }
        self.stage = Stage::Open(socket);
    }

    /// Writes a text: in one frame, or in `pieces` that make one message together. With `ping`
    /// a sign of life is asked for first.
    pub(super) fn text(&mut self, text: Utf8Bytes, pieces: usize, ping: bool) {
        let Stage::Open(socket) = &mut self.stage else { return };
        if ping {
            let _ = socket.write(Message::Ping(Bytes::new()));
        }
        if pieces <= 1 || text.is_empty() {
            // What is sent on an end that is closing is lost, as the engine has counted.
            let _ = socket.write(Message::Text(text));
            return;
        }
        let whole = Bytes::from(text);
        let step = whole.len().div_ceil(pieces).max(1);
        let mut opcode = Data::Text;
        for start in (0..whole.len()).step_by(step) {
            let end = (start + step).min(whole.len());
            let frame =
                Frame::message(whole.slice(start..end), OpCode::Data(opcode), end == whole.len());
            let _ = socket.write(Message::Frame(frame));
            opcode = Data::Continue;
        }
    }

    /// Says that this end closes.
    pub(super) fn close(&mut self, frame: CloseFrame) {
        if let Stage::Open(socket) = &mut self.stage {
            let _ = socket.close(Some(frame));
        }
    }
}

/// Gives all of these masked frames another mask.
fn remask(bytes: &mut [u8], mask: [u8; 4]) {
    let mut rest = bytes;
    loop {
        let mut cursor = Cursor::new(&*rest);
        let Ok(Some((header, length))) = FrameHeader::parse(&mut cursor) else { return };
        let start = cursor.position() as usize;
        let (frame, behind) = rest.split_at_mut(start + length as usize);
        if let Some(old) = header.mask {
            let (head, body) = frame.split_at_mut(start);
            head[start - 4..].copy_from_slice(&mask);
            for (place, byte) in body.iter_mut().enumerate() {
                *byte ^= old[place % 4] ^ mask[place % 4];
            }
        }
        rest = behind;
    }
}

/// The code with which an end that met an error goes.
fn code_of(error: &Error) -> u16 {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => 1009,
        Error::Utf8(_) => 1007,
        _ => 1002,
    }
}

/// An answer that is no upgrade, as a server or a proxy gives it.
pub(super) fn refusal(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: u32 = 1000;

    fn request() -> Dialled {
        Dialled::builder()
            .uri("ws://n0/room")
            .header("Host", "n0")
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", tungstenite::handshake::client::generate_key())
            .body(())
            .expect("a request")
    }

    /// Two ends that have shaken hands, each told of the other's bytes in pieces of `step`.
    fn pair(step: usize) -> [Endpoint; 2] {
        let mut dialler = Endpoint::dial(request(), LIMIT).expect("an end that dials");
        let mut acceptor = Endpoint::listen(LIMIT);
        assert!(matches!(carry(&mut dialler, &mut acceptor, step)[..], [Heard::Asked(_)]));
        acceptor.accept();
        assert!(matches!(carry(&mut acceptor, &mut dialler, step)[..], [Heard::Opened]));
        [dialler, acceptor]
    }

    fn carry(from: &mut Endpoint, to: &mut Endpoint, step: usize) -> Vec<Heard> {
        let bytes = from.take_out([1, 2, 3, 4]);
        bytes.chunks(step).flat_map(|piece| to.feed(piece)).collect()
    }

    fn texts(heard: Vec<Heard>) -> Vec<String> {
        heard
            .into_iter()
            .map(|heard| match heard {
                Heard::Text(text) => text.to_string(),
                other => panic!("{other:?} is no text"),
            })
            .collect()
    }

    #[test]
    fn a_refusal_is_heard_with_its_status() {
        let mut dialler = Endpoint::dial(request(), LIMIT).expect("an end that dials");
        let mut acceptor = Endpoint::listen(LIMIT);
        carry(&mut dialler, &mut acceptor, usize::MAX);
        acceptor.refuse(503);
        let heard = carry(&mut acceptor, &mut dialler, 7);
        assert!(matches!(heard[..], [Heard::Refused(503)]), "{heard:?}");
    }

    #[test]
    fn a_message_beyond_the_limit_ends_the_connection_with_1009() {
        let [mut dialler, mut acceptor] = pair(usize::MAX);
        dialler.text("x".repeat(LIMIT as usize + 1).into(), 1, false);
        let heard = carry(&mut dialler, &mut acceptor, usize::MAX);
        assert!(matches!(heard[..], [Heard::Broken(1009)]), "{heard:?}");
        let heard = carry(&mut acceptor, &mut dialler, usize::MAX);
        assert!(matches!(heard[..], [Heard::Close(1009)]), "{heard:?}");
    }

    #[test]
    fn a_sign_of_life_is_answered_and_nobody_else_hears_of_it() {
        let [mut dialler, mut acceptor] = pair(usize::MAX);
        dialler.text("hello".into(), 1, true);
        assert_eq!(texts(carry(&mut dialler, &mut acceptor, 1)), ["hello"]);
        assert_eq!(acceptor.take_out([0; 4]), [0x8a, 0], "a pong without content");
    }

    #[test]
    fn a_close_is_answered_with_its_code() {
        let [mut dialler, mut acceptor] = pair(usize::MAX);
        dialler.close(codec::close_frame(4001, "enough").expect("a code that can be sent"));
        let heard = carry(&mut dialler, &mut acceptor, 1);
        assert!(matches!(heard[..], [Heard::Close(4001)]), "{heard:?}");
        let heard = carry(&mut acceptor, &mut dialler, 1);
        assert!(matches!(heard[..], [Heard::Close(4001)]), "{heard:?}");
    }

    proptest! {
        #[test]
        fn messages_come_whole_however_their_bytes_are_cut(
            said in proptest::collection::vec(("[a-zß-ÿ]{0,200}", 1usize..5, any::<bool>()), 0..8),
            step in 1usize..300,
        ) {
            // The codec takes a handshake in crumbs for an attack.
            let [mut dialler, mut acceptor] = pair(step.max(16));
            for (text, pieces, ping) in &said {
                dialler.text(text.as_str().into(), *pieces, *ping);
            }
            let heard = texts(carry(&mut dialler, &mut acceptor, step));
            let said: Vec<String> = said.into_iter().map(|(text, ..)| text).collect();
            prop_assert_eq!(heard, said);
        }

        #[test]
        fn no_bytes_make_an_end_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            open: bool,
            step in 1usize..100,
        ) {
            let ends = if open {
                pair(usize::MAX)
            } else {
                let dialler = Endpoint::dial(request(), LIMIT).expect("an end that dials");
                [dialler, Endpoint::listen(LIMIT)]
            };
            for mut end in ends {
                for piece in bytes.chunks(step) {
                    end.feed(piece);
                }
                end.take_out([0; 4]);
            }
        }
    }
}
