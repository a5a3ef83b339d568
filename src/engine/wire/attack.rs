//! What somebody sends who does not keep to the rules of WebSocket.

use crate::rng::Draw;

/// Bytes of an attack frame's header and mask at most.
const HEADER: usize = 14;

/// A frame of `bytes` that is no message of any protocol: half of the time a whole one, which
/// the codec lets pass, otherwise one that breaks a rule. Frames of a dialler are masked.
pub(crate) fn frame(draw: Draw, bytes: u32, masked: bool) -> Vec<u8> {
    const TEXT: u8 = 0x81;
    const BINARY: u8 = 0x82;
    let body = |filling: u8| vec![filling; bytes as usize];
    match draw.below(0, 12) {
        0..3 => written(TEXT, &body(b'?'), masked),
        3..6 => written(BINARY, &body(0), masked),
        6 => written(0x83, &body(b'?'), masked), // an opcode that nobody has defined
        7 => written(TEXT | 0x40, &body(b'?'), masked), // a bit of an extension that nobody asked for
        8 => written(TEXT, &body(b'?'), !masked),
        9 => written(0x89, &[0; 126], masked), // a control frame that is too long
        10 => written(TEXT, &body(0xff), masked), // no UTF-8
        _ => promise(masked),
    }
}

/// The header of a frame that is to have more bytes than anybody takes.
fn promise(masked: bool) -> Vec<u8> {
    let mut frame = vec![0x82, 127 | u8::from(masked) << 7];
    frame.extend_from_slice(&(1u64 << 40).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame
}

fn written(first: u8, body: &[u8], masked: bool) -> Vec<u8> {
    let mask = u8::from(masked) << 7;
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.push(first);
    match body.len() {
        short @ 0..126 => frame.push(mask | short as u8),
        middling @ 126..0x1_0000 => {
            frame.push(mask | 126);
            frame.extend_from_slice(&(middling as u16).to_be_bytes());
        }
        long => {
            frame.push(mask | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    if masked {
        // A mask of zeros leaves the body as it is.
        frame.extend_from_slice(&[0; 4]);
    }
    frame.extend_from_slice(body);
    frame
}

/// A request for a connection that is none: a server answers it with a status or not at all,
/// and its application hears nothing of it.
pub(super) fn handshake(draw: Draw) -> Vec<u8> {
    const KEY: &str = "Sec-WebSocket-Key: d2F2ZXRhbmsgaXMgZHJ5IQ==";
    let request = |first: &str, headers: &[&str]| {
        format!("{first}\r\nHost: n0\r\n{}\r\n\r\n", headers.join("\r\n")).into_bytes()
    };
    let (upgrade, connection) = ("Upgrade: websocket", "Connection: Upgrade");
    let version = "Sec-WebSocket-Version: 13";
    match draw.below(1, 7) {
        0 => request("POST / HTTP/1.1", &[upgrade, connection, version, KEY]),
        1 => request("GET / HTTP/1.0", &[upgrade, connection, version, KEY]),
        2 => request("GET / HTTP/1.1", &[connection, version, KEY]),
        3 => request("GET / HTTP/1.1", &[upgrade, connection, "Sec-WebSocket-Version: 7", KEY]),
        4 => request("GET / HTTP/1.1", &[upgrade, connection, version]),
        5 => request("GET /?hello=%7B HTTP/1.1", &[upgrade, connection, version, KEY]),
        _ => vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01, b'\r', b'\n', b'\r', b'\n'],
    }
}
