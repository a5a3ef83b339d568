//! A page that is in one of the rooms.

use std::collections::BTreeMap;

use wavetank::history::{Change, Connection, OpState, Position, Value};
use wavetank::id::{ConnId, Field, NodeId, OpId, Topic};
use wavetank::protocol::{Event, Node, Outbox};
use wavetank::time::{Now, Span};

use super::{Edit, Entry, HALL, Habit, Message, Op, Room, SERVER, Timer};

pub(crate) struct Client {
    me: NodeId,
    habit: Habit,
    conn: Option<ConnId>,
    live: bool,
    topic: Topic,
    at: Option<Position>,
    confirmed: BTreeMap<Field, Value>,
    pending: Vec<Edit>,
    ahead: BTreeMap<Position, Entry>,
    applied: u32,
}

impl Client {
    pub(crate) fn new(me: NodeId, habit: Habit) -> Self {
        Self {
            me,
            habit,
            conn: None,
            live: false,
            topic: HALL,
            at: None,
            confirmed: BTreeMap::new(),
            pending: Vec::new(),
            ahead: BTreeMap::new(),
            applied: 0,
        }
    }

    fn send(&self, message: Message, out: &mut Outbox<Room>) {
        if let Some(conn) = self.conn {
            out.send(conn, message).whatever();
        }
    }

    /// Sends again what waits, for as long as something does.
    fn resend(&mut self, now: Now, out: &mut Outbox<Room>) {
        if self.habit == Habit::NeverSendsAgain || self.pending.is_empty() {
            return;
        }
        if self.live {
            self.pending.iter().for_each(|edit| self.send(Message::Edit(*edit), out));
        }
        out.timer(Timer::Resend, now.mono + Span::secs(3));
    }

    /// An edit is among the events.
    fn confirm(&mut self, op: OpId, out: &mut Outbox<Room>) {
        let waited = self.pending.len();
        self.pending.retain(|edit| edit.op != op);
        if self.pending.len() < waited {
            out.show_op(op, OpState::Saved);
        }
    }

    fn op(&mut self, now: Now, id: OpId, op: Op, out: &mut Outbox<Room>) {
        match op {
            Op::Go(topic) => {
                self.send(Message::Leave(self.topic), out);
                if self.habit != Habit::MixesRooms {
                    self.ahead.clear();
                }
                (self.topic, self.at, self.live) = (topic, None, false);
                self.confirmed.clear();
                self.send(Message::Join(topic, None), out);
            }
            Op::Set(_) => {
                let (topic, author) = (self.topic, self.me);
                let change = op.changes(id)[0];
                let edit = Edit { op: id, author, topic, change };
                self.pending.push(edit);
                out.show_op(id, OpState::Pending);
                if self.pending.len() == 1 {
                    out.timer(Timer::Resend, now.mono + Span::secs(3));
                }
                self.show(&[change.field], out);
                if self.live {
                    self.send(Message::Edit(edit), out);
                }
                if self.live && self.habit == Habit::SendsOnceAndForgets {
                    self.pending.retain(|pending| pending.op != id);
                }
            }
        }
    }

    /// Shows some fields: what is confirmed, with own edits on top.
    fn show(&self, fields: &[Field], out: &mut Outbox<Room>) {
        let Some(at) = self.at else { return };
        let changes = fields.iter().map(|field| self.seen(*field));
        out.show_changes(self.topic, at, self.pending.len() as u32, changes);
    }

    fn seen(&self, field: Field) -> Change {
        let forgets = self.habit == Habit::ForgetsOwnEdits && self.applied > 0;
        let own = self.pending.iter().rev().filter(|edit| edit.topic == self.topic);
        let own = own.map(|edit| edit.change).find(|change| change.field == field && !forgets);
        own.unwrap_or(Change { field, value: self.confirmed.get(&field).copied() })
    }

    fn show_whole(&self, out: &mut Outbox<Room>) {
        let Some(at) = self.at else { return };
        let own = self.pending.iter().filter(|edit| edit.topic == self.topic);
        let mut fields: Vec<Field> = own.map(|edit| edit.change.field).collect();
        fields.extend(self.confirmed.keys());
        fields.sort_unstable();
        fields.dedup();
        let content = fields.into_iter().map(|field| self.seen(field));
        out.show_whole(self.topic, at, self.pending.len() as u32, content);
    }

