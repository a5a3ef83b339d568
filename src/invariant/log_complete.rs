//! Logs tell the whole story of every connection.

use std::fmt;

use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Observation, Side, metrics};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// A record is written this soon.
const SOON: Span = Span::secs(1);

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Opened,
    Ended(u16),
    /// Somebody asked for what is missing.
    Asked,
    /// She was given it.
    Answered,
}

impl What {
    /// What a record says of a connection, if it is one of these.
    fn told(event: &str, code: u16) -> Option<Self> {
        Some(match event {
            metrics::LOG_OPENED => Self::Opened,
            metrics::LOG_CLOSED => Self::Ended(code),
            metrics::LOG_SYNC_ASKED => Self::Asked,
            metrics::LOG_SYNC_ANSWERED => Self::Answered,
            _ => return None,
        })
    }

    /// What there is to tell of a message.
    const fn of(side: Side, kind: Kind) -> Option<Self> {
        match (side, kind) {
            (Side::Dialler, Kind::Hello | Kind::SyncRequest) => Some(Self::Asked),
            (Side::Acceptor, Kind::Snapshot | Kind::Delta) => Some(Self::Answered),
            _ => None,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened => f.write_str("the opening"),
            Self::Ended(code) => write!(f, "the end with {code}"),
            Self::Asked => f.write_str("a question for what is missing"),
            Self::Answered => f.write_str("an answer with what was missing"),
        }
    }
}

/// Where the objectives ask for monitoring, a node that has time logs each opening and each end of
/// an open connection once, within a second, with the connection and the code, and each question
/// for what is missing and each answer to one: what the records tell is what happened.
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
    /// What happened to which connection and is not told yet, and when it did.
    untold: Vec<(ConnId, What, Time)>,
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

    fn happened(&mut self, seen: &Seen<'_>, conn: ConnId, what: What, ruling: &mut Ruling) {
        let books = self.nodes.of(seen.node);
        let counts = match what {
            What::Opened => books.open.insert(conn, ()).is_none(),
            What::Ended(_) => books.open.remove(&conn).is_some(),
            What::Asked | What::Answered => true,
        };
        if counts {
            books.untold.push((conn, what, seen.at));
            self.dues.add(seen.at + SOON + TICK, seen.node, ruling);
        }
    }

    fn told(&mut self, node: NodeId, conn: ConnId, what: What, ruling: &mut Ruling) {
        let untold = &mut self.nodes.of(node).untold;
        if let Some(place) = untold.iter().position(|one| (one.0, one.1) == (conn, what)) {
            untold.remove(place);
            return;
        }
        ruling.violated(node, format!("logs {what} of {conn}, and there was none"));
    }
}

impl Invariant for LogComplete {
    fn name(&self) -> &'static str {
        "log-complete"
    }
    fn statement(&self) -> &'static str {
        "Where logs are asked for, the list of a node's connections, with their ends and codes and \
         with who caught up on them, can be rebuilt from its records alone."
    }
    fn interest(&self) -> Interest {
        if !self.asked {
            return Interest::NONE;
        }
        // Neither questions nor answers are among the events and what is shown in passing.
        let sent = Interest::SENT_PLAIN.and(Interest::SENT_INVALID);
        let happens = Interest::OPENED.and(Interest::CLOSED).and(sent);
        Presence::INTEREST.and(happens).and(Interest::LOG)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Opened { conn, .. } => self.happened(seen, *conn, What::Opened, ruling),
            Observation::Closed { conn, code, .. } => {
                self.happened(seen, *conn, What::Ended(*code), ruling);
            }
            Observation::Sent { conn, side, live: true, meaning } => {
                if let Some(what) = What::of(*side, meaning.kind) {
                    self.happened(seen, *conn, what, ruling);
                }
            }
            Observation::Sent { .. } => {}
            Observation::Log { event, conn: Some(conn), code, .. } => {
                if let Some(what) = What::told(event, *code) {
                    self.told(seen.node, *conn, what, ruling);
                }
            }
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
            let Some((conn, what, _)) = late else { continue };
            if !self.presence.is_free(node, at) {
                self.dues.add(at + SOON, node, ruling);
                continue;
            }
            ruling.violated(node, format!("does not log {what} of {conn}"));
        }
    }
}
