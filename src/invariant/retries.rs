//! The delays between attempts to connect, read off the facts, and what they should be.

use super::no_retry_on_permanent::is_invitation;
use super::presence::Presence;
use super::table::{Set, Table};
use crate::engine::Seen;
use crate::history::{
    Channel, Connection, Initiator, Interest, Life, Observation, Request, Side, Standing,
};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::{Mono, Span};

/// Codes after which the server asks for twice the delay.
const DOUBLED: [u16; 2] = [1011, 1013];
/// Events this close to the end of the stable time may be handled before or after it.
const UNSURE: Span = Span::millis(1);
/// A credential may be fetched anew within a delay.
const REFRESH: Span = Span::secs(10);

/// An automatic dial: how long after the loss or the failed attempt before it, and what that
/// time should have been.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delay {
    pub(crate) took: Span,
    /// The least and the greatest nominal delay that the facts allow; mostly they are one.
    pub(crate) nominal: (Span, Span),
    /// At least this many attempts had failed in a row.
    pub(crate) failures: u32,
    /// Whether the client had told the person that connecting failed.
    pub(crate) probe: bool,
    /// What may have come on top; none where a pause lay in between.
    pub(crate) extra: Option<Span>,
}

/// Whether the last connection was live for long enough to end the count of failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stable {
    #[default]
    No,
    Maybe,
    Yes,
}

/// What a person or the device has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hint {
    /// Another document: an attempt may be made for it, and none need be.
    Document,
    /// An attempt, with which the count of failures begins anew.
    Attempt,
}

#[derive(Debug)]
struct Loss {
    at: Mono,
    /// How many attempts had failed before: at least, and at most.
    failures: (u32, u32),
    doubled: bool,
    /// What was asked for since.
    hint: Option<Hint>,
    extra: Option<Span>,
}

#[derive(Debug, Default)]
struct Client {
    current: Option<ConnId>,
    gave_up: bool,
    live_since: Option<Mono>,
    stable: Stable,
    failures: (u32, u32),
    loss: Option<Loss>,
    /// When a person or the device last asked for something, and for what: who signs in anew
    /// leaves the connection that there is.
    invited: Option<(Mono, Hint)>,
    /// Whether the page had no time then, and has had none since.
    invited_late: bool,
}

/// Watches all clients.
#[derive(Debug)]
pub(crate) struct Retries {
    base: Span,
    cap: Span,
    probe: Span,
    stable: Span,
    presence: Presence,
    clients: Table<NodeId, Client>,
    /// Those to whom the issuer says nothing: nobody sees what they try.
    unanswered: Set<NodeId>,
}

/// More attempts than any delay is doubled for: how many fail that nobody sees.
const MANY: u32 = 1 << 16;

impl Retries {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Presence::INTEREST
        .and(Interest::GIVEN_OTHER)
        .and(Interest::DEVICE)
        .and(Interest::CREDENTIAL)
        .and(Interest::DIALLED)
        .and(Interest::REFUSED)
        .and(Interest::CLOSED)
        .and(Interest::STATUS);

    pub(crate) fn new(objectives: &Objectives) -> Self {
        Self {
            base: objectives.retry_base,
            cap: objectives.retry_cap,
            probe: objectives.probe,
            stable: objectives.stable,
            presence: Presence::default(),
            clients: Table::new(),
            unanswered: Set::new(),
        }
    }

    /// Takes in an observation; gives back the delay if it was an automatic dial.
    pub(crate) fn observe(&mut self, seen: &Seen<'_>) -> Option<Delay> {
        let (node, now) = (seen.node, seen.now.mono);
        match *seen.what {
            Observation::ShownStatus(status) => self.shown(seen, status.connection),
            Observation::Dialled { conn, channel: Channel::Socket, .. } => {
                return self.dialled(node, now, conn);
            }
            Observation::Dialled { .. } => {
                let loss = self.clients.get_mut(&node).and_then(|client| client.loss.as_mut());
                if let Some(loss) = loss {
                    loss.extra = loss.extra.map(|_| REFRESH);
                }
            }
            Observation::Refused { conn, .. } => self.lost(seen, conn, false),
            Observation::Closed { conn, side: Side::Dialler, code, by } => {
                self.lost(seen, conn, by == Initiator::Remote && DOUBLED.contains(&code));
            }
            // Fresh content may come over another channel, and then says nothing of attempts.
            Observation::Given { request: Request::Refresh, .. } => {}
            Observation::Given { request, .. } if is_invitation(request) => {
                let is_document = request == Request::Open;
                self.hint(seen, if is_document { Hint::Document } else { Hint::Attempt });
            }
            Observation::Device { online: true } => self.hint(seen, Hint::Attempt),
            Observation::Credential(Standing::Issued { .. }) => {
                let loss = self.clients.get_mut(&node).and_then(|client| client.loss.as_mut());
                if let Some(loss) = loss {
                    loss.extra = loss.extra.map(|_| REFRESH);
                }
            }
            Observation::Credential(Standing::Silent) => {
                self.unanswered.insert(node, ());
                if let Some(client) = self.clients.get_mut(&node) {
                    (client.loss, client.failures) = (None, (0, MANY));
                }
            }
            Observation::Credential(Standing::Answering) => drop(self.unanswered.remove(&node)),
            Observation::Node(life) => {
                self.attends(seen);
                match life {
                    Life::Crashed | Life::Restarted => drop(self.clients.remove(&node)),
                    Life::Paused | Life::Resumed | Life::Burdened | Life::Relieved => {
                        let client = self.clients.get_mut(&node);
                        if let Some(loss) = client.and_then(|client| client.loss.as_mut()) {
                            loss.extra = None;
                        }
                    }
                    Life::Started => {}
                }
            }
            _ => self.attends(seen),
        }
        None
    }

