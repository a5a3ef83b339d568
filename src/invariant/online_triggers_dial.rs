//! When the network is back, the client tries at once.

use std::collections::{BTreeMap, BTreeSet};

use super::fairness::Fairness;
use super::no_retry_on_permanent::PERMANENT;
use super::presence::{Dues, TICK};
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Initiator, Interest, Observation, Request, Side, Standing};
use crate::id::NodeId;
use crate::objectives::{Access, Objectives};
use crate::time::{Span, Time};

/// An attempt begins this soon.
const SOON: Span = Span::millis(100);
/// What an issuer takes that answers at all.
const FETCH: Span = Span::secs(1);

/// A client that shows `offline` or `reconnecting` and has no attempt under way begins one
/// within a tenth of a second after its device says that it is online; where people have to sign
/// in, within a second more, if the issuer answers with a credential. It shows `live` within
/// the objectives' recovery time if it had a fair chance: a server that runs and accepts, quick
/// round trips, nothing held up on the way. Pauses, and pages that went away, are excused.
#[derive(Debug)]
pub struct OnlineTriggersDial {
    soon: Span,
    recovery: Span,
    fairness: Fairness,
    shown: BTreeMap<NodeId, Connection>,
    /// Those who wait for no attempt: closed on purpose, or told not to come back.
    stopped: BTreeSet<NodeId>,
    /// Those to whom the issuer says nothing.
    unanswered: BTreeSet<NodeId>,
    /// Those whose device came back, when, and whether they have dialled since.
    back: BTreeMap<NodeId, (Time, bool)>,
    dues: Dues<NodeId>,
}

impl OnlineTriggersDial {
    /// Judges by `access` and `recovery`.
    pub fn new(objectives: &Objectives) -> Self {
        let fetch = match objectives.access {
            Access::Open => Span::ZERO,
            Access::SignedIn => FETCH,
        };
        Self {
            soon: SOON + fetch,
            recovery: objectives.recovery,
            fairness: Fairness::default(),
            shown: BTreeMap::new(),
            stopped: BTreeSet::new(),
            unanswered: BTreeSet::new(),
            back: BTreeMap::new(),
            dues: Dues::default(),
        }
    }

    fn online(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        let waits =
            matches!(self.shown.get(&node), Some(Connection::Offline | Connection::Reconnecting));
        let idle = self.fairness.sockets.of(node).is_empty();
        let hears = self.fairness.presence.is_free(node, at);
        let barred = self.stopped.contains(&node) || self.unanswered.contains(&node);
        if waits && idle && hears && !barred {
            self.back.insert(node, (at, false));
            self.dues.add(at + self.soon + TICK, node, ruling);
            self.dues.add(at + self.recovery + TICK, node, ruling);
        }
    }
}

impl Invariant for OnlineTriggersDial {
    fn name(&self) -> &'static str {
        "online-triggers-dial"
    }
    fn statement(&self) -> &'static str {
        "A device-online event at a client that shows `offline` or `reconnecting` is followed \
         within 100 ms by an attempt and, if the server can serve it, by `live` within the \
         objectives' recovery time."
    }
    fn interest(&self) -> Interest {
        Fairness::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::CREDENTIAL)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let node = seen.node;
        self.fairness.observe(seen);
        match *seen.what {
            Observation::Sent { .. } | Observation::Delivered { .. } => {}
            Observation::ShownStatus(status) => {
                self.shown.insert(node, status.connection);
                if status.connection == Connection::Live {
                    self.back.remove(&node);
                }
            }
            Observation::Dialled { .. } => {
                if let Some((_, dialled)) = self.back.get_mut(&node) {
                    *dialled = true;
                }
            }
            Observation::Given { request, .. } => {
                match request {
                    Request::Unmount | Request::Disconnect => self.stopped.insert(node),
                    Request::Mount | Request::Connect | Request::Retry | Request::SignIn => {
                        self.stopped.remove(&node)
                    }
                    _ => return,
                };
                self.back.remove(&node);
            }
            Observation::Device { online } => {
                self.back.remove(&node);
                if online {
                    self.online(seen, ruling);
                }
            }
            Observation::Credential(Standing::Refused) => {
                self.back.remove(&node);
                self.stopped.insert(node);
            }
            Observation::Credential(Standing::Silent) => {
                self.back.remove(&node);
                self.unanswered.insert(node);
            }
            Observation::Credential(Standing::Answering) => drop(self.unanswered.remove(&node)),
            Observation::Refused { .. } => drop(self.back.remove(&node)),
            Observation::Closed { side: Side::Dialler, code, by, .. } => {
                self.back.remove(&node);
                if by == Initiator::Remote && PERMANENT.contains(&code) {
                    self.stopped.insert(node);
                }
            }
            Observation::Node(_) => {
                self.back.remove(&node);
                if self.fairness.presence.is_down(node) {
                    self.stopped.remove(&node);
                    self.shown.remove(&node);
                }
            }
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some((since, dialled)) = self.back.get(&node).copied() else { continue };
            let waited = at.since(since);
            if !dialled && waited > self.soon {
                let message = format!("has not dialled {waited} after its device came back");
                ruling.violated(node, message);
            } else if waited > self.recovery && self.fairness.was_fair(node, since, since, at) {
                let shown = self.shown.get(&node).copied().unwrap_or_default();
                let message = format!("shows `{shown:?}` {waited} after its device came back");
                ruling.violated(node, message);
            }
        }
    }
}
