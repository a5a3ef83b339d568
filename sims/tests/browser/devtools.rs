//! A headless browser, driven over the DevTools protocol.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Error, Message, WebSocket};

use super::until;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const FLAGS: [&str; 10] = [
    "--headless=new",
    // The test may run as root, where there is no sandbox, and opens only what it serves itself.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    // Only one tab is in front. The others are to keep time all the same.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--remote-debugging-port=0",
    "about:blank",
];

/// A running browser with a profile of its own.
pub(super) struct Browser {
    process: Child,
    _profile: TempDir,
    socket: WebSocket<TcpStream>,
    calls: u64,
}

/// A tab of it.
pub(super) struct Tab {
    target: String,
    session: String,
}

impl Browser {
    /// Starts whichever browser is installed.
    pub(super) fn start() -> Option<Self> {
        let there = |name: &&&str| Command::new(name).arg("--version").output().is_ok();
        let name = NAMES.iter().find(there)?;
        let profile = tempfile::tempdir().expect("a folder");
        let process = Command::new(name)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(FLAGS)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let mut place = (String::new(), String::new());
        until("the browser tells where it listens", || {
            let text = std::fs::read_to_string(profile.path().join("DevToolsActivePort"));
            let text = text.unwrap_or_default();
            let Some((port, path)) = text.split_once('\n') else { return false };
            place = (port.to_owned(), path.to_owned());
            path.starts_with('/')
        });
        let host = format!("127.0.0.1:{}", place.0);
        let stream = TcpStream::connect(&host).expect("the browser listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        let target = format!("ws://{host}{}", place.1.trim());
        let (socket, _) = tungstenite::client(target, stream).expect("the browser answers");
        Some(Self { process, _profile: profile, socket, calls: 0 })
    }

    /// Calls a method, and gives back what it came to: a result, or an error.
    fn ask(&mut self, tab: Option<&Tab>, method: &str, params: &Value) -> Result<Value, String> {
        self.calls += 1;
        let mut call = json!({"id": self.calls, "method": method, "params": params});
        if let Some(tab) = tab {
            call["sessionId"] = json!(tab.session);
        }
        self.socket.send(Message::text(call.to_string())).expect("the browser hears");
        loop {
            let message = match self.socket.read() {
                Ok(message) => message,
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    panic!("the browser does not answer {method}");
                }
                Err(error) => panic!("{method}: {error}"),
            };
            let text = message.into_text().unwrap_or_default();
            let Ok(mut answer) = serde_json::from_str::<Value>(&text) else { continue };
            // Events are told in between.
            if answer["id"] == json!(self.calls) {
                return match answer.get("error") {
                    Some(error) => Err(error.to_string()),
                    None => Ok(answer["result"].take()),
                };
            }
        }
    }

    fn call(&mut self, tab: Option<&Tab>, method: &str, params: &Value) -> Value {
        self.ask(tab, method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Opens a tab.
    pub(super) fn open(&mut self, url: &str) -> Tab {
        let target = self.call(None, "Target.createTarget", &json!({"url": url}));
        let target = target["targetId"].as_str().expect("a target").to_owned();
        let attach = json!({"targetId": target, "flatten": true});
        let session = self.call(None, "Target.attachToTarget", &attach);
        let session = session["sessionId"].as_str().expect("a session").to_owned();
        Tab { target, session }
    }

    /// Closes a tab, as a person does.
    pub(super) fn close(&mut self, tab: Tab) {
        self.call(None, "Target.closeTarget", &json!({"targetId": tab.target}));
        until("the tab is closed", || {
            let all = self.call(None, "Target.getTargets", &json!({}));
            let all = all["targetInfos"].as_array().expect("a list");
            all.iter().all(|one| one["targetId"] != json!(tab.target))
        });
    }

    /// Loads the page of a tab again. A server that is down makes it an error page.
    pub(super) fn reload(&mut self, tab: &Tab) {
        // Loading something takes the old page's variables away, which shows when it is gone.
        self.value(tab, "window.old = true");
        self.call(Some(tab), "Page.reload", &json!({}));
        until("the old page is gone", || {
            let state = "window.old === undefined && document.readyState";
            self.try_value(tab, state).is_some_and(|state| state == json!("complete"))
        });
    }

    /// What an expression comes to in a tab. None while the page is being replaced.
    fn try_value(&mut self, tab: &Tab, expression: &str) -> Option<Value> {
        let params = json!({"expression": expression, "returnByValue": true});
        let mut answer = self.ask(Some(tab), "Runtime.evaluate", &params).ok()?;
        match answer.get("exceptionDetails") {
            Some(_) => None,
            None => Some(answer["result"]["value"].take()),
        }
    }

    /// What an expression comes to in a tab.
    pub(super) fn value(&mut self, tab: &Tab, expression: &str) -> Value {
        let value = self.try_value(tab, expression);
        value.unwrap_or_else(|| panic!("`{expression}` came to nothing"))
    }

    /// Waits until an expression is true in a tab.
    pub(super) fn until(&mut self, tab: &Tab, expression: &str) {
        until(expression, || {
            self.try_value(tab, expression).is_some_and(|value| value == json!(true))
        });
    }

    /// Clicks what a selector finds.
    pub(super) fn click(&mut self, tab: &Tab, selector: &str) {
        let click = format!("document.querySelector({selector:?}).click()");
        self.value(tab, &click);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
