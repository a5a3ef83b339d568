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
    /// Tells the other instances what those whom they serve are to be told.
    pub(super) fn publish(&self, message: &Message, out: &mut Outbox<DocSync>) {
        if self.config.policy.server.instances.channel == Channel::Local {
            return;
        }
        for other in &self.others {
            out.cast(*other, message.clone());
        }
    }

    /// Another instance tells what those whom this one serves are to be told.
    pub(super) fn heard_of(&mut self, now: Now, message: &Message, out: &mut Outbox<DocSync>) {
        match message {
            Message::Published(event) => self.published(now, event, out),
            Message::Progress { doc, .. } | Message::Pointer { doc, .. } => {
                self.tell_in_passing(None, *doc, message, out);
            }
            _ => {}
        }
    }

    /// Another instance told of an event.
    fn published(&mut self, now: Now, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        self.take_in(now, event, out);
        self.await_missing(now, event.doc, out);
    }

    /// Waits for what comes before an event that is known already, if anything does.
    pub(super) fn await_missing(&mut self, now: Now, doc: Topic, out: &mut Outbox<DocSync>) {
        if self.rooms.get(&doc).is_some_and(|room| room.head.is_some() && room.has_gap()) {
            self.await_level(now, doc, out);
        }
    }

    /// Something is missing that may be about to come: another instance tells it, or a copy of the
    /// store that lags behind has it by then.
    pub(super) fn await_level(&mut self, now: Now, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        if !std::mem::replace(&mut room.patient, true) {
            out.timer(Timer::Level(doc), now.mono + PATIENCE);
        }
    }

    /// It had time to come: what is still missing is read from the store.
    pub(super) fn level(&mut self, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get_mut(&doc) else { return };
        room.patient = false;
        if std::mem::take(&mut room.outdated) {
            return self.load(doc, out);
        }
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
