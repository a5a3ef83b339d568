//! Over datagrams: what comes out of turn waits until it is in turn, and a client that was cut
//! off joins again.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use wavetank_sims::w::{Entry, Message, PING_EVERY, Page, RETRY_AFTER, Room};

use crate::log::{self, SharedLog};
use crate::{SERVER, duration};

fn bytes(message: &Message) -> Vec<u8> {
    postcard::to_stdvec(message).expect("a message can be written")
}

async fn send(socket: &UdpSocket, to: SocketAddr, bytes: &[u8]) {
    // What the network does not take is lost, as any datagram may be.
    let _ = socket.send_to(to, bytes).await;
}

pub async fn server(log: SharedLog) {
    let socket = UdpSocket::bind("0.0.0.0:80").await.expect("a socket");
    let mut room = Room::default();
    let mut members: BTreeMap<SocketAddr, u32> = BTreeMap::new();
    let mut buffer = vec![0; 65_536];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let Ok(message) = postcard::from_bytes::<Message>(&buffer[..length]) else { continue };
        log::message(&log, 0, &message);
        match message {
            Message::Join { me, last } => {
                members.insert(from, me);
                send(&socket, from, &bytes(&Message::Missed(room.since(last)))).await;
            }
            Message::Edit { nth } => {
                let Some(author) = members.get(&from) else { continue };
                let Some(entry) = room.edit(*author, nth) else { continue };
                send(&socket, from, &bytes(&Message::Ack(entry))).await;
                let event = bytes(&Message::Event(entry));
                for to in members.keys().filter(|to| **to != from) {
                    send(&socket, *to, &event).await;
                }
            }
            Message::Ping => send(&socket, from, &bytes(&Message::Pong)).await,
            _ => {}
        }
    }
}

/// A client: its page, the last entry of the order that it has shown, and what came too early.
struct Client {
    me: u32,
    page: Page,
    log: SharedLog,
    last: u64,
    ahead: BTreeMap<u64, Entry>,
}

impl Client {
    /// Shows what is in turn.
    fn received(&mut self, message: &Message) {
        log::message(&self.log, self.me, message);
        let entries = Page::entries(message).iter().filter(|entry| entry.seq > self.last);
        self.ahead.extend(entries.map(|entry| (entry.seq, *entry)));
        while let Some(entry) = self.ahead.remove(&(self.last + 1)) {
            self.last = entry.seq;
            self.page.show(entry);
            log::show(&self.log, self.me, entry.seq);
        }
    }
}

pub async fn client(me: u32, page: Page, log: SharedLog, mut resets: watch::Receiver<()>) {
    let socket = UdpSocket::bind("0.0.0.0:0").await.expect("a socket");
    let to: SocketAddr = SERVER.parse().expect("an address");
    let mut client = Client { me, page, log, last: 0, ahead: BTreeMap::new() };
    log::event(&client.log, me, 4);
    let start = Instant::now();
    let mut edit_at = start + duration(client.page.pause());
    let mut ping_at = start + duration(PING_EVERY);
    let mut join_at = Some(start);
    let mut buffer = vec![0; 65_536];
    loop {
        tokio::select! {
            biased;
            Ok(()) = resets.changed() => join_at = Some(Instant::now() + duration(RETRY_AFTER)),
            Ok((length, _)) = socket.recv_from(&mut buffer) => {
                let Ok(message) = postcard::from_bytes(&buffer[..length]) else { continue };
                client.received(&message);
            }
            () = sleep_until(join_at.unwrap_or(start)), if join_at.is_some() => {
                log::event(&client.log, me, 5);
                join_at = None;
                for message in client.page.greeting() {
                    send(&socket, to, &bytes(&message)).await;
                }
            }
            () = sleep_until(edit_at) => {
                log::event(&client.log, me, 6);
                let edit = client.page.edit();
                send(&socket, to, &bytes(&edit)).await;
                edit_at = Instant::now() + duration(client.page.pause());
            }
            () = sleep_until(ping_at) => {
                log::event(&client.log, me, 7);
                send(&socket, to, &bytes(&Message::Ping)).await;
                ping_at = Instant::now() + duration(PING_EVERY);
            }
        }
    }
}
