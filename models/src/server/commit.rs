//! Operations: into the store, made durable, then acked and told.

use std::sync::Arc;

use wavetank::id::{ConnId, Topic};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::refuse::is_forbidden;
use super::{Server, Wait};
use crate::document::is_stage;
use crate::message::{FORBIDDEN, Message};
use crate::policy::AckAfter;
use crate::protocol::DocSync;
use crate::store::{Commit, Event, Manner, Reply};

impl Server {
    /// Takes an operation of a client, or of the pipeline where there is no connection.
    pub(super) fn take_op(
        &mut self,
        now: Now,
        conn: Option<ConnId>,
        commit: Commit,
        out: &mut Outbox<DocSync>,
    ) {
        if conn.is_some() && is_forbidden(&commit) && !(self.steps.takes_any_field)() {
            self.refuse(conn, &commit, FORBIDDEN, out);
            return;
        }
        self.open_room(commit.doc, out);
        if let (AckAfter::Receipt, Some(conn)) = (self.config.policy.server.ack.after, conn) {
            out.send(conn, Message::Ack { op: commit.op, position: None, doc: Some(commit.doc) })
                .whatever();
        }
        let seq_bits = (self.steps.seq_bits)();
        let mut manner = Manner { seq_bits, ..Manner::from(&self.config.policy.server) };
        // What the pipeline writes without having looked it writes whatever is there.
        manner.base_check &= conn.is_some() || commit.base.is_some();
        let commit = Commit { manner, ..commit };
        self.line_up(now, conn, commit, out);
    }

    /// The store has answered, or failed to. After a failure nobody knows whether the
    /// operation was done; it is asked for again, under the same id.
    pub(super) fn committed(
        &mut self,
        now: Now,
        conn: Option<ConnId>,
        commit: Commit,
        reply: Option<Reply>,
        out: &mut Outbox<DocSync>,
    ) {
        match reply {
            Some(Reply::Committed(event) | Reply::Duplicate(event)) => {
                let ticket = out.flush();
                self.awaiting.remember(ticket, Wait::Flush(conn, commit, event));
            }
            Some(Reply::Refused) => {
                let ticket = out.flush();
                self.awaiting.remember(ticket, Wait::Refusal(conn, commit));
            }
            _ => self.commit(now, conn, commit, out),
        }
    }

    /// An event will outlive a crash: its author and the room may know.
    pub(super) fn durable(
        &mut self,
        now: Now,
        conn: Option<ConnId>,
        event: &Arc<Event>,
        out: &mut Outbox<DocSync>,
    ) {
        self.met(event.doc, event.position, out);
        if let (AckAfter::Durable, Some(conn)) = (self.config.policy.server.ack.after, conn) {
            self.acknowledge(conn, event, out);
        }
        self.publish(&Message::Published(Arc::clone(event)), out);
        self.take_in(now, event, out);
    }

    /// Acks an operation. Where its document is being loaded nobody else can be told of the event,
    /// and its author has to wait with them.
    fn acknowledge(&mut self, conn: ConnId, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        match self.rooms.get_mut(&event.doc).filter(|room| room.head.is_none()) {
            Some(room) => room.acks.push((conn, Arc::clone(event))),
            None => self.ack(conn, event, out),
        }
    }

    fn ack(&self, conn: ConnId, event: &Event, out: &mut Outbox<DocSync>) {
        if self.sessions.get(conn).is_some() {
            let (position, doc) = (Some(event.position), Some(event.doc));
            out.send(conn, Message::Ack { op: event.op, position, doc }).whatever();
        }
    }

    /// Sends the acks that waited for a document, as far as it is known. What is not in it, since
    /// the store has gone back behind it, is not saved: its author asks for it again.
    fn release_acks(&mut self, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc).filter(|room| !room.acks.is_empty()) else {
            return;
        };
        let head = room.head;
        let due = room.acks.extract_if(.., |(_, event)| Some(event.position) <= head);
        let mut due: Vec<_> = due.collect();
        due.retain(|(_, event)| room.has_done(event.instance, event.client_seq));
        for (conn, event) in due {
            self.ack(conn, &event, out);
        }
    }

    /// Tells the room of a durable event, and of those that waited for it.
    pub(super) fn take_in(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        self.met(event.doc, event.position, out);
        let Some(room) = self.rooms.get_mut(&event.doc) else { return };
        room.put(event);
        self.tell_in_turn(now, event.doc, out);
    }

    /// Tells a room of the events that are in turn.
    pub(super) fn tell_in_turn(&mut self, now: Now, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        let counter = self.config.policy.server.log.counter;
        let in_turn = room.advance(now, counter, *self.steps.covers);
        for event in &in_turn {
            self.announce(now, event, out);
        }
        self.release_acks(doc, out);
        if in_turn.iter().any(|event| event.changes.iter().any(|one| is_stage(one.field))) {
            self.go_on(now, out);
        }
    }
}
