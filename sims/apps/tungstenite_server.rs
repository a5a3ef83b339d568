//! A server for shared documents on tokio-tungstenite, written by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::documents::{Database, Done, FromPage, ToPage};

const PING: Duration = Duration::from_secs(30);
/// Who has said nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);
/// What it takes to put a document together.
const READ: Duration = Duration::from_millis(300);

/// The pages that want to hear of a document, by the number of their connection.
#[derive(Default)]
struct Rooms {
    pages: BTreeMap<u64, (u32, UnboundedSender<Message>)>,
    connections: u64,
}

/// The server.
#[derive(Clone, Default)]
pub struct Server {
    database: Database,
    rooms: Arc<Mutex<Rooms>>,
}

impl Server {
    pub fn new(database: Database) -> Self {
        Self { database, rooms: Arc::default() }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection until it ends.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Ok(socket) = accept_async(stream).await else { return };
        let (mut sink, mut stream) = socket.split();
        let (page, mut outbox) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(message) = outbox.recv().await {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
        });
        let number = {
            let mut rooms = self.rooms();
            rooms.connections += 1;
            rooms.connections
        };
        let pings = tokio::spawn(self.clone().ping(page.clone()));
        while let Ok(Some(Ok(message))) = timeout(SILENCE, stream.next()).await {
            if let Message::Text(text) = message
                && let Ok(message) = serde_json::from_str(&text)
            {
                self.answer(number, message, &page).await;
            }
        }
        pings.abort();
        self.rooms().pages.remove(&number);
    }

    async fn answer(&self, number: u64, message: FromPage, page: &UnboundedSender<Message>) {
        let tell = |message: ToPage| drop(page.send(Message::Text(message.json().into())));
        match message {
            FromPage::Subscribe { doc, instance, since } => {
                tell(ToPage::Welcome { doc, head: self.database.head(doc) });
                let found = self.database.catch_up(doc, instance, since);
                sleep(READ).await;
                tell(found);
                self.rooms().pages.insert(number, (doc, page.clone()));
            }
            FromPage::SyncRequest { doc, since } => tell(self.database.catch_up(doc, 0, since)),
            FromPage::Op(operation) => match self.database.perform(&operation) {
                Done::New(event) => {
                    tell(ToPage::Ack { op: event.op(), position: event.position() });
                    let text = ToPage::Event(event.clone()).json();
                    for (doc, page) in self.rooms().pages.values() {
                        if *doc == event.doc() {
                            let _ = page.send(Message::Text(text.clone().into()));
                        }
                    }
                }
                Done::Known(event) => {
                    tell(ToPage::Ack { op: event.op(), position: event.position() });
                }
                Done::Refused(code) => tell(ToPage::Nack { op: operation.id(), code }),
            },
            FromPage::Ping { stamp } => tell(ToPage::Pong { stamp, cursor: None }),
            FromPage::Pong {} => {}
        }
    }

    async fn ping(self, page: UnboundedSender<Message>) {
        for stamp in 1.. {
            sleep(PING).await;
            let ping = ToPage::Ping { stamp, head: None };
            if page.send(Message::Text(ping.json().into())).is_err() {
                return;
            }
        }
    }
}
