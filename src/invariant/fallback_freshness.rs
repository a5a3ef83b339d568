//! Who cannot have a socket is kept up to date in another way.

use std::collections::BTreeSet;

use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Channel, Connection, Interest, Observation, Path, Position, Refusal, Request, StoreOutcome,
};
use crate::id::{ConnId, NodeId, Topic};
use crate::objectives::{Fallback, Objectives};
use crate::time::{Mono, Span, Time};

/// What an answer takes, and a little more.
const ANSWER: Span = Span::secs(3);
/// Clocks are not read to the microsecond.
const SLACK: Span = Span::millis(1);

/// Where the objectives want it: while a client shows `failed` whose sockets something between
/// refuses, and whose requests nothing does, it shows each event within their pause between
/// requests, a second and an answer. Its requests that nobody asked for are at least that pause
/// apart.
#[derive(Debug)]
pub struct FallbackFreshness {
    pause: Option<Span>,
    presence: Presence,
    pages: Table<NodeId, Page>,
    /// The events of each topic of late, and when each was committed.
    commits: Table<Topic, Vec<(Position, Time)>>,
    requests: Table<ConnId, NodeId>,
    /// Paths that carry nothing or little, and nodes that do nothing.
    cuts: BTreeSet<(NodeId, NodeId)>,
    dues: Dues<(NodeId, Time)>,
}

#[derive(Debug, Default)]
struct Page {
    connection: Connection,
    /// Whether the last socket was refused by something between.
    blocked: bool,
    /// Since when only sockets were to blame.
    since: Time,
    at: Option<(Topic, Position)>,
    /// When it last made a request that nobody asked for.
    polled: Option<Mono>,
    /// How many requests people have asked for that are not made yet.
    wished: u32,
}

impl FallbackFreshness {
    /// Judges by `fallback` and `poll`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            pause: (objectives.fallback == Fallback::Poll).then_some(objectives.poll),
            presence: Presence::default(),
            pages: Table::new(),
            commits: Table::new(),
            requests: Table::new(),
            cuts: BTreeSet::new(),
            dues: Dues::default(),
        }
    }

    fn bound(&self) -> Span {
        self.pause.unwrap_or_default() + Span::secs(1) + ANSWER
    }

    /// A client asks for its topic beside any socket.
    fn polls(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (now, pause) = (seen.now.mono, self.pause.unwrap_or_default());
        let page = self.pages.of(seen.node);
        if page.wished > 0 {
            page.wished = 0;
            return;
        }
        let last = page.polled.replace(now);
        if let Some(gap) = last.map(|last| now.since(last)).filter(|gap| *gap + SLACK < pause) {
            ruling.violated(seen.node, format!("asks for its topic {gap} after it last did"));
        }
    }

    /// Something other than sockets fails for a client, or for all.
    fn excuse(&mut self, node: Option<NodeId>, at: Time) {
        for (of, page) in self.pages.iter_mut() {
            if node.is_none_or(|node| node == *of) {
                page.since = at;
            }
        }
    }

    fn committed(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let Observation::Stored { outcome, write, .. } = seen.what else { return };
        match (outcome, write.as_deref()) {
            (StoreOutcome::Executed, Some(write)) if !write.changes.is_empty() => {
                let bound = self.bound();
                let commits = self.commits.of(write.topic);
                commits.push((write.position, seen.at));
                // Of those that are due, the last is enough.
                let is_due = |(_, at): &(Position, Time)| seen.at.since(*at) > bound;
                let due = commits.partition_point(is_due);
                commits.drain(..due.saturating_sub(1));
                let due = seen.at + bound + TICK;
                for (node, page) in self.pages.iter() {
                    if page.connection == Connection::Failed {
                        self.dues.add(due, (*node, seen.at), ruling);
                    }
                }
            }
            (StoreOutcome::Executed | StoreOutcome::Flushed, _) => {}
            _ => self.excuse(None, seen.at),
        }
    }

    /// What a client should show by now and does not.
    fn lacks(&self, node: NodeId, at: Time) -> Option<(Topic, Position)> {
        let page = self.pages.get(&node)?;
        let (topic, shown) = page.at?;
        let judged = page.connection == Connection::Failed && page.blocked && self.cuts.is_empty();
        let since = page.since.max(self.presence.awake_at(node));
        if !judged || !self.presence.is_free(node, at) || at.since(since) <= self.bound() {
            return None;
        }
        let old = |(_, committed): &&(Position, Time)| at.since(*committed) > self.bound();
        let due = self.commits.get(&topic)?.iter().filter(old).map(|(place, _)| *place).max()?;
        (due > shown).then_some((topic, due))
    }
}

impl Invariant for FallbackFreshness {
    fn name(&self) -> &'static str {
        "fallback-freshness"
    }
    fn statement(&self) -> &'static str {
        "Where the objectives want it, a failed client whose sockets are blocked reflects each \
         event within 31 s and one answer, and its polls are at least 30 s apart."
    }
    fn interest(&self) -> Interest {
        if self.pause.is_none() {
            return Interest::NONE;
        }
        Presence::INTEREST
            .and(Interest::DIALLED)
            .and(Interest::REFUSED)
            .and(Interest::CLOSED)
            .and(Interest::LINK)
            .and(Interest::DEVICE)
            .and(Interest::GIVEN_OTHER)
            .and(Interest::STORED)
            .and(Interest::STATUS)
            .and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (at, node) = (seen.at, seen.node);
        match *seen.what {
            Observation::ShownContent(ref reading) => {
                self.pages.of(node).at = Some((reading.topic, reading.position));
            }
            Observation::ShownStatus(status) => {
                let bound = self.bound();
                let page = self.pages.of(node);
                let was = std::mem::replace(&mut page.connection, status.connection);
                if status.connection == Connection::Failed && was != Connection::Failed {
                    page.since = at;
                    self.dues.add(at + bound + TICK, (node, at), ruling);
                }
            }
            Observation::Stored { .. } => self.committed(seen, ruling),
            Observation::Dialled { conn, channel: Channel::Request, .. } => {
                self.requests.insert(conn, node);
                self.polls(seen, ruling);
            }
            Observation::Refused { conn, refusal } => {
                if self.requests.remove(&conn).is_some() {
                    self.excuse(Some(node), at);
                } else {
                    self.pages.of(node).blocked = refusal == Refusal::Blocked;
                }
            }
            Observation::Closed { conn, code, .. } => {
                if self.requests.remove(&conn).is_some() && code != 1000 {
                    self.excuse(Some(node), at);
                }
            }
            Observation::Link { to, path: Path::Up | Path::Shut } => {
                self.cuts.remove(&(node, to));
                self.excuse(None, at);
            }
            Observation::Link { to, .. } => _ = self.cuts.insert((node, to)),
            Observation::Device { .. } => self.excuse(Some(node), at),
            Observation::Given { request, .. } => match request {
                Request::Refresh => self.pages.of(node).wished += 1,
                Request::Unmount | Request::Open => self.pages.of(node).at = None,
                _ => {}
            },
            Observation::Node(life) => {
                self.presence.observe(seen);
                if life.starts_or_ends() {
                    self.pages.remove(&node);
                }
                // Whoever is not there may be whom the others ask.
                if self.presence.runs(node) {
                    self.cuts.remove(&(node, node));
                    self.excuse(None, at);
                } else {
                    self.cuts.insert((node, node));
                }
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some((node, _)) = self.dues.take(at, ruling) {
            if let Some((topic, position)) = self.lacks(node, at) {
                let message = format!("shows nothing of {position} of {topic} for too long");
                ruling.violated(node, message);
            }
        }
    }
}
