//! What nodes say over a real WebSocket: the handshake, text frames of JSON, and close codes,
//! as the codec of tungstenite has them. Nothing here reads or writes.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tungstenite::Utf8Bytes;
use tungstenite::handshake::client::Request as Dialled;
use tungstenite::handshake::server::Request;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::protocol::frame::CloseFrame;

use crate::protocol::Protocol;

/// The longest reason that fits into a control frame beside the code.
const REASON_MAX: usize = 123;

/// How a codec is set that takes messages of at most `limit` bytes. Its buffer for reading is
/// small: the codec fills it with zeros before every read.
pub(crate) fn config(limit: u32) -> WebSocketConfig {
    let limit = Some(limit as usize);
    WebSocketConfig::default().read_buffer_size(1024).max_message_size(limit).max_frame_size(limit)
}

/// The request with which a node dials `host`. The hello is part of the target, where a browser
/// can put one as well.
///
/// # Errors
/// Where the hello cannot be written as JSON, or `host` or the target is none.
pub(crate) fn request<P: Protocol>(host: &str, hello: &P::Hello) -> Result<Dialled, String> {
    let target = match P::target(hello) {
        Some(target) => target,
        None => {
            let json = serde_json::to_string(hello).map_err(|error| error.to_string())?;
            format!("/?hello={}", utf8_percent_encode(&json, NON_ALPHANUMERIC))
        }
    };
    Dialled::builder()
        .uri(format!("ws://{host}{target}"))
        .header("Host", host)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", tungstenite::handshake::client::generate_key())
        .body(())
        .map_err(|error| error.to_string())
}

/// The hello that a request carries, if it carries one.
pub(crate) fn hello<P: Protocol>(request: &Request) -> Option<P::Hello> {
    let query = request.uri().query()?;
    let written = query.split('&').find_map(|pair| pair.strip_prefix("hello="))?;
    let json = percent_decode_str(written).decode_utf8().ok()?;
    serde_json::from_str(&json).ok()
}

/// The text of a message.
///
/// # Errors
/// Where it cannot be written as JSON.
pub(crate) fn text<P: Protocol>(message: &P::Message) -> Result<Utf8Bytes, serde_json::Error> {
    serde_json::to_string(message).map(Utf8Bytes::from)
}

/// The frame that ends a connection; none for the codes that stand for its absence.
pub(crate) fn close_frame(code: u16, reason: &str) -> Option<CloseFrame> {
    if matches!(code, 1005 | 1006 | 1015) {
        return None;
    }
    let reason = &reason[..reason.floor_char_boundary(REASON_MAX)];
    Some(CloseFrame { code: code.into(), reason: reason.into() })
}
