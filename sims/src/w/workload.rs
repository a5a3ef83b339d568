//! Workload W, without any engine: one document, a server that orders edits, clients that
//! make them and follow, and the property that is checked on every event.
//!
//! All engines run these same state machines; what differs is only how messages and time
//! reach them.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use wavetank::rng::Rng;
use wavetank::time::Span;

/// Between two edits of a client, at least and at most.
const EDIT_EVERY: (Span, Span) = (Span::millis(200), Span::millis(300));
/// Between two pings of a client.
pub const PING_EVERY: Span = Span::secs(30);
/// From the loss of a connection until the next dial.
pub const RETRY_AFTER: Span = Span::secs(1);
/// One way between client and server, at least and at most.
pub const LATENCY: (Span, Span) = (Span::millis(10), Span::millis(100));
/// How long a client is cut off, once a minute.
const CUT_FOR: Span = Span::secs(10);

/// The size of a run, and what of the workload it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// Clients of the one server.
    pub clients: u32,
    /// Simulated time.
    pub seconds: u64,
    /// Documents, over which the clients are spread evenly; at least 1.
    pub documents: u32,
    /// Whether clients make edits.
    pub edits: bool,
    /// Whether clients ping.
    pub pings: bool,
    /// Whether clients are cut off once a minute.
    pub cuts: bool,
    /// Whether the server is down from the first minute on, for ten seconds.
    pub restart: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self::W
    }
}

/// A time during which a client is cut off from the server.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Which client, from 1; the server is 0.
    pub client: u32,
    /// When it begins.
    pub from: Span,
    /// When it ends.
    pub until: Span,
}

impl Setup {
    /// The run that engines are compared by.
    pub const W: Self = Self {
        clients: 3,
        seconds: 60,
        documents: 1,
        edits: true,
        pings: true,
        cuts: true,
        restart: false,
    };

    /// How long the run lasts.
    pub const fn length(&self) -> Span {
        Span::secs(self.seconds)
    }

    /// All cuts that fit into the run, by their beginning: each client once a minute, spread
    /// so that those of few clients do not overlap.
    pub fn cuts(&self) -> Vec<Cut> {
        let mut cuts = Vec::new();
        if !self.cuts {
            return cuts;
        }
        for minute in 0..=self.seconds / 60 {
            for client in 1..=self.clients {
                let spread = 45_000 * u64::from(client - 1) / u64::from(self.clients);
                let from = Span::secs(60 * minute + 5) + Span::millis(spread);
                cuts.push(Cut { client, from, until: from + CUT_FOR });
            }
        }
        cuts.retain(|cut| cut.until <= self.length());
        cuts
    }

    /// How often clients join at least: at the start, and after each cut that leaves them the
    /// time for it.
    pub fn joins(&self) -> u64 {
        let in_time = |cut: &&Cut| cut.until + Span::secs(2) <= self.length();
        u64::from(self.clients) + self.cuts().iter().filter(in_time).count() as u64
    }
}

/// An edit in the order of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 1.
    pub seq: u64,
    /// The client that made it.
    pub author: u32,
    /// The author's number for it, from 1.
    pub nth: u64,
}

/// What travels between client and server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Message {
    /// Client: here I am, with all up to this place.
    Join {
        /// Who.
        me: u32,
        /// The place; 0 is before all of them.
        last: u64,
    },
    /// Client: my next edit.
    Edit {
        /// Its number, from 1.
        nth: u64,
    },
    /// Server: your edit got this place.
    Ack(Entry),
    /// Server: somebody else's edit.
    Event(Entry),
    /// Server: what you have missed.
    Missed(Vec<Entry>),
    /// Client: are you there?
    Ping,
    /// Server: I am.
    Pong,
}

/// The server's document.
#[derive(Debug, Default)]
pub struct Room {
    log: Vec<Entry>,
    taken: BTreeMap<u32, u64>,
}

impl Room {
    /// Gives an edit its place, unless it has one already: its author then sees it among what
    /// was missed.
    pub fn edit(&mut self, author: u32, nth: u64) -> Option<Entry> {
        let taken = self.taken.entry(author).or_default();
        if nth <= *taken {
            return None;
        }
        *taken = nth;
        let entry = Entry { seq: self.log.len() as u64 + 1, author, nth };
        self.log.push(entry);
        Some(entry)
    }

    /// What came after a place.
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        self.log.get(seq as usize..).unwrap_or_default().to_vec()
    }
}

/// A client's view of the document.
#[derive(Debug)]
pub struct Page {
    me: u32,
    rng: Rng,
    shown: u64,
    made: u64,
    pending: VecDeque<u64>,
}

impl Page {
    /// The view of client `me`, which has seen nothing yet.
    pub fn new(me: u32, rng: Rng) -> Self {
        Self { me, rng, shown: 0, made: 0, pending: VecDeque::new() }
    }

    /// How long until the next edit.
    pub fn pause(&mut self) -> Span {
        self.rng.span(EDIT_EVERY.0, EDIT_EVERY.1)
    }

    /// Makes an edit; it stays pending until the server has given it its place.
    pub fn edit(&mut self) -> Message {
        self.made += 1;
        self.pending.push_back(self.made);
        Message::Edit { nth: self.made }
    }

    /// What to say on a new connection: the place reached, then all that is pending.
    pub fn greeting(&self) -> impl Iterator<Item = Message> + '_ {
        let join = Message::Join { me: self.me, last: self.shown };
        let edits = self.pending.iter().map(|nth| Message::Edit { nth: *nth });
        std::iter::once(join).chain(edits)
    }

    /// The entries that a message from the server carries.
    pub fn entries(message: &Message) -> &[Entry] {
        match message {
            Message::Ack(entry) | Message::Event(entry) => std::slice::from_ref(entry),
            Message::Missed(entries) => entries,
            _ => &[],
        }
    }

    /// Shows an entry.
    pub fn show(&mut self, entry: Entry) {
        self.shown = entry.seq;
        while entry.author == self.me && self.pending.front().is_some_and(|nth| *nth <= entry.nth) {
            self.pending.pop_front();
        }
    }

    /// Whose view it is.
    pub const fn me(&self) -> u32 {
        self.me
    }

    /// How many edits have no place yet.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

/// The property: what a client shows never goes back and leaves nothing out.
#[derive(Debug, Default)]
pub struct Gapless {
    shown: Vec<u64>,
}

impl Gapless {
    /// Looks at what a client shows; gives the place that it should have shown instead.
    pub fn show(&mut self, client: u32, seq: u64) -> Result<(), u64> {
        let client = client as usize;
        if self.shown.len() <= client {
            self.shown.resize(client + 1, 0);
        }
        let due = self.shown[client] + 1;
        self.shown[client] = seq;
        if seq == due { Ok(()) } else { Err(due) }
    }
}
