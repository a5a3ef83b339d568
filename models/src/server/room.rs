//! A document in the memory of a server: what was told to its room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use wavetank::history::Position;
use wavetank::id::ConnId;
use wavetank::time::{Mono, Now, Wall};

use crate::document::{self, Content};
use crate::message::Since;
use crate::policy::{Counter, ServerSync};
use crate::store::{Event, Loaded, Seen};

/// An event of the log, and when the server came to know it.
#[derive(Debug)]
struct Logged {
    at: Mono,
    wall: Wall,
    event: Arc<Event>,
}

/// A document and those who wait for it.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// The last event that was told; none while the document is being loaded.
    pub(super) head: Option<Position>,
    pub(super) content: Content,
    log: VecDeque<Logged>,
    /// The number of the first event that the log reaches back to.
    reaches: u64,
    /// Which operations of each client instance are done.
    pub(super) seen: BTreeMap<u64, Seen>,
    /// Events that are durable before an earlier one is.
    ahead: BTreeMap<u64, Arc<Event>>,
    /// Whether the store was asked where the document is.
    pub(super) checking: bool,
    /// Where the room was when the store was last found further on.
    pub(super) behind: Option<Position>,
    /// Whether what is missing is given time to come by itself.
    pub(super) patient: bool,
    /// Who subscribed before the document was loaded.
    pub(super) waiting: Vec<(ConnId, Since)>,
    /// Acks that are due once the document is known up to their events.
    pub(super) acks: Vec<(ConnId, Arc<Event>)>,
    /// The last lineage of the store that was heard of.
    pub(super) lineage: u32,
    /// Whether what was loaded was of an earlier one, and is to be asked for again.
    pub(super) outdated: bool,
}

impl Room {
    /// A room where nothing is known yet, but the last lineage of the store.
    pub(super) fn of(lineage: u32) -> Self {
        Self { lineage, ..Self::default() }
    }

    /// Whether nobody waits for the document, and it for nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.head.is_some()
            && self.waiting.is_empty()
            && self.acks.is_empty()
            && self.ahead.is_empty()
            && !self.checking
    }

    /// What is known of the document is no more; it has to be loaded again.
    pub(super) fn forget(&mut self) {
        self.head = None;
        self.behind = None;
        self.ahead.clear();
    }

    /// Takes in what the store had. A log that outlives the process begins after a number; one
    /// that does not begins anew.
    pub(super) fn loaded(&mut self, now: Now, loaded: Loaded, log_after: Option<u64>) {
        self.head = Some(loaded.head);
        self.content = loaded.content;
        self.seen = loaded.seen;
        self.reaches = log_after.unwrap_or(loaded.head.seq) + 1;
        let log = loaded.log.into_iter().filter(|_| log_after.is_some());
        self.log = log.map(|event| Logged { at: now.mono, wall: now.wall, event }).collect();
        self.ahead.retain(|_, event| event.position.follows(loaded.head));
    }

    /// Takes in a durable event, unless it is known. While the document is being loaded nobody
    /// can tell whether the store knew of the event when it was asked.
    pub(super) fn put(&mut self, event: &Arc<Event>) {
        let seq = event.position.seq;
        let is_later = |other: &Arc<Event>| other.position < event.position;
        if self.head.is_none_or(|head| event.position.follows(head))
            && self.ahead.get(&seq).is_none_or(is_later)
        {
            self.ahead.insert(seq, Arc::clone(event));
        }
    }

    /// Gives back the events that are now in turn. Only what `covers` says is kept in the log.
    pub(super) fn advance(
        &mut self,
        now: Now,
        counter: Counter,
        covers: fn(&Event) -> bool,
    ) -> Vec<Arc<Event>> {
        let Some(mut head) = self.head else { return Vec::new() };
        let mut in_turn = Vec::new();
        while let Some(first) = self.ahead.first_entry() {
            if counter == Counter::PerDocument && *first.key() != head.seq + 1 {
                break;
            }
            let event = first.remove();
            head = event.position;
            document::apply(&mut self.content, &event.changes);
            self.seen.entry(event.instance).or_default().add(event.client_seq);
            if covers(&event) {
                let event = Arc::clone(&event);
                self.log.push_back(Logged { at: now.mono, wall: now.wall, event });
            }
            in_turn.push(event);
        }
        self.head = Some(head);
        in_turn
    }

    /// Whether an operation of a client instance is done.
    pub(super) fn has_done(&self, instance: u64, client_seq: u32) -> bool {
        self.seen.get(&instance).is_some_and(|seen| seen.has(client_seq))
    }

    /// Events that wait for others.
    pub(super) fn untold(&self) -> impl Iterator<Item = &Event> {
        self.ahead.values().map(|event| &**event)
    }

    /// Whether an event has come that another must come before.
    pub(super) fn has_gap(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Drops what the log need not reach back to.
    pub(super) fn trim(&mut self, now: Now, policy: &ServerSync) {
        let too_many = |log: &VecDeque<_>| policy.window > 0 && log.len() > policy.window as usize;
        let too_old = |first: &Logged| {
            !policy.window_age.is_zero() && now.mono.since(first.at) > policy.window_age
        };
        while too_many(&self.log) || self.log.front().is_some_and(too_old) {
            if let Some(first) = self.log.pop_front() {
                self.reaches = first.event.position.seq + 1;
            }
        }
    }

    /// The events after a position, if the log reaches back to it.
    pub(super) fn after(&self, position: Position) -> Option<Vec<Arc<Event>>> {
        let head = self.head?;
        if position.epoch != head.epoch || position.seq > head.seq {
            return None;
        }
        if position.seq + 1 < self.reaches {
            return None;
        }
        let later = self.log.iter().filter(|logged| logged.event.position > position);
        Some(later.map(|logged| Arc::clone(&logged.event)).collect())
    }

    /// The events that came to be known after a time of the wall clock.
    pub(super) fn later_than(&self, wall: Wall) -> Vec<Arc<Event>> {
        let later = self.log.iter().filter(|logged| logged.wall > wall);
        later.map(|logged| Arc::clone(&logged.event)).collect()
    }
}
