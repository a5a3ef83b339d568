//! Frames: what travels over a stream. Four bytes of length, the greatest first, then JSON.

use std::io;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::id::{ConnId, NodeId};
use crate::protocol::Protocol;

/// No frame is longer; a length beyond it is a stream that has lost its place.
const LENGTH_MAX: usize = 64 << 20;

/// One frame. A datagram carries a [`Frame::Cast`] and nothing else, without its length.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound = "")]
pub(super) enum Frame<P: Protocol> {
    /// The first of a connection, from the end that dialled. Both ends use the dialler's name
    /// for the connection.
    Hello { conn: ConnId, from: NodeId, hello: P::Hello },
    /// The connection is open.
    Accept,
    /// There will be no connection.
    Refuse(u16),
    /// A message.
    Message(P::Message),
    /// The last of its direction.
    Close { code: u16, reason: String },
    /// A message outside any connection.
    Cast { from: NodeId, message: P::Message },
}

impl<P: Protocol> Frame<P> {
    /// The frame in bytes, with its length.
    pub(super) fn encode(&self) -> Result<Rc<[u8]>, serde_json::Error> {
        let mut bytes = vec![0; 4];
        serde_json::to_writer(&mut bytes, self)?;
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        Ok(bytes.into())
    }

    /// The next frame of a stream; none where it has ended or broken.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        if stream.read_exact(&mut length).await.is_err() {
            return Ok(None);
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > LENGTH_MAX {
            return Err(io::Error::other(format!("a frame of {length} bytes")));
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&body)?))
    }
}
