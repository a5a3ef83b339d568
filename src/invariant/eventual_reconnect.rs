//! Whoever can be served is served again.

use std::collections::{BTreeMap, BTreeSet};

use super::no_retry_on_permanent::PERMANENT;
use super::presence::Hindrance;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Connection, Initiator, Interest, Life, Observation, Path, Request, Side, Standing,
};
use crate::id::NodeId;
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// The code for a client that must sign in.
const UNAUTHORISED: u16 = 4401;

/// A client that is mounted, online, allowed and not ignored by the issuer, facing servers that run
/// and can be reached, shows `live` after at most the longest delay between attempts, jitter and the time of a
/// dial included; from Failed, after the pause between probes.
#[derive(Debug)]
pub struct EventualReconnect {
    retry: Span,
    probe: Span,
    clients: BTreeMap<NodeId, Client>,
    /// Nodes that are down or paused.
    absent: Table<NodeId, Hindrance>,
    cuts: BTreeSet<(NodeId, NodeId)>,
    servers: BTreeSet<NodeId>,
}

#[derive(Debug)]
struct Client {
    shown: Connection,
    /// Since when nothing has stood in the way.
    since: Time,
    online: bool,
    /// Its page is not there.
    gone: bool,
    /// Closed on purpose, until somebody wants it open.
    parted: bool,
    /// The code of a close whose reason only a person can mend.
    barred: Option<u16>,
    /// The issuer has refused the client, which has shown nothing since: the answer may be on its
    /// way, and what the person asks for before it comes does not undo it.
    unheard: bool,
    /// The issuer says nothing to the client.
    unanswered: bool,
}

impl EventualReconnect {
    /// Judges by `retry_cap`, `retry_jitter_percent`, `connect_timeout` and `probe`.
    pub fn new(objectives: &Objectives) -> Self {
        let slack = |span: Span| {
            span.percent(100 + u64::from(objectives.retry_jitter_percent))
                + objectives.connect_timeout
                + Span::secs(1)
        };
        Self {
            retry: slack(objectives.retry_cap),
            probe: slack(objectives.probe),
            clients: BTreeMap::new(),
            absent: Table::new(),
            cuts: BTreeSet::new(),
            servers: BTreeSet::new(),
        }
    }

    fn client(&mut self, node: NodeId, at: Time) -> &mut Client {
        self.clients.entry(node).or_insert(Client {
            shown: Connection::Loading,
            since: at,
            online: true,
            gone: false,
            parted: false,
            barred: None,
            unheard: false,
            unanswered: false,
        })
    }

    /// Something about this client began or ended: its time starts anew.
    fn restart(&mut self, node: NodeId, at: Time, ruling: &mut Ruling) {
        self.client(node, at).since = at;
        ruling.wake_at(at + self.retry + Span::micros(1));
    }

    /// Something about the network or a server began or ended: everybody's time starts anew.
    fn restart_all(&mut self, at: Time, ruling: &mut Ruling) {
        for client in self.clients.values_mut() {
            client.since = at;
        }
        ruling.wake_at(at + self.retry + Span::micros(1));
    }

    fn is_absent(&self, node: NodeId) -> bool {
        self.absent.get(&node).is_some_and(|hindrance| hindrance.is_there())
    }

    fn blocked(&self, node: NodeId) -> bool {
        self.is_absent(node)
            || self.servers.iter().any(|server| {
                self.is_absent(*server)
                    || self.cuts.contains(&(node, *server))
                    || self.cuts.contains(&(*server, node))
            })
    }

    fn given(&mut self, seen: &Seen<'_>, request: Request, ruling: &mut Ruling) {
        match request {
            Request::Disconnect => self.client(seen.node, seen.at).parted = true,
            Request::Unmount => self.client(seen.node, seen.at).gone = true,
            Request::Mount | Request::Connect | Request::SignIn => {
                let client = self.client(seen.node, seen.at);
                client.gone &= request != Request::Mount;
                client.parted = false;
                if !client.unheard {
                    client.barred = None;
                }
                self.restart(seen.node, seen.at, ruling);
            }
            Request::Retry => {
                // Nobody signs in by pressing a button.
                let client = self.client(seen.node, seen.at);
                client.barred = client.barred.filter(|code| [4001, UNAUTHORISED].contains(code));
                self.restart(seen.node, seen.at, ruling);
            }
            _ => {}
        }
    }

