//! The state of the connection that a person sees is the one that the client was told of.

use std::collections::BTreeSet;

use super::error_surfaced::known;
use super::presence::{Dues, Presence, TICK};
use super::sockets::{Requests, Sockets};
use super::table::Table;
use super::tabs::Tabs;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Life, Observation, Refusal, Request, Side, Standing};
use crate::id::NodeId;
use crate::objectives::{Objectives, TabPolicy};
use crate::time::Time;

const AUTH: [u16; 4] = [401, 403, 4001, 4401];
const LIMIT: [u16; 3] = [429, 503, 4003];
/// What a notice is called that changes of other tabs are not shown.
const OTHER_TABS: &str = "other-tabs";

/// At the end of every instant in which a client had time to hear its news, the state of the
/// connection that it shows does not contradict them: `live` has an open connection, `closed`
/// has none, `offline` is the device's last word, `loading` ends with the first content, and
/// `sign-in` and `limit` answer a close or a refusal that says so. Where the objectives want
/// attempts shown, `reconnecting` says which one it is. A client that is `live` no longer tells of
/// the end of a connection. Where the objectives accept that tabs differ, each of several tabs of
/// one client on one topic says in the end that it does not show what the others change.
#[derive(Debug, Default)]
pub struct StatusTruthful {
    attempts_shown: bool,
    /// The tabs of each client, where they may differ.
    tabs: Option<Tabs>,
    presence: Presence,
    sockets: Sockets,
    requests: Requests,
    pages: Table<NodeId, Page>,
    /// Nodes whose credential is not good.
    rejected: BTreeSet<NodeId>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Page {
    shown: Option<Connection>,
    attempt: u16,
    /// Whether there is a notice that tells why a connection ended.
    tells_of_end: bool,
    tells_of_tabs: bool,
    has_content: bool,
    /// Whether it went away: nobody sees what it shows.
    is_gone: bool,
    offline: bool,
    dialled: bool,
    /// The code or status with which the last connection or attempt ended.
    ended: u16,
}

impl StatusTruthful {
    /// Judges by `attempts_shown` and `tabs`.
    pub fn new(objectives: &Objectives) -> Self {
        let tabs = (objectives.tabs == TabPolicy::Accept).then(Tabs::default);
        Self { attempts_shown: objectives.attempts_shown, tabs, ..Self::default() }
    }

    fn lie(&self, node: NodeId) -> Option<&'static str> {
        let page = self.pages.get(&node).filter(|page| !page.is_gone)?;
        let is_open = self.sockets.open(node).is_some();
        match page.shown? {
            Connection::Live if !is_open => Some("without an open connection"),
            Connection::Live if page.tells_of_end => Some("and still tells why it was not"),
            Connection::Closed if is_open => Some("with an open connection"),
            Connection::Offline if !page.offline => Some("while its device is online"),
            Connection::Loading if page.has_content => Some("after it has shown content"),
            Connection::SignIn
                if page.dialled
                    && !AUTH.contains(&page.ended)
                    && !self.rejected.contains(&node) =>
            {
                Some("and nobody has told it so")
            }
            Connection::Reconnecting if self.attempts_shown && page.attempt == 0 => {
                Some("and not which attempt it is")
            }
            Connection::Limit if !LIMIT.contains(&page.ended) => Some("and nobody has told it so"),
            _ => None,
        }
    }
}

impl Invariant for StatusTruthful {
    fn name(&self) -> &'static str {
        "status-truthful"
    }
    fn statement(&self) -> &'static str {
        "The state of the connection that a client shows never contradicts what it has been told: \
         opened, closed, refused, device events."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Sockets::INTEREST)
            .and(Interest::DEVICE)
            .and(Interest::GIVEN_OTHER)
            .and(Interest::CREDENTIAL)
            .and(Interest::STATUS)
            .and(Interest::NOTICE)
            .and(Interest::CONTENT)
            .and(if self.tabs.is_some() { Tabs::INTEREST } else { Interest::NONE })
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        if let Observation::ShownContent(_) = seen.what {
            // By far the most; the page of a node that is down was forgotten when it died.
            if !self.presence.is_down(node) {
                self.pages.of(node).has_content = true;
            }
            return;
        }
        if let Some(tabs) = &mut self.tabs {
            tabs.observe(seen);
        }
        self.sockets.observe(seen);
        self.presence.observe(seen);
        let of_request = self.requests.are_meant(seen.what);
        if self.presence.is_down(node) {
            self.pages.remove(&node);
            return;
        }
        let page = self.pages.of(node);
        match *seen.what {
            Observation::ShownStatus(status) => {
                (page.shown, page.attempt) = (Some(status.connection), status.attempt);
            }
            Observation::ShownNotice { ref class, on, .. } => {
                if class == OTHER_TABS {
                    page.tells_of_tabs = on;
                }
                if known(class).is_none() {
                    return;
                }
                page.tells_of_end = on;
            }
            Observation::Given { request: Request::Open, .. } => page.has_content = false,
            Observation::Given { request: Request::Unmount, .. } => page.is_gone = true,
            Observation::Given { request: Request::Mount, .. } => page.is_gone = false,
            Observation::Device { online } => page.offline = !online,
            Observation::Dialled { .. } => page.dialled = true,
            Observation::Refused { refusal: Refusal::Status(code), .. }
            | Observation::Closed { side: Side::Dialler, code, .. }
                if !of_request =>
            {
                page.ended = code;
            }
            Observation::Credential(Standing::Issued { .. }) => {
                self.rejected.remove(&node);
            }
            Observation::Credential(Standing::Refused | Standing::Revoked { .. }) => {
                self.rejected.insert(node);
            }
            Observation::Node(Life::Resumed | Life::Relieved) => {}
            _ => return,
        }
        self.dues.add(seen.at + TICK, node, ruling);
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            if !self.presence.is_free(node, at) {
                // A paused node is looked at when it goes on.
                if let Some(until) = self.presence.occupied_until(node).filter(|t| *t >= at) {
                    self.dues.add(until + TICK, node, ruling);
                }
            } else if let Some(why) = self.lie(node) {
                let shown = self.pages.get(&node).and_then(|page| page.shown);
                ruling.violated(node, format!("shows `{:?}` {why}", shown.unwrap_or_default()));
            }
        }
    }
    fn finish(&mut self, _at: Time, ruling: &mut Ruling) {
        let open: Vec<_> = self.tabs.iter().flat_map(Tabs::open).collect();
        for (node, of) in &open {
            let others = open.iter().filter(|(other, what)| other != node && what == of).count();
            let tells = self.pages.get(node).is_none_or(|page| page.tells_of_tabs);
            if others > 0 && !tells {
                let message = format!("does not say that it shows nothing of {others} other tabs");
                ruling.violated(*node, message);
            }
        }
    }
}
