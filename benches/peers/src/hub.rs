//! What a server over WebSockets is made of, whichever engine carries it.

use std::collections::BTreeMap;

use tokio::sync::mpsc::UnboundedSender;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use wavetank_sims::w::{Message, Room};

/// The server's state, shared by its connections.
#[derive(Default)]
pub struct Hub {
    room: Room,
    members: BTreeMap<u32, (u32, UnboundedSender<Frame>)>,
}

impl Hub {
    pub fn handle(&mut self, conn: u32, message: &Message, sender: &UnboundedSender<Frame>) {
        match message {
            Message::Join { me, last } => {
                self.members.insert(conn, (*me, sender.clone()));
                self.send(conn, &Message::Missed(self.room.since(*last)));
            }
            Message::Edit { nth } => {
                let Some((author, _)) = self.members.get(&conn) else { return };
                let Some(entry) = self.room.edit(*author, *nth) else { return };
                self.send(conn, &Message::Ack(entry));
                let event = frame(&Message::Event(entry));
                for (_, (_, sender)) in self.members.iter().filter(|(other, _)| **other != conn) {
                    let _ = sender.send(event.clone());
                }
            }
            Message::Ping => self.send(conn, &Message::Pong),
            _ => {}
        }
    }

    pub fn leave(&mut self, conn: u32) {
        self.members.remove(&conn);
    }

    fn send(&self, conn: u32, message: &Message) {
        if let Some((_, sender)) = self.members.get(&conn) {
            let _ = sender.send(frame(message));
        }
    }
}

pub fn frame(message: &Message) -> Frame {
    Frame::text(serde_json::to_string(message).expect("a message can be written as JSON"))
}

pub fn parse(frame: &Frame) -> Option<Message> {
    serde_json::from_str(frame.to_text().ok()?).ok()
}

/// The default read buffer of 128 KiB is filled with zeros for every read.
pub fn config() -> Option<WebSocketConfig> {
    Some(WebSocketConfig::default().read_buffer_size(4096))
}
