//! The states of the connection that a person sees follow each other as in the published graph.

use super::sockets::Sockets;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Life, Observation, Request, Side};
use crate::id::NodeId;
use crate::objectives::Objectives;
use crate::time::{Mono, Span};

/// A command or a device event explains a change this long.
const GRACE: Span = Span::secs(1);

/// A client shows `loading` only before anything else, `live` never right after a state in which
/// it dials nothing, and it leaves `live` only when its newest connection has ended or fallen
/// silent for the heartbeat's interval and timeout, its device has said something, or a command
/// asked for it. What it does right after a pause is excused.
#[derive(Debug)]
pub struct LifecycleLegal {
    silence: Span,
    sockets: Sockets,
    pages: Table<NodeId, Page>,
}

#[derive(Debug, Default)]
struct Page {
    shown: Option<Connection>,
    /// When there last was a reason for any change.
    reason: Option<Mono>,
    heard: Mono,
}

impl LifecycleLegal {
    /// Judges by `heartbeat_interval` and `heartbeat_timeout`.
    pub fn new(objectives: &Objectives) -> Self {
        let silence = objectives.heartbeat_interval + objectives.heartbeat_timeout;
        Self {
            silence: silence.saturating_sub(GRACE),
            sockets: Sockets::default(),
            pages: Table::new(),
        }
    }

    fn shown(&mut self, seen: &Seen<'_>, to: Connection, ruling: &mut Ruling) {
        let now = seen.now.mono;
        let is_open = self.sockets.newest(seen.node).is_some_and(|socket| socket.opened.is_some());
        let page = self.pages.of(seen.node);
        let Some(from) = page.shown.replace(to).filter(|from| *from != to) else { return };
        let asked = page.reason.is_some_and(|at| now.since(at) <= GRACE);
        let silent = now.since(page.heard) >= self.silence;
        let why = match (from, to) {
            _ if asked => return,
            (Connection::Live, _) if is_open && !silent => "while its newest connection is open",
            (_, Connection::Loading) => "as if it had shown nothing before",
            (
                Connection::Offline | Connection::SignIn | Connection::Limit | Connection::Closed,
                Connection::Live,
            ) => "without an attempt in between",
            _ => return,
        };
        ruling.violated(seen.node, format!("went from `{from:?}` to `{to:?}` {why}"));
    }
}

impl Invariant for LifecycleLegal {
    fn name(&self) -> &'static str {
        "lifecycle-legal"
    }
    fn statement(&self) -> &'static str {
        "The connection states that a client shows are a path in the published graph, and it \
         leaves `live` only when its newest open connection has ended or fallen silent, the \
         device said something, or a command asked for it."
    }
    fn interest(&self) -> Interest {
        Sockets::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::DEVICE)
            .and(Interest::DELIVERED)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (node, now) = (seen.node, seen.now.mono);
        match *seen.what {
            Observation::Delivered { side: Side::Dialler, .. } => {
                self.pages.of(node).heard = now;
                return;
            }
            Observation::Delivered { .. } => return,
            Observation::ShownStatus(status) => return self.shown(seen, status.connection, ruling),
            Observation::Given { request: Request::Rerender, .. } => {}
            Observation::Given { .. } | Observation::Device { .. } => {
                self.pages.of(node).reason = Some(now);
            }
            Observation::Opened { side: Side::Dialler, .. } => self.pages.of(node).heard = now,
            Observation::Node(Life::Crashed) => drop(self.pages.remove(&node)),
            Observation::Node(Life::Resumed | Life::Relieved) => {
                self.pages.of(node).reason = Some(now);
            }
            _ => {}
        }
        self.sockets.observe(seen);
    }
}
