//! Several instances over one store: what one of them has made durable it tells the others, and
//! whoever was not told reads it from the store.

use std::sync::Arc;

use wavetank::id::{NodeId, Topic};
use wavetank::protocol::{Boot, Outbox};
use wavetank::time::{Now, Span};

use super::Server;
use crate::message::Message;
use crate::policy::Channel;
use crate::protocol::{DocSync, Role, Timer};
use crate::store::Event;

/// How long what is missing may take to come by itself.
const PATIENCE: Span = Span::secs(1);

/// The other instances.
pub(super) fn others(boot: &Boot<'_, DocSync>) -> Vec<NodeId> {
    boot.peers.iter().filter(|peer| peer.role == Role::Server).map(|peer| peer.id).collect()
}

impl Server {
    /// Tells the other instances of an event that will outlive a crash.
    pub(super) fn publish(&self, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if self.config.policy.server.instances.channel == Channel::Local {
            return;
        }
        for other in &self.others {
            out.cast(*other, Message::Published(Arc::clone(event)));
        }
    }

    /// Another instance told of an event.
    pub(super) fn published(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        self.take_in(now, event, out);
        if self.rooms.get(&event.doc).is_some_and(|room| room.head.is_some() && room.has_gap()) {
            self.await_level(now, event.doc, out);
        }
    }

    /// Something is missing that another instance may be about to tell.
    pub(super) fn await_level(&mut self, now: Now, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc).filter(|_| !self.others.is_empty()) else {
            return;
        };
        if !std::mem::replace(&mut room.patient, true) {
            out.timer(Timer::Level(doc), now.mono + PATIENCE);
        }
    }

    /// It had time to come: what is still missing is read from the store.
    pub(super) fn level(&mut self, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        room.patient = false;
        if room.head.is_none() {
            return;
        }
        if room.has_gap() {
            room.forget();
            self.load(doc, out);
        } else if room.behind.is_some() {
            self.check(doc, out);
        }
    }
}
