//! The server of the rooms, and its store.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wavetank::history::Position;
use wavetank::id::{ConnId, OpId, Topic};
use wavetank::protocol::{Awaiting, Event, Node, Outbox, Store};
use wavetank::time::Now;

use super::{Edit, Entry, Habit, Message, Room};

/// The events of all rooms.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    epoch: u32,
    rooms: BTreeMap<Topic, Vec<Entry>>,
}

impl Default for Log {
    fn default() -> Self {
        Self { epoch: 1, rooms: BTreeMap::new() }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) enum Request {
    Commit(Edit, Habit),
    Load(Topic),
}

#[derive(Debug)]
pub(crate) enum Reply {
    /// The event, and whether it is new.
    Done(Entry, bool),
    Loaded(Position, Vec<Entry>),
}

impl Store for Log {
    type Request = Request;
    type Reply = Reply;
    fn apply(&mut self, request: Request) -> Reply {
        let epoch = self.epoch;
        match request {
            Request::Load(topic) => {
                let room = self.rooms.entry(topic).or_default();
                let head = room.last().map_or(0, |entry| entry.at.seq);
                Reply::Loaded(Position::new(epoch, head), room.clone())
            }
            Request::Commit(edit, habit) => {
                let room = self.rooms.entry(edit.topic).or_default();
                let known = room.iter().find(|entry| entry.edit.op == edit.op);
                if let Some(entry) = known.filter(|_| habit != Habit::DoesTwice) {
                    return Reply::Done(*entry, false);
                }
                let last = room.last().map_or(0, |entry| entry.at.seq);
                let seq = match habit {
                    Habit::NumbersWithHoles if last == 3 => last + 2,
                    Habit::NumbersAnew if last == 3 => 1,
                    _ => last + 1,
                };
                let entry = Entry { at: Position::new(epoch, seq), edit };
                room.push(entry);
                Reply::Done(entry, true)
            }
        }
    }
    fn restored(&mut self, lineage: u32) {
        self.epoch = lineage;
    }
}

#[derive(Clone, Debug)]
enum Wait {
    Commit(ConnId, Edit),
    Flush(ConnId, Entry),
    Load(ConnId, Topic, Option<Position>),
}

pub(crate) struct Server {
    habit: Habit,
    members: BTreeMap<Topic, BTreeSet<ConnId>>,
    conns: BTreeSet<ConnId>,
    waits: Awaiting<Wait>,
    /// Events that wait for a member that is slow, with those who know them.
    held: Vec<(Entry, BTreeSet<ConnId>)>,
    acked: BTreeSet<OpId>,
}

impl Server {
    pub(crate) fn new(habit: Habit) -> Self {
        Self {
            habit,
            members: BTreeMap::new(),
            conns: BTreeSet::new(),
            waits: Awaiting::default(),
            held: Vec::new(),
            acked: BTreeSet::new(),
        }
    }

    fn commit(&mut self, conn: ConnId, edit: Edit, out: &mut Outbox<Room>) {
        let ticket = out.store(Request::Commit(edit, self.habit));
        self.waits.remember(ticket, Wait::Commit(conn, edit));
    }

    fn load(
        &mut self,
        conn: ConnId,
        topic: Topic,
        since: Option<Position>,
        out: &mut Outbox<Room>,
    ) {
        let ticket = out.store(Request::Load(topic));
        self.waits.remember(ticket, Wait::Load(conn, topic, since));
    }

    fn message(&mut self, conn: ConnId, message: &Message, out: &mut Outbox<Room>) {
        match message {
            Message::Join(topic, since) => self.load(conn, *topic, *since, out),
            Message::Missed(topic, since) => self.load(conn, *topic, *since, out),
            Message::Leave(topic) => {
                self.members.entry(*topic).or_default().remove(&conn);
            }
            Message::Edit(edit) => {
                if self.habit == Habit::AcksBeforeFlush {
                    out.send(conn, Message::Done(edit.op)).whatever();
                }
                self.commit(conn, *edit, out);
            }
            _ => {}
        }
    }

    fn tell(&mut self, entry: Entry, out: &mut Outbox<Room>) {
        let room = self.members.get(&entry.edit.topic).cloned().unwrap_or_default();
        let members = match self.habit {
            Habit::TellsEverybody => self.conns.clone(),
            Habit::LeavesOneOut if entry.at.seq == 5 => room.into_iter().skip(1).collect(),
            _ => room,
        };
        if self.habit == Habit::WaitsForTheSlow {
            self.held.push((entry, BTreeSet::new()));
            return self.tell_held(out);
        }
        out.send_all(members, Message::Event(entry));
    }

    /// One after the other; nobody hears of an event before all that come before her have room.
    fn tell_held(&mut self, out: &mut Outbox<Room>) {
        while let Some((entry, told)) = self.held.first_mut() {
            for conn in self.members.get(&entry.edit.topic).into_iter().flatten() {
                if told.contains(conn) {
                    continue;
                }
                told.insert(*conn);
                let buffer = out.send(*conn, Message::Event(*entry));
                if buffer == wavetank::protocol::Buffer::Full {
                    return;
                }
            }
            self.held.remove(0);
        }
    }

    fn answer(&mut self, wait: Wait, reply: Option<Reply>, failed: bool, out: &mut Outbox<Room>) {
        match (wait, reply) {
            (Wait::Commit(conn, _), Some(Reply::Done(entry, _))) => {
                let ticket = out.flush();
                self.waits.remember(ticket, Wait::Flush(conn, entry));
            }
            (Wait::Commit(conn, edit), _) => self.commit(conn, edit, out),
            (Wait::Flush(conn, entry), _) if failed => self.commit(conn, entry.edit, out),
            (Wait::Flush(conn, entry), _) => {
                if self.conns.contains(&conn) {
                    out.send(conn, Message::Done(entry.edit.op)).whatever();
                }
                let fresh = self.acked.insert(entry.edit.op);
                if fresh || self.habit == Habit::DoesTwice {
                    self.tell(entry, out);
                }
            }
            (Wait::Load(conn, topic, since), Some(Reply::Loaded(head, events))) => {
                if !self.conns.contains(&conn) {
                    return;
                }
                self.members.entry(topic).or_default().insert(conn);
                let message = match since.filter(|since| since.epoch == head.epoch) {
                    Some(since) => {
                        let missed = events.into_iter().filter(|entry| entry.at > since);
                        Message::Since(topic, head, missed.collect())
                    }
                    None => Message::Whole(topic, head, events),
                };
                out.send(conn, message).whatever();
            }
            (Wait::Load(conn, topic, since), _) => self.load(conn, topic, since, out),
        }
    }
}

impl Node<Room> for Server {
    fn on_event(&mut self, _now: Now, event: Event<'_, Room>, out: &mut Outbox<Room>) {
        match event {
            Event::Accepted(conn, ()) => _ = self.conns.insert(conn),
            Event::Message(conn, message) => self.message(conn, message, out),
            Event::Closed(conn, _) => {
                self.conns.remove(&conn);
                self.members.values_mut().for_each(|room| _ = room.remove(&conn));
            }
            Event::Writable(_) => self.tell_held(out),
            Event::Stored(ticket, result) => {
                let Some(wait) = self.waits.recall(ticket) else { return };
                let failed = result.is_err();
                self.answer(wait, result.ok().flatten(), failed, out);
            }
            _ => {}
        }
    }
}
