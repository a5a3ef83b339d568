//! `wavetank serve` as people meet it: a page in real tabs of a real browser, and a server that is
//! killed meanwhile. Without a browser these tests say so and do nothing, unless
//! `WAVETANK_BROWSER=required` says that there must be one; `sims/browser/setup` installs it.

#[path = "../binary/mod.rs"]
mod binary;
mod devtools;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use binary::{command, text};
use devtools::{Browser, Tab};
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::Message;

/// A browser, where there is one.
#[expect(clippy::disallowed_methods, reason = "the environment says whether one is required")]
fn browser() -> Option<Browser> {
    let browser = Browser::start();
    if browser.is_none() {
        let required = std::env::var("WAVETANK_BROWSER").is_ok_and(|value| value == "required");
        assert!(!required, "there is no browser; sims/browser/setup installs one");
        // Past the capture of the test's output: a test that did nothing is to be seen.
        let text = "\nNOT RUN: there is no Chromium. `sims/browser/setup` installs one.\n\n";
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    browser
}

/// Waits for something that happens sooner or later. The limit only ends a test that hangs.
#[expect(clippy::disallowed_methods, reason = "processes are waited for in real time")]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..2400 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never comes to this: {what}");
}

/// A server and its file.
struct Server {
    process: Child,
    /// Open for as long as the process may print.
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    /// Starts it, and waits until it listens.
    fn start(address: &str, data: &Path) -> Self {
        let mut process = command(".", &["serve", "--address", address, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut stdout = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let found = line.split_once("http://").and_then(|(_, rest)| rest.split_once('/'));
        let Some((address, _)) = found else { panic!("no address in {line:?}") };
        let address = address.to_owned();
        Self { process, stdout, address }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Ends it at once, with whatever it is doing half done.
    fn kill(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Bench {
    browser: Browser,
    server: Server,
    data: PathBuf,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Option<Self> {
        let browser = browser()?;
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data.json");
        let server = Server::start("127.0.0.1:0", &data);
        Some(Self { browser, server, data, _folder: folder })
    }

    /// Opens a tab and waits until it is in step.
    fn open(&mut self) -> Tab {
        let tab = self.browser.open(&self.server.url());
        self.browser.until(&tab, "wavetank.status === 'live'");
        tab
    }

    fn write(&mut self, tab: &Tab, number: u32) {
        self.browser.click(tab, &format!("[data-tile='{number}'] .write"));
    }

    fn clear(&mut self, tab: &Tab, number: u32) {
        self.browser.click(tab, &format!("[data-tile='{number}'] .clear"));
    }

    fn insert(&mut self, tab: &Tab) {
        self.browser.click(tab, "#insert");
    }

    fn number(&mut self, tab: &Tab, expression: &str) -> u64 {
        let value = self.browser.value(tab, expression);
        value.as_u64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Starts the server again, on the same port and file.
    fn restart(&mut self) {
        self.server = Server::start(&self.server.address, &self.data);
    }

    /// Waits until all tabs are in step with all that the server has, and nothing waits.
    fn settle(&mut self, tabs: &[&Tab]) {
        for tab in tabs {
            self.browser.until(tab, "wavetank.status === 'live' && wavetank.pending.length === 0");
        }
        let head = log(&self.data).len();
        for tab in tabs {
            self.browser.until(tab, &format!("wavetank.cursor === {head}"));
        }
    }

    /// All tabs show what the log comes to, and the log has each edit of each tab once, but for
    /// those of which its person was told that somebody else was first.
    fn check(&mut self, tabs: &[&Tab]) {
        let log = log(&self.data);
        let content = fold(&log);
        let ops: BTreeSet<u64> = log.iter().map(|event| number_in(event, "op")).collect();
        assert_eq!(ops.len(), log.len(), "an edit is done twice");
        let mut made = 0;
        for tab in tabs {
            let shown = self.browser.value(tab, "wavetank.content");
            assert_eq!(shown, serde_json::to_value(&content).expect("JSON"));
            let edits = self.number(tab, "wavetank.edits");
            let id = self.number(tab, "wavetank.tab");
            let own = log.iter().filter(|event| number_in(event, "instance") == id);
            let mut told: Vec<u64> = own.map(|event| number_in(event, "client_seq")).collect();
            made += told.len();
            let conflicts = self.browser.value(tab, "wavetank.conflicts");
            let conflicts = conflicts.as_array().expect("a list");
            told.extend(conflicts.iter().map(|seq| seq.as_u64().expect("a number")));
            told.sort_unstable();
            assert_eq!(told, (1..=edits).collect::<Vec<_>>(), "of the edits of tab {id}");
        }
        assert_eq!(log.len(), made, "an edit is of nobody");
    }
}

/// The log of the document in a data file.
fn log(data: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(data).expect("the data file");
    let file: Value = serde_json::from_str(&text).expect("the data file is whole");
    file["documents"]["docs"]["1"]["log"].as_array().cloned().unwrap_or_default()
}

fn number_in(event: &Value, name: &str) -> u64 {
    event[name].as_u64().unwrap_or_else(|| panic!("no {name} in {event}"))
}

/// What a log comes to, by field.
fn fold(log: &[Value]) -> BTreeMap<String, Value> {
    let mut content = BTreeMap::new();
    for change in log.iter().flat_map(|event| event["changes"].as_array().expect("a list")) {
        let field = change["field"].to_string();
        match &change["value"] {
            Value::Null => drop(content.remove(&field)),
            value => drop(content.insert(field, value.clone())),
        }
    }
    content
}

#[test]
fn edits_made_while_the_server_is_dead_are_all_done_once_and_all_tabs_agree() {
    let Some(mut bench) = Bench::new() else { return };
    let (one, two) = (bench.open(), bench.open());
    bench.write(&one, 1);
    bench.write(&one, 2);
    bench.insert(&one);
    bench.write(&two, 1);
    bench.write(&two, 3);
    bench.insert(&two);
    bench.settle(&[&one, &two]);
    bench.check(&[&one, &two]);

    // Some of these are answered before the server dies, some are written, some never come.
    for number in 1..=8 {
        bench.write(&one, number);
        bench.write(&two, 9 - number);
    }
    bench.server.kill();
    for tab in [&one, &two] {
        bench.browser.until(tab, "wavetank.status === 'waiting'");
        bench.write(tab, 1);
        bench.write(tab, 4);
        bench.clear(tab, 2);
        bench.insert(tab);
        bench.clear(tab, 9);
        let waits = bench.number(tab, "wavetank.pending.length");
        assert!(waits >= 5, "{waits} wait");
        let shown = bench.number(tab, "document.querySelectorAll('.tile.waits').length");
        assert!(shown >= 4, "{shown} tiles are shown to wait");
    }
    bench.restart();
    bench.settle(&[&one, &two]);
    bench.check(&[&one, &two]);
    let shown = bench.number(&one, "document.querySelectorAll('.tile.waits').length");
    assert_eq!(shown, 0);
}

#[test]
fn edits_that_wait_survive_a_reload_and_a_closed_tab() {
    let Some(mut bench) = Bench::new() else { return };
    let (one, two) = (bench.open(), bench.open());
    bench.write(&one, 1);
    bench.write(&two, 2);
    bench.settle(&[&one, &two]);
    let ids = [&one, &two].map(|tab| bench.number(tab, "wavetank.tab"));
    assert_ne!(ids[0], ids[1]);

    bench.server.kill();
    for tab in [&one, &two] {
        bench.write(tab, 5);
        bench.insert(tab);
        bench.write(tab, 6);
    }
    bench.browser.reload(&one);
    bench.browser.close(two);
    bench.restart();
    bench.browser.reload(&one);
    let three = bench.open();
    bench.settle(&[&one, &three]);
    assert_eq!(bench.number(&one, "wavetank.tab"), ids[0], "it is the tab that it was");
    assert_eq!(bench.number(&three, "wavetank.tab"), ids[1], "somebody sees to what was left");
    assert_eq!(bench.number(&one, "wavetank.edits"), 4);
    bench.check(&[&one, &three]);
}

#[test]
fn a_person_who_goes_offline_keeps_her_edits_and_is_told_so() {
    let Some(mut bench) = Bench::new() else { return };
    let (one, two) = (bench.open(), bench.open());
    bench.browser.click(&one, "#plug");
    bench.write(&one, 1);
    bench.write(&two, 2);
    bench.browser.until(&one, "document.querySelector('#status').textContent === 'Offline'");
    let told = "document.querySelector('#detail').textContent.startsWith('1 edit waits')";
    bench.browser.until(&one, told);
    bench.settle(&[&two]);
    assert_eq!(bench.number(&one, "wavetank.pending.length"), 1);
    bench.browser.click(&one, "#plug");
    bench.settle(&[&one, &two]);
    bench.check(&[&one, &two]);
    assert_eq!(bench.browser.value(&one, "wavetank.conflicts"), json!([]));
}

#[test]
fn of_two_who_write_to_a_tile_unseen_the_later_is_told_that_somebody_was_first() {
    let Some(mut bench) = Bench::new() else { return };
    let (one, two) = (bench.open(), bench.open());
    bench.browser.click(&one, "#plug");
    bench.write(&one, 1);
    bench.write(&two, 1);
    bench.settle(&[&two]);
    bench.browser.click(&one, "#plug");
    bench.settle(&[&one, &two]);
    bench.check(&[&one, &two]);
    assert_eq!(bench.browser.value(&one, "wavetank.conflicts"), json!([1]));
    let log = "document.querySelector('#log').textContent.includes('Somebody else was first')";
    assert_eq!(bench.browser.value(&one, log), json!(true));
}

#[test]
fn a_file_that_is_gone_is_another_document_and_no_tab_sticks_to_the_old_one() {
    let Some(mut bench) = Bench::new() else { return };
    let tab = bench.open();
    bench.write(&tab, 1);
    bench.write(&tab, 2);
    bench.settle(&[&tab]);
    let began = epoch(&bench.data);
    bench.server.kill();
    until("a new file is one of a later second", || {
        let _ = std::fs::remove_file(&bench.data);
        bench.restart();
        bench.server.kill();
        epoch(&bench.data) > began
    });
    bench.restart();
    bench.settle(&[&tab]);
    assert_eq!(bench.browser.value(&tab, "wavetank.content"), json!({}));
}

/// Which beginning of a data file this is.
fn epoch(data: &Path) -> u64 {
    let text = std::fs::read_to_string(data).expect("the data file");
    let file: Value = serde_json::from_str(&text).expect("the data file is whole");
    number_in(&file["documents"], "epoch")
}

#[cfg(unix)]
#[test]
fn control_c_ends_a_server_with_zero() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start("127.0.0.1:0", &folder.path().join("data.json"));
    let id = server.process.id().to_string();
    let mut kill = std::process::Command::new("kill");
    let told = kill.args(["-INT", &id]).status().expect("a signal");
    assert!(told.success());
    assert_eq!(server.process.wait().expect("ended").code(), Some(0));
    let mut rest = String::new();
    server.stdout.read_line(&mut rest).expect("a line");
    server.stdout.read_line(&mut rest).expect("a line");
    assert!(rest.contains("Ended"), "{rest}");
}

#[test]
fn a_server_that_cannot_start_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data.json");
    let serve = |address: &str, data: &Path| {
        let mut serve = command(".", &["serve", "--address", address, "--data"]);
        let output = serve.arg(data).output().expect("the binary runs");
        (output.status.code(), text(&output.stderr))
    };
    let server = Server::start("127.0.0.1:0", &data);
    let (code, why) = serve("127.0.0.1:0", &data);
    assert!(code == Some(2) && why.contains("in use by another server"), "{code:?} {why}");
    let other = folder.path().join("other.json");
    let (code, why) = serve(&server.address, &other);
    assert!(code == Some(2) && why.contains("--address"), "{code:?} {why}");
    let torn = folder.path().join("torn.json");
    std::fs::write(&torn, "{\"format\":1,").expect("written");
    let (code, why) = serve("127.0.0.1:0", &torn);
    assert!(code == Some(2) && why.contains("torn.json") && why.contains("--data"), "{why}");
    assert_eq!(std::fs::read_to_string(&torn).expect("it is there"), "{\"format\":1,");
    let (code, why) = serve("127.0.0.1:0", &folder.path().join("nowhere/data.json"));
    assert!(code == Some(5) && why.contains("nowhere"), "{code:?} {why}");
}

/// Sends an operation over a connection of its own, and gives back the ack.
fn send(server: &Server, op: &Value) -> Value {
    let stream = std::net::TcpStream::connect(&server.address).expect("connected");
    let hello = "%7B%22path%22%3A%22%2Fsync%22%2C%22instance%22%3A3%7D";
    let target = format!("ws://{}/?hello={hello}", server.address);
    let (mut socket, _) = tungstenite::client(target, stream).expect("let in");
    socket.send(Message::text(op.to_string())).expect("sent");
    loop {
        let text = socket.read().expect("an answer").into_text().expect("text");
        let mut message: Value = serde_json::from_str(&text).expect("JSON");
        if message.get("ack").is_some() {
            return message["ack"].take();
        }
    }
}

#[test]
fn an_edit_that_is_sent_again_after_a_crash_is_acked_as_before_and_done_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data.json");
    let mut server = Server::start("127.0.0.1:0", &data);
    let op = json!({"op": {
        "doc": 1, "op": 9, "author": 3, "instance": 3, "client_seq": 1, "base": null,
        "edit": "Insert",
    }});
    let ack = send(&server, &op);
    server.kill();
    assert_eq!(log(&data).len(), 1, "what was acked is in the file");
    let server = Server::start(&server.address, &data);
    assert_eq!(send(&server, &op), ack);
    assert_eq!(log(&data).len(), 1);
}