    /// Those who should be live by now and are not.
    fn late(&self, at: Time) -> Option<(NodeId, &Client)> {
        self.clients.iter().map(|(node, client)| (*node, client)).find(|(node, client)| {
            let bound = match client.shown {
                Connection::Live => return false,
                Connection::Failed => self.probe,
                _ => self.retry,
            };
            client.online
                && !client.gone
                && !client.parted
                && client.barred.is_none()
                && !client.unanswered
                && at.since(client.since) > bound
                && !self.blocked(*node)
        })
    }
}

impl Invariant for EventualReconnect {
    fn name(&self) -> &'static str {
        "eventual-reconnect"
    }
    fn statement(&self) -> &'static str {
        "A client that is mounted, online and allowed, facing a reachable server, shows `live` \
         within the longest delay between attempts and the time of a dial."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN_OTHER
            .and(Interest::NODE)
            .and(Interest::LINK)
            .and(Interest::DEVICE)
            .and(Interest::CREDENTIAL)
            .and(Interest::DIALLED)
            .and(Interest::CLOSED)
            .and(Interest::STATUS)
    }

    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::Given { request, .. } => self.given(seen, *request, ruling),
            Observation::Dialled { to, .. } => {
                self.servers.insert(*to);
                self.client(node, at);
            }
            Observation::ShownStatus(status) => {
                let was = self.client(node, at).shown;
                self.client(node, at).shown = status.connection;
                self.client(node, at).unheard &= status.connection == was;
                if was == Connection::Live && status.connection != Connection::Live {
                    self.restart(node, at, ruling);
                }
            }
            Observation::Closed { side: Side::Dialler, code, by, .. } => {
                if *by == Initiator::Remote && PERMANENT.contains(code) {
                    self.client(node, at).barred = Some(*code);
                }
                self.restart(node, at, ruling);
            }
            Observation::Credential(Standing::Refused) => {
                let client = self.client(node, at);
                (client.barred, client.unheard) = (Some(UNAUTHORISED), true);
            }
            Observation::Credential(Standing::Silent) => self.client(node, at).unanswered = true,
            Observation::Credential(Standing::Answering) => {
                self.client(node, at).unanswered = false;
                self.restart(node, at, ruling);
            }
            Observation::Device { online } => {
                self.client(node, at).online = *online;
                self.restart(node, at, ruling);
            }
            Observation::Node(life) => {
                self.absent.of(node).observe(*life);
                if *life == Life::Crashed
                    && let Some(client) = self.clients.get_mut(&node)
                {
                    client.shown = Connection::Loading;
                    (client.gone, client.parted, client.barred) = (false, false, None);
                    client.unheard = false;
                }
                self.restart_all(at, ruling);
            }
            Observation::Link { to, path } => {
                match path {
                    Path::Up => self.cuts.remove(&(node, *to)),
                    Path::Impaired | Path::Shut | Path::Down => self.cuts.insert((node, *to)),
                };
                self.restart_all(at, ruling);
            }
            _ => {}
        }
    }

    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        if let Some((node, client)) = self.late(at) {
            let (shown, waited) = (client.shown, at.since(client.since));
            let message = format!("shows `{shown:?}` {waited} after nothing stood in the way");
            ruling.violated(node, message);
            return;
        }
        let waiting = self.clients.values().filter(|client| client.shown != Connection::Live);
        let next = waiting
            .flat_map(|client| [client.since + self.retry, client.since + self.probe])
            .filter(|due| *due >= at)
            .min();
        if let Some(due) = next {
            ruling.wake_at(due + Span::micros(1));
        }
    }
}
