//! Whoever is turned out is told why.

use super::presence::Presence;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Life, Observation, Request, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::Time;

/// The codes that name no cause: the end of a session, no code at all, and no close frame.
const NAMELESS: [u16; 3] = [1000, 1005, 1006];
/// The codes of a server that goes away.
const GOING: [u16; 2] = [1001, 1012];
/// The codes that an application gives a meaning of its own.
const PRIVATE: std::ops::RangeInclusive<u16> = 4000..=4999;

/// Each connection that a server ends, it ends with a code that says why: that it goes away if its
/// operator has stopped it, only then, and never that all was as it should be. Where the
/// application publishes codes of its own, it is none but these. A server that was stopped has
/// ended its connections by the time that its process ends.
#[derive(Debug)]
pub struct CloseCodeCorrect {
    published: Vec<u16>,
    presence: Presence,
    open: Table<ConnId, NodeId>,
    /// Servers that were stopped, since when, and the connections that were open then.
    stopped: Table<NodeId, (Time, Vec<ConnId>)>,
}

impl CloseCodeCorrect {
    /// Judges by `close_codes`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            published: objectives.close_codes.clone(),
            presence: Presence::default(),
            open: Table::new(),
            stopped: Table::new(),
        }
    }

    /// Whether those who read what the application publishes know a code.
    fn is_published(&self, code: u16) -> bool {
        let publishes = PRIVATE.contains(&code) && !self.published.is_empty();
        !publishes || self.published.contains(&code)
    }

    fn crashed(&mut self, at: Time, node: NodeId, ruling: &mut Ruling) {
        let free = self.presence.is_free(node, at);
        if let Some((since, open)) = self.stopped.remove(&node)
            && let Some(conn) = open.iter().find(|conn| self.open.contains_key(conn))
            && at > since
            && free
        {
            let message = format!("was stopped {} ago, and has not closed {conn}", at.since(since));
            ruling.violated(node, message);
        }
        self.open.retain(|_, server| *server != node);
    }
}

impl Invariant for CloseCodeCorrect {
    fn name(&self) -> &'static str {
        "close-code-correct"
    }
    fn statement(&self) -> &'static str {
        "Every connection that a server ends is ended with a code that names the cause: 1012 or \
         1001 when its operator stops it, before its process ends, never 1000, and no code of the \
         application's own that it does not publish."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST.and(Interest::GIVEN_OTHER).and(Interest::OPENED).and(Interest::CLOSED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::Opened { conn, side: Side::Acceptor } => {
                self.open.insert(conn, node);
            }
            Observation::Closed { conn, side: Side::Acceptor, code, by } => {
                self.open.remove(&conn);
                let stopped = self.stopped.contains_key(&node);
                if by != Initiator::Local {
                    return;
                }
                if stopped != GOING.contains(&code) || NAMELESS.contains(&code) {
                    let cause = if stopped { "was stopped" } else { "was not stopped" };
                    ruling.violated(node, format!("ends {conn} with {code}, and {cause}"));
                } else if !self.is_published(code) {
                    ruling.violated(node, format!("ends {conn} with {code}, which is unheard of"));
                }
            }
            Observation::Given { request: Request::Shutdown, .. } => {
                let mine = self.open.iter().filter(|(_, server)| **server == node);
                let mine = mine.map(|(conn, _)| *conn).collect();
                self.stopped.insert(node, (at, mine));
            }
            Observation::Node(Life::Crashed) => {
                self.crashed(at, node, ruling);
                self.presence.observe(seen);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.open.retain(|conn, _| *conn >= horizon.conn);
    }
}
