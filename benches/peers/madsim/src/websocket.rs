//! Over WebSockets: tokio-tungstenite on madsim's TCP.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{WebSocketStream, accept_async_with_config, client_async_with_config};
use wavetank_sims::w::{Message, PING_EVERY, Page, RETRY_AFTER};

use crate::hub::{Hub, config, frame, parse};
use crate::log::{self, SharedLog};
use crate::{SERVER, duration};

type Socket = WebSocketStream<TcpStream>;
type Dial = Pin<Box<dyn Future<Output = Option<Socket>> + Send>>;

pub async fn server(log: SharedLog) {
    let hub = Arc::new(Mutex::new(Hub::default()));
    let listener = TcpListener::bind("0.0.0.0:80").await.expect("a listener");
    for conn in 0.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        drop(tokio::spawn(serve(conn, stream, hub.clone(), log.clone())));
    }
}

async fn serve(conn: u32, stream: TcpStream, hub: Arc<Mutex<Hub>>, log: SharedLog) {
    let Ok(socket) = accept_async_with_config(stream, config()).await else { return };
    log::event(&log, 0, 2);
    let (mut sink, mut source) = socket.split();
    let (sender, mut outgoing) = unbounded_channel();
    let writer = tokio::spawn(async move {
        while let Some(frame) = outgoing.recv().await {
            if sink.send(frame).await.is_err() {
                break;
            }
        }
    });
    while let Some(Ok(frame)) = source.next().await {
        let Some(message) = parse(&frame) else { continue };
        log::message(&log, 0, &message);
        hub.lock().expect("nobody panicked").handle(conn, &message, &sender);
    }
    log::event(&log, 0, 3);
    hub.lock().expect("nobody panicked").leave(conn);
    writer.abort();
}

struct Client {
    me: u32,
    page: Page,
    log: SharedLog,
    socket: Option<Socket>,
    dial: Option<Dial>,
    retry_at: Option<Instant>,
}

impl Client {
    async fn send(&mut self, message: &Message) {
        if let Some(socket) = &mut self.socket
            && socket.send(frame(message)).await.is_err()
        {
            self.lost();
        }
    }

    async fn opened(&mut self, opened: Option<Socket>) {
        self.dial = None;
        let Some(socket) = opened else { return self.lost() };
        log::event(&self.log, self.me, 8);
        self.socket = Some(socket);
        let greeting: Vec<Message> = self.page.greeting().collect();
        for message in greeting {
            self.send(&message).await;
        }
    }

    fn received(&mut self, frame: Option<Frame>) {
        let Some(frame) = frame else { return self.lost() };
        let Some(message) = parse(&frame) else { return };
        log::message(&self.log, self.me, &message);
        for entry in Page::entries(&message) {
            self.page.show(*entry);
            log::show(&self.log, self.me, entry.seq);
        }
    }

    fn lost(&mut self) {
        log::event(&self.log, self.me, 9);
        self.socket = None;
        self.dial = None;
        self.retry_at = Some(Instant::now() + duration(RETRY_AFTER));
    }
}

pub async fn client(me: u32, page: Page, log: SharedLog, mut resets: watch::Receiver<()>) {
    let mut client = Client { me, page, log, socket: None, dial: Some(dial()), retry_at: None };
    log::event(&client.log, me, 4);
    let start = Instant::now();
    let mut edit_at = start + duration(client.page.pause());
    let mut ping_at = start + duration(PING_EVERY);
    loop {
        let (socket, dialling) = (&mut client.socket, &mut client.dial);
        let retry_at = client.retry_at.unwrap_or(start);
        tokio::select! {
            biased;
            Ok(()) = resets.changed() => client.lost(),
            Some(opened) = when(dialling), if dialling.is_some() => client.opened(opened).await,
            frame = next(socket), if socket.is_some() => client.received(frame),
            () = sleep_until(retry_at), if client.retry_at.is_some() => {
                log::event(&client.log, me, 5);
                client.retry_at = None;
                client.dial = Some(dial());
            }
            () = sleep_until(edit_at) => {
                log::event(&client.log, me, 6);
                let edit = client.page.edit();
                client.send(&edit).await;
                edit_at = Instant::now() + duration(client.page.pause());
            }
            () = sleep_until(ping_at) => {
                log::event(&client.log, me, 7);
                client.send(&Message::Ping).await;
                ping_at = Instant::now() + duration(PING_EVERY);
            }
        }
    }
}

fn dial() -> Dial {
    Box::pin(async {
        let stream = TcpStream::connect(SERVER).await.ok()?;
        let url = format!("ws://{SERVER}/");
        let dialled = client_async_with_config(url, stream, config()).await;
        dialled.ok().map(|(socket, _)| socket)
    })
}

/// The end of a dial that is under way.
async fn when(dial: &mut Option<Dial>) -> Option<Option<Socket>> {
    Some(dial.as_mut()?.await)
}

/// The next frame of an open connection; nothing once it has ended.
async fn next(socket: &mut Option<Socket>) -> Option<Frame> {
    socket.as_mut()?.next().await?.ok()
}
