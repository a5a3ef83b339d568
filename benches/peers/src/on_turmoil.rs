//! Workload W on turmoil and tokio-tungstenite, as their users would write it.
//!
//! Where turmoil leaves a choice, the quicker or the deterministic one is taken: small read
//! buffers, a text that is serialised once for all who get it, `biased` selects, a seed and an
//! epoch of our own. A cut is `hold` and `release`, since a partition would leave TCP hanging
//! for ever; when it ends the client is told to drop its connection.

use std::cell::RefCell;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config, client_async_with_config};
use turmoil::net::{TcpListener, TcpStream};
use wavetank::digest::Digester;
use wavetank::rng::{Draw, Rng};
use wavetank::time::Span;

use crate::hub::{Hub, config, frame, parse};
use crate::ran::Ran;
use wavetank_sims::w::{Gapless, LATENCY, Message, PING_EVERY, Page, RETRY_AFTER, Setup};

type Socket = WebSocketStream<TcpStream>;
type Dial = Pin<Box<dyn Future<Output = Result<Socket, Box<dyn Error>>>>>;

/// What is seen of a run: the property, a digest, and counts. Shared by all hosts.
#[derive(Default)]
struct Log {
    gapless: Gapless,
    digest: Digester,
    events: u64,
    joins: u64,
    broken: Option<String>,
}

impl Log {
    /// Notes an event that a state machine is about to handle.
    fn event(&mut self, host: u32, code: u64) {
        self.events += 1;
        let at = turmoil::elapsed().as_micros() as u64;
        self.digest.words([at, u64::from(host), code, 0]);
    }

    /// Notes a message that a state machine is about to handle.
    fn message(&mut self, host: u32, message: &Message) {
        self.event(host, 1);
        self.digest.value(message);
    }

    /// Notes what a client shows.
    fn show(&mut self, client: u32, seq: u64) {
        if let Err(due) = self.gapless.show(client, seq) {
            let broken = || format!("client {client} showed {seq} where {due} was due");
            self.broken.get_or_insert_with(broken);
        }
    }
}

type SharedLog = Rc<RefCell<Log>>;

fn duration(span: Span) -> Duration {
    Duration::from_micros(span.as_micros())
}

async fn server(log: SharedLog) -> turmoil::Result {
    let hub = Rc::new(RefCell::new(Hub::default()));
    let listener = TcpListener::bind("0.0.0.0:80").await?;
    for conn in 0.. {
        let (stream, _) = listener.accept().await?;
        spawn_local(serve(conn, stream, hub.clone(), log.clone()));
    }
    Ok(())
}

/// One connection of the server: a task that reads, and one that writes, since a client that
/// is cut off must not hold up the others.
async fn serve(conn: u32, stream: TcpStream, hub: Rc<RefCell<Hub>>, log: SharedLog) {
    let Ok(socket) = accept_async_with_config(stream, config()).await else { return };
    log.borrow_mut().event(0, 2);
    let (mut sink, mut source) = socket.split();
    let (sender, mut outgoing) = unbounded_channel();
    let writer = spawn_local(async move {
        while let Some(frame) = outgoing.recv().await {
            if sink.send(frame).await.is_err() {
                break;
            }
        }
    });
    while let Some(Ok(frame)) = source.next().await {
        let Some(message) = parse(&frame) else { continue };
        log.borrow_mut().message(0, &message);
        hub.borrow_mut().handle(conn, &message, &sender);
    }
    log.borrow_mut().event(0, 3);
    hub.borrow_mut().leave(conn);
    writer.abort();
}

/// One client: its page, its connection, and when it does what next.
struct Client {
    me: u32,
    page: Page,
    log: SharedLog,
    socket: Option<Socket>,
    dial: Option<Dial>,
    retry_at: Option<Instant>,
}

impl Client {
    async fn run(mut self, mut resets: watch::Receiver<()>) -> turmoil::Result {
        self.log.borrow_mut().event(self.me, 4);
        let start = Instant::now();
        let mut edit_at = start + duration(self.page.pause());
        let mut ping_at = start + duration(PING_EVERY);
        self.dial = Some(dial());
        loop {
            let (socket, dialling) = (&mut self.socket, &mut self.dial);
            let retry_at = self.retry_at.unwrap_or(start);
            tokio::select! {
                biased;
                Ok(()) = resets.changed() => self.lost(),
                Some(opened) = when(dialling), if dialling.is_some() => self.opened(opened).await?,
                frame = next(socket), if socket.is_some() => self.received(frame),
                () = sleep_until(retry_at), if self.retry_at.is_some() => {
                    self.log.borrow_mut().event(self.me, 5);
                    self.retry_at = None;
                    self.dial = Some(dial());
                }
                () = sleep_until(edit_at) => {
                    self.log.borrow_mut().event(self.me, 6);
                    let edit = self.page.edit();
                    self.send(&edit).await?;
                    edit_at = Instant::now() + duration(self.page.pause());
                }
                () = sleep_until(ping_at) => {
                    self.log.borrow_mut().event(self.me, 7);
                    self.send(&Message::Ping).await?;
                    ping_at = Instant::now() + duration(PING_EVERY);
                }
            }
        }
    }

