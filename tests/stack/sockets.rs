//! What travels on the sockets, here and on the machine's own network.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use wavetank::fault::{Fault, FaultKind, PeopleFault};
use wavetank::history::{History, Initiator, Observation};
use wavetank::id::NodeId;
use wavetank::stack::{Serving, serve};
use wavetank::time::Span;

use super::board::{self, Board, Config, Role};
use super::{ALICE, BOB, SERVER, at, case, count, run};

/// How often a node was told that a connection ended in this way.
fn ends(history: &History, node: NodeId, code: u16, by: Initiator) -> usize {
    let is = |at, what: &Observation| {
        let Observation::Closed { code: of, by: whom, .. } = what else { return false };
        at == node && *of == code && *whom == by
    };
    count(history, is)
}

#[test]
fn a_message_beyond_the_limit_ends_the_connection_with_1009() {
    let mut case = case(Vec::new());
    case.config.longest = 40;
    let history = run(&case).history;
    assert!(ends(&history, SERVER, 1009, Initiator::Local) > 0, "an edit is longer");
    assert!(ends(&history, ALICE, 1009, Initiator::Remote) > 0);
}

#[test]
fn an_attacker_breaks_only_his_own_connection() {
    let attack = |n: u64| {
        let kind = FaultKind::People(PeopleFault::Malformed(ALICE, SERVER, 300));
        Fault::lasting(at(3_000 + 2_000 * n), Span::ZERO, kind)
    };
    let outcome = run(&case((0..13).map(attack).collect()));
    assert_eq!(outcome.violations, []);
    let history = &outcome.history;
    let passed = |node, what: &Observation| {
        let Observation::Delivered { meaning, .. } = what else { return false };
        node == SERVER && meaning.size == 300
    };
    assert!(count(history, passed) > 0);
    let codes = [1002, 1007, 1009].map(|code| {
        let told = ends(history, ALICE, code, Initiator::Remote);
        assert_eq!(told, ends(history, SERVER, code, Initiator::Local));
        told
    });
    assert!(codes.iter().sum::<usize>() > 2, "{codes:?}");
    let bob = |node, what: &Observation| node == BOB && matches!(what, Observation::Closed { .. });
    assert_eq!(count(history, bob), 0);
}

#[test]
fn frames_come_in_more_segments_than_messages_and_all_are_put_together() {
    let outcome = run(&case(Vec::new()));
    assert!(outcome.segments > outcome.counts.sent + 6 * outcome.counts.dials);
    assert!(outcome.bytes > outcome.segments);
    let puzzled = |_, what: &Observation| matches!(what, Observation::Closed { .. });
    assert_eq!(count(&outcome.history, puzzled), 0);
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(address: &str, target: &str) -> Result<Socket, Error> {
    let stream = TcpStream::connect(address).await?;
    Ok(client_async(format!("ws://{address}{target}"), stream).await?.0)
}

async fn next(socket: &mut Socket) -> Message {
    socket.next().await.expect("the stream goes on").expect("a message")
}

/// The next message that is no ping of the board.
async fn answer(socket: &mut Socket) -> String {
    loop {
        let message = next(socket).await.into_text().expect("text");
        if message.as_str() != "\"Ping\"" {
            return message.to_string();
        }
    }
}

/// What a person's own WebSocket client meets.
async fn visit(address: &str) {
    let Err(Error::Http(response)) = connect(address, "/").await else { panic!("let in") };
    assert_eq!(response.status().as_u16(), 400, "a hello is missing");

    let mut socket = connect(address, "/?hello=%22client%20n7%22").await.expect("let in");
    socket.send(Message::text("\"Join\"")).await.expect("sent");
    assert_eq!(answer(&mut socket).await, r#"{"Whole":[0,[]]}"#);
    socket.send(Message::text("no message")).await.expect("sent");
    socket.send(Message::binary(vec![1, 2, 3])).await.expect("sent");
    let edit = r#"{"op":7,"author":1,"field":2,"value":8}"#;
    socket.send(Message::text(format!(r#"{{"Set":{edit}}}"#))).await.expect("sent");
    assert_eq!(answer(&mut socket).await, format!(r#"{{"Event":[1,{edit}]}}"#));
    assert_eq!(answer(&mut socket).await, r#"{"Saved":7}"#);

    let mut second = connect(address, "/?hello=%22client%20n8%22").await.expect("let in");
    let Err(Error::Http(response)) = connect(address, "/?hello=%22client%20n9%22").await else {
        panic!("a third was let in")
    };
    assert_eq!(response.status().as_u16(), 503);
    second.close(None).await.expect("closed");
    while second.next().await.is_some_and(|message| message.is_ok()) {}
    connect(address, "/?hello=%22client%20n9%22").await.expect("there is room again");
}

/// Serves a board while somebody does something; gives back the error that ends it first.
fn served<F: Future<Output = ()>>(
    on_write: impl FnMut(&board::Store) -> io::Result<()> + 'static,
    visit: impl FnOnce(String) -> F,
) -> Option<io::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let serving = Serving::<Board> {
        role: Role::Server,
        config: Config { limit: 2, ..Config::default() },
        seed: 1,
        store: board::Store::default(),
        on_write: Box::new(on_write),
        page: Some("<p>A board."),
    };
    runtime.expect("a runtime").block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::select! {
            biased;
            ended = serve(listener, serving) => ended.err(),
            () = visit(address) => None,
        }
    })
}

#[test]
fn a_server_takes_anybody_over_the_network_of_the_machine() {
    let writes = Rc::new(Cell::new(0));
    let seen = writes.clone();
    let keep = move |_: &board::Store| {
        seen.set(seen.get() + 1);
        Ok(())
    };
    let ended = served(keep, |address| async move { visit(&address).await });
    assert!(ended.is_none(), "{ended:?}");
    assert_eq!(writes.get(), 1);
}

/// What a browser gets for a path.
async fn page(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer
}

#[test]
fn a_browser_that_asks_for_no_websocket_gets_the_page_and_nothing_else() {
    let look = |address: String| async move {
        let answer = page(&address, "/").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n<p>A board."), "{answer}");
        assert!(page(&address, "/else").await.starts_with("HTTP/1.1 400 "));
    };
    let ended = served(|_| Ok(()), look);
    assert!(ended.is_none(), "{ended:?}");
}

#[test]
fn a_server_whose_store_cannot_be_kept_ends_before_anybody_is_told_of_the_write() {
    let heard = Rc::new(Cell::new(false));
    let seen = heard.clone();
    let edit = move |address: String| async move {
        let mut socket = connect(&address, "/?hello=%22client%20n7%22").await.expect("let in");
        socket.send(Message::text("\"Join\"")).await.expect("sent");
        answer(&mut socket).await;
        let edit = r#"{"Set":{"op":7,"author":1,"field":2,"value":8}}"#;
        socket.send(Message::text(edit)).await.expect("sent");
        answer(&mut socket).await;
        seen.set(true);
    };
    let ended = served(|_| Err(io::Error::other("the disk is full")), edit);
    assert_eq!(ended.expect("it ends").to_string(), "the disk is full");
    assert!(!heard.get(), "an answer came");
}