    fn apply(&mut self, entry: &Entry, out: &mut Outbox<Room>) {
        self.applied += 1;
        self.at = Some(entry.at);
        self.confirm(entry.edit.op, out);
        let Change { field, value } = entry.edit.change;
        let half = self.habit == Habit::AppliesHalf && self.applied.is_multiple_of(3);
        if let Some(value) = value.filter(|_| !half) {
            self.confirmed.insert(field, value);
        }
        self.show(&[field], out);
    }

    fn event(&mut self, now: Now, entry: &Entry, out: &mut Outbox<Room>) {
        if entry.edit.topic != self.topic && self.habit != Habit::MixesRooms {
            return;
        }
        if self.at.is_none() && self.habit == Habit::MixesRooms {
            return self.apply(entry, out);
        }
        let Some(at) = self.at else { return };
        let misses = self.habit == Habit::MissesTheTail && entry.at.seq > 3;
        if entry.at <= at || misses {
            return;
        }
        let jumps = matches!(self.habit, Habit::JumpsOverGaps | Habit::MixesRooms);
        if entry.at == at.next() || jumps {
            self.apply(entry, out);
            while let Some(next) = self.at.and_then(|at| self.ahead.remove(&at.next())) {
                self.apply(&next, out);
            }
            if self.ahead.is_empty() && self.habit != Habit::AsksInVain {
                out.cancel(Timer::Gap);
            }
        } else if self.habit != Habit::LeavesGaps {
            if self.ahead.is_empty() {
                out.timer(Timer::Gap, now.mono + Span::secs(1));
            }
            self.ahead.insert(entry.at, *entry);
        }
    }

    /// All that there is, or all that was missed, has come: what waits is sent again.
    fn synced(&mut self, out: &mut Outbox<Room>) {
        let was = std::mem::replace(&mut self.live, true);
        self.ahead.clear();
        out.cancel(Timer::Gap);
        out.show_connection(Connection::Live);
        if was || self.habit == Habit::NeverSendsAgain {
            return;
        }
        let mut pending = self.pending.clone();
        if self.habit == Habit::SendsLastFirst {
            pending.reverse();
        }
        pending.into_iter().for_each(|edit| self.send(Message::Edit(edit), out));
    }

    fn message(&mut self, now: Now, message: &Message, out: &mut Outbox<Room>) {
        match message {
            Message::Whole(topic, at, events) if *topic == self.topic => {
                let back = self.at.is_some_and(|known| known > *at);
                if back && self.habit != Habit::GoesBack {
                    return;
                }
                self.confirmed.clear();
                for Entry { edit, .. } in events {
                    self.confirmed
                        .extend(edit.change.value.map(|value| (edit.change.field, value)));
                    self.confirm(edit.op, out);
                }
                self.at = Some(*at);
                self.show_whole(out);
                self.synced(out);
            }
            Message::Since(topic, at, events) if *topic == self.topic => {
                let known = self.at;
                for entry in events.iter().filter(|entry| known.is_none_or(|at| entry.at > at)) {
                    self.apply(entry, out);
                }
                self.at = self.at.max(Some(*at));
                self.synced(out);
            }
            Message::Event(entry) => self.event(now, entry, out),
            Message::Done(op) => out.show_op(*op, OpState::Saved),
            _ => {}
        }
    }
}

impl Node<Room> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, Room>, out: &mut Outbox<Room>) {
        if event.conn().is_some_and(|conn| self.conn != Some(conn)) {
            return;
        }
        match event {
            Event::Start | Event::Timer(Timer::Dial) => self.conn = Some(out.dial(SERVER, ())),
            Event::Opened(_) => {
                let since = if self.habit == Habit::GoesBack { None } else { self.at };
                self.send(Message::Join(self.topic, since), out);
                if self.habit == Habit::SendsTooEarly {
                    self.pending.iter().for_each(|edit| self.send(Message::Edit(*edit), out));
                }
            }
            Event::Closed(..) | Event::Refused(..) => {
                (self.conn, self.live) = (None, false);
                out.show_connection(Connection::Reconnecting);
                out.timer(Timer::Dial, now.mono + Span::millis(500));
            }
            Event::Op(id, op) => self.op(now, id, *op, out),
            Event::Message(_, message) => self.message(now, message, out),
            Event::Timer(Timer::Gap) => {
                self.ahead.clear();
                self.send(Message::Missed(self.topic, self.at), out);
            }
            Event::Timer(Timer::Resend) => self.resend(now, out),
            _ => {}
        }
    }
}