    /// Something may begin to keep a node from its work: if it had time until now, it has heard of
    /// all that was asked for.
    fn attends(&mut self, seen: &Seen<'_>) {
        if let Some(client) = self.clients.get_mut(&seen.node) {
            client.invited_late &= !self.presence.is_free(seen.node, seen.at);
        }
        self.presence.observe(seen);
    }

    fn shown(&mut self, seen: &Seen<'_>, connection: Connection) {
        let now = seen.now.mono;
        let stability = self.stability(seen);
        let client = self.clients.of(seen.node);
        client.gave_up = connection == Connection::Failed;
        if connection != Connection::Live {
            client.stable = stability;
            client.live_since = None;
        } else if client.current.is_some() {
            client.live_since.get_or_insert(now);
        }
    }

    fn dialled(&mut self, node: NodeId, now: Mono, conn: ConnId) -> Option<Delay> {
        let client = self.clients.of(node);
        client.current = Some(conn);
        (client.live_since, client.stable) = (None, Stable::No);
        let (loss, probe) = (client.loss.take()?, client.gave_up);
        match loss.hint {
            Some(Hint::Attempt) => {
                client.failures = (0, 0);
                return None;
            }
            Some(Hint::Document) => return None,
            None => {}
        }
        let (low, high) = loss.failures;
        let nominal = |failures| {
            if probe { self.probe } else { self.nominal(failures, loss.doubled) }
        };
        Some(Delay {
            took: now.since(loss.at),
            nominal: (nominal(low), nominal(high)),
            failures: low,
            probe,
            extra: loss.extra,
        })
    }

    fn nominal(&self, failures: u32, doubled: bool) -> Span {
        let grown = self.base * (1 << failures.min(20)) * (1 + u64::from(doubled));
        grown.min(self.cap)
    }

    /// The client's connection, or its attempt at one, is over. One that it has left behind is
    /// no loss.
    fn lost(&mut self, seen: &Seen<'_>, conn: ConnId, doubled: bool) {
        let now = seen.now.mono;
        let heard_at_once = self.presence.is_free(seen.node, seen.at);
        let stability = self.stability(seen);
        let Some(client) = self.clients.get_mut(&seen.node) else { return };
        if client.current != Some(conn) {
            return;
        }
        let failures = match stability {
            Stable::Yes => (0, 0),
            Stable::Maybe => (0, client.failures.1),
            Stable::No => client.failures,
        };
        client.failures = (failures.0 + 1, failures.1 + 1);
        (client.current, client.live_since, client.stable) = (None, None, Stable::No);
        if self.unanswered.contains_key(&seen.node) {
            client.failures = (0, MANY);
            return;
        }
        let extra = heard_at_once.then_some(Span::ZERO);
        let mut hint = client.invited.filter(|(at, _)| *at == now).map(|(_, hint)| hint);
        // A page that has had no time since may hear of it only after this, or heard it before.
        if hint.is_none() && client.invited_late && !heard_at_once {
            client.failures.0 = 0;
            hint = Some(Hint::Document);
        }
        client.loss = Some(Loss { at: now, failures, doubled, hint, extra });
    }

    /// Whether the connection of a client, if it ended now, has been live for long enough. A
    /// client that did not always have time may have missed that it was.
    fn stability(&self, seen: &Seen<'_>) -> Stable {
        let Some(client) = self.clients.get(&seen.node) else { return Stable::No };
        let Some(since) = client.live_since else { return client.stable };
        let lasted = seen.now.mono.since(since);
        let had_time =
            self.presence.is_free(seen.node, seen.at) && self.presence.awake(seen.node) <= since;
        if lasted + UNSURE < self.stable {
            Stable::No
        } else if lasted < self.stable + UNSURE || !had_time {
            Stable::Maybe
        } else {
            Stable::Yes
        }
    }

    /// A person or the device asks for something. A client that has an attempt under way need not
    /// make another, and may count on or begin anew.
    fn hint(&mut self, seen: &Seen<'_>, hint: Hint) {
        let now = seen.now.mono;
        let is_free = self.presence.is_free(seen.node, seen.at);
        let Some(client) = self.clients.get_mut(&seen.node) else { return };
        client.invited_late = !is_free;
        let before = client.invited.filter(|(at, _)| *at == now).map(|(_, hint)| hint);
        client.invited = Some((now, hint)).max(before.map(|before| (now, before)));
        client.failures.0 = 0;
        if let Some(loss) = &mut client.loss {
            loss.hint = loss.hint.max(Some(hint));
        }
    }
}
