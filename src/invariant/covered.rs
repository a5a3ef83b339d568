//! Which events have come to a node, read off what was delivered to it.

use std::collections::BTreeMap;

use super::Horizon;
use super::table::Table;
use crate::history::{Kind, Meaning, Position};
use crate::id::{ConnId, Topic};

/// What has come of one topic in one epoch: all up to a number, and stretches beyond it.
#[derive(Debug, Default)]
pub(crate) struct Covered {
    upto: u64,
    /// Stretches beyond, apart from each other, by their first number: their last.
    beyond: BTreeMap<u64, u64>,
}

impl Covered {
    /// The numbers from `first` to `last` have come.
    fn add(&mut self, first: u64, last: u64) {
        if last <= self.upto {
            return;
        }
        if first <= self.upto + 1 {
            self.upto = last;
        } else {
            // A stretch that goes on is one: an open gap must not cost an entry per event.
            let before = self.beyond.range_mut(..=first).next_back();
            match before.filter(|(_, end)| first <= **end + 1) {
                Some((_, end)) => *end = last.max(*end),
                None => _ = self.beyond.insert(first, last),
            }
        }
        while let Some((first, last)) = self.beyond.first_key_value().map(|(f, l)| (*f, *l)) {
            if first > self.upto + 1 {
                break;
            }
            self.upto = self.upto.max(last);
            self.beyond.pop_first();
        }
    }

    pub(crate) const fn has_all(&self, upto: u64) -> bool {
        upto <= self.upto
    }
}

/// What has come to one node.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    topics: Table<(Topic, u32), Covered>,
    /// What the node last said that it has, by connection: a delta goes on from there.
    stated: Table<ConnId, Position>,
}

impl Arrivals {
    /// The node sent something on a connection.
    pub(crate) fn sent(&mut self, conn: ConnId, meaning: &Meaning) {
        if matches!(meaning.kind, Kind::Hello | Kind::Subscribe | Kind::SyncRequest)
            && let Some(cursor) = meaning.cursor
        {
            self.stated.insert(conn, cursor);
        }
    }

    /// A connection of the node has ended.
    pub(crate) fn closed(&mut self, conn: ConnId) {
        self.stated.remove(&conn);
    }

    /// Something came to the node, over a connection or outside of any.
    pub(crate) fn came(&mut self, conn: Option<ConnId>, meaning: &Meaning) {
        let (Some(topic), Some(position)) = (meaning.topic, meaning.position) else { return };
        let covered = |topics: &mut Table<_, Covered>, first| {
            let of: &mut Covered = topics.of((topic, position.epoch.get()));
            of.add(first, position.seq);
        };
        match meaning.kind {
            Kind::Event => covered(&mut self.topics, position.seq),
            Kind::Snapshot => covered(&mut self.topics, 0),
            Kind::Delta => {
                let from = conn.and_then(|conn| self.stated.get(&conn));
                let from = from.filter(|from| from.epoch == position.epoch);
                let first = from.map_or(position.seq, |from| from.seq + 1);
                covered(&mut self.topics, first.min(position.seq));
            }
            _ => {}
        }
    }

    /// Forgets what was stated on connections beyond the horizon.
    pub(crate) fn forget(&mut self, horizon: &Horizon) {
        self.stated.retain(|conn, _| *conn >= horizon.conn);
    }

    /// Whether all events up to a position have come.
    pub(crate) fn have(&self, topic: Topic, position: Position) -> bool {
        position.seq == 0
            || self
                .topics
                .get(&(topic, position.epoch.get()))
                .is_some_and(|covered| covered.has_all(position.seq))
    }
}
