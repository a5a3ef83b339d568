//! A server for shared documents on axum.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, interval_at, timeout};

use super::documents::{Database, Done, Event, FromPage, ToPage};

const PING: Duration = Duration::from_secs(30);
/// Who has said nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);
const SILENT: u16 = 4408;

#[derive(Clone)]
struct App {
    database: Database,
    news: broadcast::Sender<Arc<Event>>,
}

/// The application: everything is at `/`.
pub fn router(database: Database) -> Router {
    let (news, _) = broadcast::channel(10_000);
    Router::new().route("/", get(connect)).with_state(App { database, news })
}

async fn connect(State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| serve(app, socket))
}

async fn serve(app: App, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let (page, mut outbox) = mpsc::unbounded_channel::<Message>();
    tokio::spawn(async move {
        while let Some(message) = outbox.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    });
    let pings = tokio::spawn(ping(app.clone(), page.clone()));
    let mut updates = None;
    loop {
        match timeout(SILENCE, stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                let Ok(message) = serde_json::from_str(&text) else { continue };
                answer(&app, message, &page, &mut updates);
            }
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => break,
            Ok(Some(Ok(_))) => {}
            Err(_) => {
                let frame = CloseFrame { code: SILENT, reason: "silent".into() };
                let _ = page.send(Message::Close(Some(frame)));
                break;
            }
        }
    }
    pings.abort();
    if let Some(task) = updates {
        tokio::task::JoinHandle::abort(&task);
    }
}

type Page = mpsc::UnboundedSender<Message>;

fn tell(page: &Page, message: &ToPage) {
    // Fails where the page has gone, which the reading half hears as well.
    let _ = page.send(Message::Text(message.json().into()));
}

fn answer(
    app: &App,
    message: FromPage,
    page: &Page,
    updates: &mut Option<tokio::task::JoinHandle<()>>,
) {
    match message {
        FromPage::Subscribe { doc, instance, since } => {
            // First the news, then what there is: nothing falls between the two.
            let news = app.news.subscribe();
            tell(page, &ToPage::Welcome { doc, head: app.database.head(doc) });
            tell(page, &app.database.catch_up(doc, instance, since));
            *updates = Some(tokio::spawn(forward(doc, news, page.clone())));
        }
        FromPage::SyncRequest { doc, since } => {
            tell(page, &app.database.catch_up(doc, 0, since));
        }
        FromPage::Op(operation) => match app.database.perform(&operation) {
            Done::New(event) => {
                tell(page, &ack(&event));
                let _ = app.news.send(event);
            }
            Done::Known(event) => tell(page, &ack(&event)),
            Done::Refused(code) => tell(page, &ToPage::Nack { op: operation.id(), code }),
        },
        FromPage::Ping { stamp } => tell(page, &ToPage::Pong { stamp, cursor: None }),
        FromPage::Pong {} => {}
    }
}

fn ack(event: &Event) -> ToPage {
    ToPage::Ack { op: event.op(), position: event.position() }
}

async fn forward(doc: u32, mut news: broadcast::Receiver<Arc<Event>>, page: Page) {
    while let Ok(event) = news.recv().await {
        if event.doc() == doc {
            tell(&page, &ToPage::Event(event));
        }
    }
}

async fn ping(app: App, page: Page) {
    let mut ticks = interval_at(Instant::now() + PING, PING);
    for stamp in 1.. {
        ticks.tick().await;
        tell(&page, &ToPage::Ping { stamp, head: Some(app.database.head(1)) });
    }
}
