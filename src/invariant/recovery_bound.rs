//! A short outage is over soon.

use super::fairness::Fairness;
use super::no_retry_on_permanent::PERMANENT;
use super::presence::Dues;
use super::sockets::Requests;
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Initiator, Interest, Observation, Request, Side, Standing};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::{Mono, Span, Time};

/// An outage is short up to this.
const SHORT: Span = Span::secs(2);
/// After these the server is overloaded or done with the client.
const OTHERWISE: [u16; 3] = [1000, 1011, 1013];

/// A client that was live for long enough to be stable and is told that its connection is gone
/// shows `live` again, and not as stale, within the objectives' recovery time, if it had a fair
/// chance: two seconds after the loss at the latest everything worked, round trips are quick,
/// and nothing is held up on the way. Judged on the client's own clock. Ends for a permanent cause,
/// for overload, and by the client itself are left out.
#[derive(Debug)]
pub struct RecoveryBound {
    recovery: Span,
    stable: Span,
    fairness: Fairness,
    requests: Requests,
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
}

/// How a connection, or an attempt at one, came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Refused,
    Sudden,
    Other,
}

#[derive(Debug, Default)]
struct Page {
    current: Option<ConnId>,
    /// On the client's own clock.
    live_since: Option<Mono>,
    /// In true time, and on the client's own clock.
    lost: Option<(Time, Mono)>,
    shown: Connection,
    /// The issuer says nothing to the client.
    unanswered: bool,
}

impl RecoveryBound {
    /// Judges by `recovery` and `stable`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            recovery: objectives.recovery,
            stable: objectives.stable,
            fairness: Fairness::default(),
            requests: Requests::default(),
            pages: Table::new(),
            dues: Dues::default(),
        }
    }

    /// The client's connection is over: the beginning of an outage, or one more failure.
    fn closed(&mut self, seen: &Seen<'_>, conn: ConnId, end: End, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        let Some(page) = self.pages.get_mut(&node) else { return };
        if page.current != Some(conn) {
            return;
        }
        page.current = None;
        // A failure within a short outage is a part of it; a later one is something else.
        let goes_on = |lost: &(Time, Mono)| end != End::Other && at.since(lost.0) <= SHORT;
        page.lost = page.lost.filter(goes_on);
        let since = page.live_since.take();
        let stable = since.is_some_and(|since| seen.now.mono.since(since) > self.stable);
        if end == End::Sudden
            && stable
            && !page.unanswered
            && self.fairness.presence.is_free(node, at)
        {
            page.lost = Some((at, seen.now.mono));
            self.plan(node, seen.now.mono, ruling);
        }
    }

    fn plan(&mut self, node: NodeId, lost: Mono, ruling: &mut Ruling) {
        let due = self.fairness.presence.past(node, lost + self.recovery);
        self.dues.add(due, node, ruling);
    }
}

impl Invariant for RecoveryBound {
    fn name(&self) -> &'static str {
        "recovery-bound"
    }
    fn statement(&self) -> &'static str {
        "After an outage of at most 2 s a stable client shows `live` again within the objectives' \
         recovery time of its knowledge of the loss."
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
        if self.requests.are_meant(seen.what) {
            return;
        }
        match *seen.what {
            Observation::Sent { .. } | Observation::Delivered { .. } => {}
            Observation::Dialled { conn, .. } => {
                self.pages.of(node).current = Some(conn);
            }
            Observation::ShownStatus(status) => {
                let page = self.pages.of(node);
                page.shown = status.connection;
                if status.connection == Connection::Live && !status.stale {
                    page.lost = None;
                    page.live_since.get_or_insert(seen.now.mono);
                }
            }
            Observation::Refused { conn, .. } => self.closed(seen, conn, End::Refused, ruling),
            Observation::Closed { conn, side: Side::Dialler, code, by } => {
                let sudden = by != Initiator::Local
                    && !PERMANENT.contains(&code)
                    && !OTHERWISE.contains(&code);
                let end = if sudden { End::Sudden } else { End::Other };
                self.closed(seen, conn, end, ruling);
            }
            Observation::Credential(Standing::Silent) => {
                let page = self.pages.of(node);
                (page.lost, page.unanswered) = (None, true);
            }
            Observation::Credential(Standing::Answering) => self.pages.of(node).unanswered = false,
            Observation::Given { request: Request::Unmount | Request::Disconnect, .. }
            | Observation::Credential(Standing::Refused)
            | Observation::Node(_) => {
                if let Some(page) = self.pages.get_mut(&node) {
                    (page.lost, page.live_since) = (None, None);
                }
            }
            _ => {}
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some(page) = self.pages.get(&node) else { continue };
            let Some((lost, on_clock)) = page.lost else { continue };
            let waited = self.fairness.presence.mono(node, at).since(on_clock);
            if waited <= self.recovery {
                self.plan(node, on_clock, ruling);
            } else if self.fairness.was_fair(node, lost, lost + SHORT, at) {
                let shown = page.shown;
                ruling.violated(node, format!("shows `{shown:?}` {waited} after it was cut off"));
            }
        }
    }
}
