//! What is there can be read, whatever becomes of the connection.

use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Connection, Interest, Observation, Request};
use crate::id::{NodeId, OpId};
use crate::time::{Span, Time};

/// An answer comes this soon.
const SOON: Span = Span::millis(100);

/// Once a mounted client was live, it answers each query within a tenth of a second: with content,
/// and with whether that is shown as possibly old.
#[derive(Debug, Default)]
pub struct DegradedUsable {
    presence: Presence,
    pages: Table<NodeId, Page>,
    asked: Table<OpId, (NodeId, Time)>,
    dues: Dues<OpId>,
}

#[derive(Debug, Default)]
struct Page {
    was_live: bool,
    is_stale: bool,
    is_away: bool,
}

impl Invariant for DegradedUsable {
    fn name(&self) -> &'static str {
        "degraded-usable"
    }
    fn statement(&self) -> &'static str {
        "After its first sync a mounted client answers each query within 100 ms with what it has \
         and whether that may be old, in every state of the connection."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::GIVEN).and(Interest::STATUS).and(Interest::ANSWER)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::Given { op, request: Request::Query, .. } => {
                let knows =
                    self.pages.get(&node).is_some_and(|page| page.was_live && !page.is_away);
                if knows && self.presence.is_free(node, at) {
                    self.asked.insert(op, (node, at));
                    self.dues.add(at + SOON + TICK, op, ruling);
                }
            }
            Observation::Given { request, .. } => match request {
                Request::Unmount => self.pages.of(node).is_away = true,
                Request::Mount => self.pages.of(node).is_away = false,
                // There is nothing yet of what is opened.
                Request::Open => self.pages.of(node).was_live = false,
                _ => {}
            },
            Observation::ShownStatus(status) => {
                let page = self.pages.of(node);
                page.was_live |= status.connection == Connection::Live;
                page.is_stale = status.stale;
            }
            Observation::ShownAnswer { op, position, stale } => {
                if self.asked.remove(&op).is_none() {
                    return;
                }
                let is_stale = self.pages.of(node).is_stale;
                if position.is_none() {
                    ruling.violated(node, format!("answers {op} with nothing"));
                } else if stale != is_stale {
                    let message = format!("answers {op} with stale {stale}, and shows {is_stale}");
                    ruling.violated(node, message);
                }
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.pages.remove(&node);
                self.asked.retain(|_, (of, _)| *of != node);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(op) = self.dues.take(at, ruling) {
            let Some((node, since)) = self.asked.remove(&op) else { continue };
            // A node that was stopped meanwhile may be late.
            if self.presence.is_free(node, at) && self.presence.awake_at(node) <= since {
                ruling.violated(node, format!("does not answer {op} within {SOON}"));
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.asked.retain(|op, _| *op >= horizon.op);
    }
}
