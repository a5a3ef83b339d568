//! The person is told why her connection ended, and what of her work failed.

use super::no_retry_on_permanent::PERMANENT;
use super::presence::{Dues, Presence, TICK};
use super::sockets::Requests;
use super::table::{Set, Table};
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Initiator, Interest, Kind, Observation, OpState, Request, Side};
use crate::id::{NodeId, OpId};
use crate::time::{Span, Time};

/// A notice appears this soon.
const SOON: Span = Span::secs(1);

/// Each close of the newest connection that reaches a mounted client with time to hear it leads
/// within a second to a notice of the class that its code has: `auth` for 4001 and 4401, `blocked`
/// for other codes after which a client waits for a person, none for 1000, and `transient` for all
/// others. A client that is live again has no need to tell. Judged for clients that show notices of
/// these classes. An error or a refusal that reaches a client leads within a second to word of the
/// operation that it names, or to a notice where it names none. What is only put off has not failed,
/// nor has what the client was told before is done, and where.
#[derive(Debug, Default)]
pub struct ErrorSurfaced {
    presence: Presence,
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
    requests: Requests,
    /// Operations that the person was told will not be done or are saved, and those that the
    /// client was told are done: a refusal of another copy of these, sent again before the server
    /// answered, is not the failure of what she did. Whether they are saved, others judge.
    settled: Set<(NodeId, OpId)>,
    /// Errors of which she was told nothing yet, by the operation that they name.
    owed: Table<(NodeId, Option<OpId>), Time>,
    owed_dues: Dues<(NodeId, Option<OpId>)>,
}

#[derive(Debug, Default)]
struct Page {
    /// The class that is shown now.
    shown: Option<&'static str>,
    speaks: bool,
    /// The code of the last close, and when it came.
    ended: Option<(u16, Time)>,
}

/// The published class of a close code.
fn class(code: u16) -> Option<&'static str> {
    match code {
        1000 => None,
        4001 | 4401 => Some("auth"),
        code if PERMANENT.contains(&code) => Some("blocked"),
        _ => Some("transient"),
    }
}

pub(super) fn known(class: &str) -> Option<&'static str> {
    ["auth", "blocked", "transient"].into_iter().find(|one| *one == class)
}

impl ErrorSurfaced {
    /// An error reached a client.
    fn came(&mut self, seen: &Seen<'_>, op: Option<OpId>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        let settled = op.is_some_and(|op| self.settled.contains_key(&(node, op)));
        if !settled && self.presence.is_free(node, at) {
            self.owed.insert((node, op), at);
            self.owed_dues.add(at + SOON + TICK, (node, op), ruling);
        }
    }

    /// The person is told what became of an operation.
    fn told(&mut self, node: NodeId, op: OpId) {
        self.settled.insert((node, op), ());
        self.owed.remove(&(node, Some(op)));
    }

    /// Looks at the errors of which nothing is said.
    fn wake_for_errors(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some((node, op)) = self.owed_dues.take(at, ruling) {
            let Some(since) = self.owed.get(&(node, op)).copied() else { continue };
            if at.since(since) <= SOON {
                continue;
            }
            self.owed.remove(&(node, op));
            if self.presence.is_free(node, at) && self.presence.awake_at(node) <= since {
                let what = op.map_or("an error".to_owned(), |op| format!("the failure of {op}"));
                ruling.violated(node, format!("says nothing of {what} within {SOON}"));
            }
        }
    }
}

impl Invariant for ErrorSurfaced {
    fn name(&self) -> &'static str {
        "error-surfaced"
    }
    fn statement(&self) -> &'static str {
        "Each close delivered to a mounted client leads within 1 s to the notice of its code's \
         class: auth, blocked, transient or none; each error or refusal leads to word of what it \
         names."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::DIALLED)
            .and(Interest::CLOSED)
            .and(Interest::STATUS)
            .and(Interest::DELIVERED_ERROR)
            .and(Interest::DELIVERED_PLAIN)
            .and(Interest::OP)
            .and(Interest::NOTICE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        if self.requests.are_meant(seen.what) {
            return;
        }
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::ShownOp { op, state } => {
                if state.is_told_off() || *state == OpState::Saved {
                    self.told(node, *op);
                }
            }
            Observation::Delivered { side: Side::Dialler, meaning, .. } => match meaning.kind {
                Kind::Ack if meaning.position.is_some() => {
                    meaning.op.iter().for_each(|op| _ = self.settled.insert((node, *op), ()));
                }
                Kind::Nack | Kind::Error if meaning.retry_after.is_none() => {
                    self.came(seen, meaning.op, ruling);
                }
                _ => {}
            },
            Observation::Delivered { .. } => {}
            Observation::Closed { side: Side::Dialler, code, by, .. }
                if *by != Initiator::Local && self.presence.is_free(node, at) =>
            {
                self.pages.of(node).ended = Some((*code, at));
                self.dues.add(at + SOON + TICK, node, ruling);
            }
            Observation::Closed { .. } => {}
            Observation::ShownNotice { class, on, op, .. } => {
                if *on {
                    self.owed.remove(&(node, *op));
                }
                let Some(class) = known(class) else { return };
                let page = self.pages.of(node);
                page.speaks = true;
                if *on {
                    page.shown = Some(class);
                } else if page.shown == Some(class) {
                    page.shown = None;
                }
            }
            Observation::ShownStatus(status) if status.connection == Connection::Live => {
                self.pages.of(node).ended = None;
            }
            Observation::ShownStatus(_) => {}
            Observation::Given { request, .. } => {
                let ends = [Request::Unmount, Request::Disconnect, Request::Dismiss];
                if ends.contains(request) {
                    self.pages.of(node).ended = None;
                }
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.pages.remove(&node);
                self.owed.retain(|(of, _), _| *of != node);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        self.wake_for_errors(at, ruling);
        while let Some(node) = self.dues.take(at, ruling) {
            let Some(page) = self.pages.get(&node).filter(|page| page.speaks) else { continue };
            let Some((code, since)) = page.ended else { continue };
            let due = at.since(since) > SOON && self.presence.is_free(node, at);
            let wanted = class(code);
            if due && page.shown != wanted {
                let name = |class: Option<&'static str>| class.unwrap_or("nothing");
                let (shown, wanted) = (name(page.shown), name(wanted));
                let message = format!("tells {shown} of a close with {code}; it means {wanted}");
                ruling.violated(node, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.settled.retain(|(_, op), ()| *op >= horizon.op);
    }
}
