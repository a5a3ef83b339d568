//! What the server keeps of documents that nobody has open and of clients that went away, and of
//! how many.

use std::collections::{BTreeSet, VecDeque};

use wavetank::history::Size;
use wavetank::id::Topic;
use wavetank::protocol::Outbox;

use super::Server;
use super::room::Room;
use crate::protocol::{DOC, DocSync};

/// Beyond so many documents those are let go that nobody has open. Whoever comes back has the
/// store read anew, which costs less than to keep all that was ever open.
const ROOMS: usize = 200;
/// So many client instances that went away are remembered: at an outage all go at once, and come
/// back soon. One that does later is told what it missed by what it says that it has.
const AWAY: usize = 1_000;

/// Who is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Client instances that went away, the one that did so longest ago first.
    away: VecDeque<u64>,
    away_max: usize,
    rooms_max: usize,
    /// The last lineage of the store that was heard of in a document that was let go.
    lineage: u32,
}

impl Server {
    /// Makes a room for a document that has none, and has it read.
    pub(super) fn open_room(&mut self, doc: Topic, out: &mut Outbox<DocSync>) -> &mut Room {
        if !self.rooms.contains_key(&doc) {
            if self.rooms.len() >= ROOMS {
                self.let_rooms_go();
            }
            if self.rooms.len() >= self.memory.rooms_max {
                self.memory.rooms_max = self.rooms.len() + 1;
                let len = self.memory.rooms_max as u32;
                out.holds("rooms", Size { len, ..Size::default() });
            }
            self.load(doc, out);
        }
        let lineage = self.memory.lineage;
        self.rooms.entry(doc).or_insert_with(|| Room::of(lineage))
    }

    /// Lets go of the documents that nobody has open or waits for, and in which nothing is under
    /// way. The pipeline's own is always about to be written to.
    fn let_rooms_go(&mut self) {
        let sessions = self.sessions.iter().map(|(_, session)| session);
        let open = sessions.flat_map(|session| session.docs.iter().chain(&session.enters).copied());
        let used: BTreeSet<Topic> = open.chain(self.lines.documents()).chain([DOC]).collect();
        let lineage = &mut self.memory.lineage;
        self.rooms.retain(|doc, room| {
            let stays = used.contains(doc) || !room.is_idle();
            if !stays {
                *lineage = room.lineage.max(*lineage);
            }
            stays
        });
    }

    /// A connection of a client instance is over.
    pub(super) fn went_away(&mut self, instance: u64, out: &mut Outbox<DocSync>) {
        let Memory { away, away_max, .. } = &mut self.memory;
        away.retain(|other| *other != instance);
        away.push_back(instance);
        if away.len() > AWAY
            && let Some(first) = away.pop_front()
            && !self.sessions.iter().any(|(_, session)| session.instance == Some(first))
        {
            self.written.remove(&first);
            self.notices.forget(first);
        }
        if away.len() > *away_max {
            *away_max = away.len();
            out.holds("clients-away", Size { len: away.len() as u32, ..Size::default() });
        }
    }
}
