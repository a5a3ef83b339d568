//! The person is told why her connection ended.

use super::no_retry_on_permanent::PERMANENT;
use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Initiator, Interest, Observation, Request, Side};
use crate::id::NodeId;
use crate::time::{Span, Time};

/// A notice appears this soon.
const SOON: Span = Span::secs(1);

/// Each close of the newest connection that reaches a mounted client with time to hear it leads
/// within a second to a notice of the class that its code has: `auth` for 4001 and 4401, `blocked`
/// for other codes after which a client waits for a person, none for 1000, and `transient` for all
/// others. A client that is live again has no need to tell. Judged for clients that show notices of
/// these classes.
#[derive(Debug, Default)]
pub struct ErrorSurfaced {
    presence: Presence,
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
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

fn known(class: &str) -> Option<&'static str> {
    ["auth", "blocked", "transient"].into_iter().find(|one| *one == class)
}

impl Invariant for ErrorSurfaced {
    fn name(&self) -> &'static str {
        "error-surfaced"
    }
    fn statement(&self) -> &'static str {
        "Each close delivered to a mounted client leads within 1 s to the notice of its code's \
         class: auth, blocked, transient or none."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(Interest::GIVEN_OTHER)
            .and(Interest::CLOSED)
            .and(Interest::STATUS)
            .and(Interest::NOTICE)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match seen.what {
            Observation::Closed { side: Side::Dialler, code, by, .. }
                if *by != Initiator::Local && self.presence.is_free(node, at) =>
            {
                self.pages.of(node).ended = Some((*code, at));
                self.dues.add(at + SOON + TICK, node, ruling);
            }
            Observation::Closed { .. } => {}
            Observation::ShownNotice { class, on, .. } => {
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
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
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
}
