//! Who asks for how much: times by client, read off the facts.

use std::collections::VecDeque;

use super::table::Table;
use crate::engine::Seen;
use crate::history::{Channel, Interest, Kind, Meaning, Observation};
use crate::id::ConnId;
use crate::time::{Span, Time};

/// The time that limits are of.
pub(crate) const WINDOW: Span = Span::secs(60);
/// The code of the answer to an operation that came too soon.
const TOO_SOON: u16 = 429;

/// Whether a message says that an operation came too soon.
pub(crate) const fn is_rate_nack(meaning: &Meaning) -> bool {
    matches!(meaning.kind, Kind::Nack) && meaning.code == TOO_SOON
}

/// Which client is behind each connection.
#[derive(Debug, Default)]
pub(crate) struct Clients(Table<ConnId, u64>);

impl Clients {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Interest::DIALLED.and(Interest::REFUSED);

    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        match *seen.what {
            Observation::Dialled { conn, channel: Channel::Socket, caller, .. } => {
                // Who does not say which client she is counts as one by herself.
                let alone = u64::MAX - u64::from(conn.serial());
                self.0.insert(conn, if caller.client == 0 { alone } else { caller.client });
            }
            Observation::Refused { conn, .. } => _ = self.0.remove(&conn),
            _ => {}
        }
    }

    pub(crate) fn of(&self, conn: ConnId) -> Option<u64> {
        self.0.get(&conn).copied()
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(ConnId) -> bool) {
        self.0.retain(|conn, _| keep(*conn));
    }
}

/// Times by client.
#[derive(Debug, Default)]
pub(crate) struct Paces(Table<u64, VecDeque<Time>>);

impl Paces {
    /// One more at a time; gives back how many there were within a span up to then.
    pub(crate) fn add(&mut self, client: u64, at: Time, within: Span) -> usize {
        let times = self.0.of(client);
        times.push_back(at);
        // Answers come in another order than questions, but not by that much.
        while times.front().is_some_and(|first| at.since(*first) > within * 4) {
            times.pop_front();
        }
        self.count(client, at, within)
    }

    /// How many there were within a span up to a time.
    pub(crate) fn count(&self, client: u64, at: Time, within: Span) -> usize {
        let times = self.0.get(&client).into_iter().flatten();
        times.filter(|time| **time <= at && at.since(**time) < within).count()
    }

    /// Nothing that was is remembered.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
