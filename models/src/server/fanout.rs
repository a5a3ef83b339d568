//! Telling a room.

use std::sync::Arc;

use wavetank::history::{Changes, Position};
use wavetank::id::{ConnId, OpId, Topic};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Server, Steps};
use crate::message::Message;
use crate::policy::{EventContent, Shed};
use crate::protocol::{DOC, DocSync, Timer};
use crate::store::Event;

/// An event in the form in which one connection alone is told of it, if it is not the room's.
fn own_form(steps: &Steps, event: &Arc<Event>, position: Position, version: u8) -> Option<Message> {
    if event.is_novel() {
        Some(Message::Novel { doc: event.doc, position })
    } else if !(steps.has_envelope)(event) {
        Some(Message::Bare(event.doc, event.changes.clone()))
    } else if version > 1 {
        Some(Message::Packed(Arc::clone(event)))
    } else if position == event.position {
        None
    } else {
        Some(Message::Event(Arc::new(Event { position, ..(**event).clone() })))
    }
}

impl Server {
    /// An event is to be told: at once, or with others.
    pub(super) fn announce(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        let batch = self.config.policy.server.fanout.batch;
        if batch.is_zero() {
            return self.tell(event, out);
        }
        if self.batch.is_empty() {
            out.timer(Timer::Batch, now.mono + batch);
        }
        self.batch.push(Arc::clone(event));
    }

    pub(super) fn tell_batch(&mut self, out: &mut Outbox<DocSync>) {
        for event in std::mem::take(&mut self.batch) {
            self.tell(&event, out);
        }
    }

    /// Sends an event to all who are subscribed to its document.
    fn tell(&mut self, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if !(self.steps.covers)(event) {
            return;
        }
        let event = &self.as_told(event);
        let (mut members, mut queued, mut slow) = (Vec::new(), Vec::new(), Vec::new());
        for (conn, session) in self.sessions.iter_mut() {
            let is_author = session.instance == Some(event.instance);
            let member = (self.steps.is_member)(&session.docs, event.doc);
            if !member || !(self.steps.is_told)(is_author) {
                continue;
            }
            if out.queued(conn) >= *self.buffer_limit {
                slow.push(conn);
                if (self.steps.goes_on)() {
                    continue;
                }
                break;
            }
            let waiting = self.parts.on(conn);
            if waiting.as_ref().is_some_and(|all| all.len() as u32 >= *self.buffer_limit) {
                slow.push(conn);
                continue;
            }
            let position = (self.steps.numbered)(event.position, session.told);
            session.told += 1;
            let own = own_form(&self.steps, event, position, session.version);
            match (waiting, own) {
                (Some(waiting), Some(own)) => waiting.push_back(own),
                (Some(_), None) => queued.push(conn),
                (None, own) => {
                    let instance = session.instance;
                    self.written.extend(instance.map(|instance| (instance, event.position)));
                    match own {
                        Some(own) => out.send(conn, own).whatever(),
                        None => members.push(conn),
                    }
                }
            }
        }
        self.pay_telling(members.len(), out);
        let message = self.for_room(event);
        for conn in queued {
            self.parts.on(conn).into_iter().for_each(|all| all.push_back(message.clone()));
        }
        out.send_all(members, message);
        if self.config.policy.server.fanout.shed == Shed::Newest {
            return;
        }
        for conn in slow {
            out.mark("slow-consumer-closed");
            self.end(conn, self.config.policy.server.close.overload_code, "too slow", out);
        }
    }

    /// Ends a connection that asks for more while it does not take what there is for it, and says
    /// whether it did.
    pub(super) fn is_slow(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) -> bool {
        let fanout = &self.config.policy.server.fanout;
        if fanout.shed == Shed::Newest || out.queued(conn) < *self.buffer_limit {
            return false;
        }
        out.mark("slow-consumer-closed");
        self.end(conn, self.config.policy.server.close.overload_code, "too slow", out);
        true
    }

    /// What a room is told of an event.
    fn for_room(&self, event: &Arc<Event>) -> Message {
        let event = Arc::clone(event);
        if (self.steps.sanitises)() {
            return Message::Event(event);
        }
        match self.account_of(event.instance) {
            Some(account) => Message::Authored(event, Box::new(account)),
            None => Message::Event(event),
        }
    }

    /// An event as it is told: mostly as it was committed.
    pub(super) fn as_told(&self, event: &Arc<Event>) -> Arc<Event> {
        let room = self.rooms.get(&event.doc);
        let changes = match self.config.policy.server.events.content {
            EventContent::Full => {
                room.and_then(|room| (self.steps.reads_again)(event, &room.content))
            }
            EventContent::IdOnly => Some(Changes::new()),
        };
        match changes {
            Some(changes) => Arc::new(Event { changes, ..(**event).clone() }),
            None => Arc::clone(event),
        }
    }

    /// Tells all rooms of a document of progress.
    pub(super) fn progress(&self, op: OpId, stage: u32, out: &mut Outbox<DocSync>) {
        let stage = self.pipeline.number(stage);
        let message = Message::Progress { doc: DOC, op, stage };
        self.tell_in_passing(None, DOC, &message, out);
        self.publish(&message, out);
    }

    /// Tells the others of all rooms of a document where somebody points.
    pub(super) fn pass_on(&self, of: ConnId, doc: Topic, op: OpId, out: &mut Outbox<DocSync>) {
        let message = Message::Pointer { doc, op };
        self.tell_in_passing(Some(of), doc, &message, out);
        self.publish(&message, out);
    }

    /// Tells a room, but for one connection, what may be lost. Who is slow does without: what
    /// matters must not wait for it.
    pub(super) fn tell_in_passing(
        &self,
        but: Option<ConnId>,
        doc: Topic,
        message: &Message,
        out: &mut Outbox<DocSync>,
    ) {
        let mut members = Vec::new();
        for (conn, _) in self.sessions.iter().filter(|(_, session)| session.docs.contains(&doc)) {
            if Some(conn) == but {
                continue;
            }
            if out.queued(conn) < *self.buffer_limit / 2 {
                members.push(conn);
            } else if matches!(message, Message::Progress { .. }) {
                out.mark("progress-shed");
            }
        }
        out.send_all(members, message.clone());
    }
}