    async fn send(&mut self, message: &Message) -> Result<(), tungstenite::Error> {
        match &mut self.socket {
            Some(socket) => socket.send(frame(message)).await,
            None => Ok(()),
        }
    }

    async fn opened(
        &mut self,
        opened: Result<Socket, Box<dyn Error>>,
    ) -> Result<(), tungstenite::Error> {
        self.dial = None;
        let Ok(mut socket) = opened else {
            self.lost();
            return Ok(());
        };
        self.log.borrow_mut().event(self.me, 8);
        for message in self.page.greeting() {
            socket.send(frame(&message)).await?;
        }
        self.socket = Some(socket);
        Ok(())
    }

    fn received(&mut self, frame: Option<Frame>) {
        let Some(frame) = frame else { return self.lost() };
        let Some(message) = parse(&frame) else { return };
        let mut log = self.log.borrow_mut();
        log.message(self.me, &message);
        log.joins += u64::from(matches!(message, Message::Missed(_)));
        for entry in Page::entries(&message) {
            self.page.show(*entry);
            log.show(self.me, entry.seq);
        }
    }

    fn lost(&mut self) {
        self.log.borrow_mut().event(self.me, 9);
        self.socket = None;
        self.dial = None;
        self.retry_at = Some(Instant::now() + duration(RETRY_AFTER));
    }
}

fn dial() -> Dial {
    Box::pin(async {
        let stream = TcpStream::connect(("server", 80)).await?;
        let (socket, _) = client_async_with_config("ws://server/", stream, config()).await?;
        Ok(socket)
    })
}

/// The end of a dial that is under way.
async fn when(dial: &mut Option<Dial>) -> Option<Result<Socket, Box<dyn Error>>> {
    Some(dial.as_mut()?.await)
}

/// The next frame of an open connection; nothing once it has ended.
async fn next(socket: &mut Option<Socket>) -> Option<Frame> {
    socket.as_mut()?.next().await?.ok()
}

/// Runs W once for each of these seeds.
pub fn run_all(setup: &Setup, tick_ms: u64, seeds: std::ops::Range<u64>) -> Result<Ran, String> {
    let mut total = Ran::default();
    for seed in seeds {
        let log = SharedLog::default();
        run(setup, tick_ms, seed, &log).map_err(|error| error.to_string())?;
        let log = log.take();
        if let Some(broken) = log.broken {
            return Err(broken);
        }
        total.add(log.events, log.joins, log.digest.finish());
    }
    Ok(total)
}

fn run(setup: &Setup, tick_ms: u64, seed: u64, log: &SharedLog) -> turmoil::Result {
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .epoch(UNIX_EPOCH + Duration::from_secs(1_767_225_600))
        .tick_duration(Duration::from_millis(tick_ms))
        .simulation_duration(duration(setup.length()) + Duration::from_secs(1))
        .min_message_latency(duration(LATENCY.0))
        .max_message_latency(duration(LATENCY.1))
        .build();
    sim.host("server", || server(log.clone()));
    let draw = Draw::seeded(seed).purpose("client");
    let mut resets = Vec::new();
    for me in 1..=setup.clients {
        let (reset, on_reset) = watch::channel(());
        resets.push(reset);
        let page = Page::new(me, Rng::new(draw.key(u64::from(me))));
        let log = log.clone();
        let client = Client { me, page, log, socket: None, dial: None, retry_at: None };
        sim.client(name(me), client.run(on_reset));
    }
    let cuts = setup.cuts();
    let mut steps: Vec<_> = cuts.iter().map(|cut| (cut.from, cut.client, true)).collect();
    steps.extend(cuts.iter().map(|cut| (cut.until, cut.client, false)));
    steps.sort_unstable();
    let mut steps = steps.into_iter().peekable();
    while sim.elapsed() < duration(setup.length()) {
        while let Some((_, client, begins)) =
            steps.next_if(|step| duration(step.0) <= sim.elapsed())
        {
            if begins {
                sim.hold(name(client), "server");
            } else {
                sim.release(name(client), "server");
                let _ = resets[client as usize - 1].send(());
            }
        }
        sim.step()?;
    }
    Ok(())
}

fn name(client: u32) -> String {
    format!("client-{client}")
}
