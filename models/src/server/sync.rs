//! Subscribing and catching up.

use wavetank::id::{ConnId, Topic};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Entering, Server, Session, Wait};
use crate::document;
use crate::message::{Message, Since};
use crate::policy::Fallback;
use crate::protocol::{DOC, DocSync};
use crate::store::{Loaded, Request, Seen};

/// The code for a connection whose client has opened another.
const SUPERSEDED: u16 = 4000;

impl Server {
    pub(super) fn load(&mut self, doc: Topic, out: &mut Outbox<DocSync>) {
        let ticket = out.store(Request::Load(doc, self.config.log_after.unwrap_or_default()));
        self.awaiting.remember(ticket, Wait::Load(doc));
    }

    pub(super) fn loaded(
        &mut self,
        now: Now,
        doc: Topic,
        loaded: Loaded,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        if loaded.head.epoch.get() < room.lineage {
            room.outdated = true;
            return self.await_level(now, doc, out);
        }
        let after = self.config.log_after.unwrap_or_default();
        let durable_log = self.config.policy.server.sync.durable_log;
        room.loaded(now, loaded, durable_log.then_some(after));
        let waiting = std::mem::take(&mut room.waiting);
        if doc == DOC {
            self.go_on(now, out);
        }
        self.begin_anew(now, doc, out);
        for (conn, since) in waiting {
            self.welcome(now, conn, doc, since, out);
        }
        self.tell_in_turn(now, doc, out);
        self.await_missing(now, doc, out);
    }

    pub(super) fn subscribe(
        &mut self,
        now: Now,
        conn: ConnId,
        doc: Topic,
        instance: u64,
        since: Since,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(from) = self.sessions.get(conn).map(|session| session.from) else { return };
        if !self.was_counted(conn) && self.is_full(conn, &from, instance) {
            return self.turn_away(conn, out);
        }
        let is_ghost = |session: &Session| self.is_ghost(session, &from, instance);
        // What comes late on an older connection says nothing of a newer one.
        let ghosts = self.sessions.iter().filter(|(id, session)| *id < conn && is_ghost(session));
        for id in ghosts.map(|(id, _)| id).collect::<Vec<_>>() {
            self.end(id, SUPERSEDED, "a newer connection of the same client", out);
        }
        let written = self.written.get(&instance).copied();
        if matches!(since, Since::Position(has) if written.is_some_and(|written| has < written)) {
            out.mark("written-not-arrived");
        }
        let since = (self.steps.resume_from)(since, written);
        let Some(session) = self.sessions.get_mut(conn) else { return };
        if session.instance.replace(instance).is_none() {
            self.pay_handshake(out);
        }
        self.admit(now, conn, doc, since, out);
    }

    /// Tells who asks what there is, or does so as soon as the document is loaded.
    pub(super) fn admit(
        &mut self,
        now: Now,
        conn: ConnId,
        doc: Topic,
        since: Since,
        out: &mut Outbox<DocSync>,
    ) {
        let room = self.open_room(doc, out);
        if room.head.is_some() {
            return self.welcome(now, conn, doc, since, out);
        }
        room.waiting.push((conn, since));
    }

    fn welcome(
        &mut self,
        now: Now,
        conn: ConnId,
        doc: Topic,
        since: Since,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(head) = self.rooms.get(&doc).and_then(|room| room.head) else { return };
        if self.requests.get(conn).is_some() {
            return self.catch_up(now, conn, doc, since, out);
        }
        let Some(session) = self.sessions.get_mut(conn) else { return };
        self.written.extend(session.instance.map(|instance| (instance, head)));
        let version = session.version;
        out.send(conn, Message::Welcome { doc, head, version }).whatever();
        match (self.steps.enters)() {
            Entering::AtOnce => self.enter(conn, doc, out),
            Entering::WithNextMessage => session.enters = Some(doc),
            Entering::OnceRead => {
                let ticket = out.store(Request::Head(doc));
                self.awaiting.remember(ticket, Wait::Enter(conn, doc));
            }
        }
        self.catch_up(now, conn, doc, since, out);
        if let Some(instance) = self.sessions.get(conn).and_then(|session| session.instance) {
            self.notify_again(conn, instance, out);
        }
    }

    /// Which operations of the client behind a connection are done.
    fn seen(&self, conn: ConnId, doc: Topic) -> Seen {
        let instance = match self.sessions.get(conn) {
            Some(session) => session.instance,
            None => self.requests.get(conn).map(|asker| asker.instance),
        };
        let seen = |instance| self.rooms.get(&doc)?.seen.get(&instance).cloned();
        instance.and_then(seen).unwrap_or_default()
    }

    /// Sends what came after `since`: the events where the log reaches back far enough, and
    /// all or nothing where it does not.
    pub(super) fn catch_up(
        &mut self,
        now: Now,
        conn: ConnId,
        doc: Topic,
        since: Since,
        out: &mut Outbox<DocSync>,
    ) {
        let seen = self.seen(conn, doc);
        let policy = &self.config.policy.server.sync;
        if let Some(room) = self.rooms.get_mut(&doc) {
            room.trim(now, policy);
        }
        let Some(room) = self.rooms.get(&doc) else { return };
        let Some(head) = room.head else { return };
        let events = match since {
            Since::Nothing => None,
            Since::Whatever => Some(Vec::new()),
            Since::Time(wall) => Some(room.later_than(wall)),
            Since::Position(position) => match (room.after(position), policy.fallback) {
                (None, Fallback::None) => Some(Vec::new()),
                (events, _) => events,
            },
        };
        let message = match events {
            // What a client cannot read as an event it can read as part of the document.
            Some(events) if !events.iter().any(|event| event.is_novel()) => {
                let events = events.iter().map(|event| self.as_told(event)).collect();
                Message::Delta { doc, to: head, events }
            }
            _ => {
                if !self.has_whole(now, conn, doc, out) {
                    return;
                }
                let Some(room) = self.rooms.get(&doc) else { return };
                out.mark("snapshot-sent");
                let mut content = document::whole(&room.content);
                content.retain(|change| (self.steps.snapshot_holds)(change.field));
                let content = (self.steps.page)(content);
                Message::Snapshot { doc, at: head, seen, content }
            }
        };
        if self.requests.get(conn).is_some() {
            out.send(conn, message).whatever();
        } else {
            self.send_large(conn, message, out);
        }
    }
}
