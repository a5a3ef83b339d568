//! Logs tell the whole story of every connection.

use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Life, Observation, metrics};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// A record is written this soon.
const SOON: Span = Span::secs(1);

/// Where the objectives ask for monitoring, a node that has time logs each opening and each end of
/// an open connection once, within a second, with the connection and the code: what the records
/// tell is what happened.
#[derive(Debug)]
pub struct LogComplete {
    asked: bool,
    presence: Presence,
    nodes: Table<NodeId, Books>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Books {
    open: Table<ConnId, ()>,
    /// What happened and is not told yet: which connection, its code if it ended, and when.
    untold: Vec<(ConnId, Option<u16>, Time)>,
}

impl LogComplete {
    /// Judges by `monitoring`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            asked: objectives.monitoring.is_some(),
            presence: Presence::default(),
            nodes: Table::new(),
            dues: Dues::default(),
        }
    }

    fn happened(&mut self, seen: &Seen<'_>, conn: ConnId, end: Option<u16>, ruling: &mut Ruling) {
        let books = self.nodes.of(seen.node);
        let counts = match end {
            None => books.open.insert(conn, ()).is_none(),
            Some(_) => books.open.remove(&conn).is_some(),
        };
        if counts {
            books.untold.push((conn, end, seen.at));
            self.dues.add(seen.at + SOON + TICK, seen.node, ruling);
        }
    }

    fn told(&mut self, node: NodeId, conn: ConnId, end: Option<u16>, ruling: &mut Ruling) {
        let untold = &mut self.nodes.of(node).untold;
        if let Some(place) = untold.iter().position(|one| (one.0, one.1) == (conn, end)) {
            untold.remove(place);
            return;
        }
        let message = match end {
            None => format!("logs that {conn} has opened, which it has not"),
            Some(code) => format!("logs that {conn} has ended with {code}, which it has not"),
        };
        ruling.violated(node, message);
    }
}

impl Invariant for LogComplete {
    fn name(&self) -> &'static str {
        "log-complete"
    }
    fn statement(&self) -> &'static str {
        "Where logs are asked for, the list of a node's connections with their ends and codes can \
         be rebuilt from its records alone."
    }
    fn interest(&self) -> Interest {
        if !self.asked {
            return Interest::NONE;
        }
        Presence::INTEREST.and(Interest::OPENED).and(Interest::CLOSED).and(Interest::LOG)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Opened { conn, .. } => self.happened(seen, *conn, None, ruling),
            Observation::Closed { conn, code, .. } => {
                self.happened(seen, *conn, Some(*code), ruling);
            }
            Observation::Log { event, conn: Some(conn), code, .. } => match event.as_ref() {
                metrics::LOG_OPENED => self.told(seen.node, *conn, None, ruling),
                metrics::LOG_CLOSED => self.told(seen.node, *conn, Some(*code), ruling),
                _ => {}
            },
            Observation::Log { .. } => {}
            _ => {
                self.presence.observe(seen);
                if *seen.what == Observation::Node(Life::Crashed) {
                    self.nodes.remove(&seen.node);
                }
            }
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let Some(books) = self.nodes.get(&node) else { continue };
            let late = books.untold.iter().find(|(.., since)| at.since(*since) > SOON);
            let Some((conn, end, _)) = late else { continue };
            if !self.presence.is_free(node, at) {
                self.dues.add(at + SOON, node, ruling);
                continue;
            }
            let what = if end.is_some() { "end" } else { "opening" };
            ruling.violated(node, format!("does not log the {what} of {conn}"));
        }
    }
}
