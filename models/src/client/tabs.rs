//! What tabs of one device tell each other: the events that they apply, and the document where one
//! of them has no connection; or, where it is accepted that they differ, that they are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use wavetank::history::{Connection, Position};
use wavetank::id::{NodeId, Topic};
use wavetank::objectives::{Objectives, TabPolicy};
use wavetank::protocol::{Boot, Outbox};
use wavetank::time::{Mono, Now, Span};

use super::{Client, Guise, Phase};
use crate::between::Between;
use crate::document;
use crate::message::Message;
use crate::policy::Tabs;
use crate::probed::Probed;
use crate::protocol::{DocSync, Timer};
use crate::store::Event;

/// How long after a tab has asked, or has said that it is there, it does so again.
const AGAIN: Span = Span::secs(10);
/// A tab that was not heard of for so long is there no more.
const GONE: Span = Span::secs(25);
/// The class of the notice that changes of other tabs are not shown.
const NOTICE: &str = "other-tabs";

/// The other tabs of the device.
#[derive(Debug)]
pub(super) struct Siblings {
    tabs: Vec<NodeId>,
    /// Whether tabs tell each other what they apply.
    shares: Probed<bool>,
    /// Whether a person is told where they do not.
    warns: Probed<bool>,
    /// Whether an answer is awaited.
    asked: bool,
    /// What those that are there have open, and when they last said so.
    there: BTreeMap<NodeId, (Topic, Mono)>,
    warned: bool,
}

impl Siblings {
    pub(super) fn new(
        boot: &Boot<'_, DocSync>,
        policy: &Probed<Tabs>,
        demanded: &Objectives,
    ) -> Self {
        let near = boot.peers.iter().filter(|peer| peer.same_device);
        let syncs = demanded.tabs == TabPolicy::Sync;
        Self {
            tabs: near.map(|peer| peer.id).collect(),
            shares: policy.map(|policy| policy.share && syncs),
            warns: policy.map(|policy| policy.notice && !syncs),
            asked: false,
            there: BTreeMap::new(),
            warned: false,
        }
    }
}

impl Client {
    fn tell(&self, tab: NodeId, between: Between, out: &mut Outbox<DocSync>) {
        // In the oldest form that the page speaks, which most others do as well.
        let version = self.versions().oldest;
        out.cast(tab, Message::Between { version, said: Box::new(between) });
    }

    fn tell_all(&self, between: &Between, out: &mut Outbox<DocSync>) {
        for tab in &self.siblings.tabs {
            self.tell(*tab, between.clone(), out);
        }
    }

    /// Whether the page and the other tabs of the device tell each other what they have. Whoever
    /// poses as another is no tab of the device.
    fn shares(&self) -> bool {
        let siblings = &self.siblings;
        self.guise == Guise::None && !siblings.tabs.is_empty() && *siblings.shares
    }

    /// Passes an event on to the other tabs of the device.
    pub(super) fn share(&self, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if self.shares() {
            for tab in &self.siblings.tabs {
                let (version, event) = (self.version, Arc::clone(event));
                out.cast(*tab, Message::Tab { version, event });
            }
        }
    }

    /// A tab of the same device says something. What is in the form of a version that the page
    /// does not speak is not read: it asks for the whole document, if nobody else tells it.
    pub(super) fn tab_says(
        &mut self,
        now: Now,
        from: NodeId,
        message: &Message,
        out: &mut Outbox<DocSync>,
    ) {
        let (Message::Tab { version, .. } | Message::Between { version, .. }) = message else {
            return;
        };
        match message {
            _ if !self.versions().has(*version) => self.asks(now, from, out),
            Message::Tab { event, .. } => self.tab_event(now, from, event, out),
            Message::Between { said, .. } => self.between(now, from, said, out),
            _ => {}
        }
    }

    /// A tab of the same device passed on an event.
    fn tab_event(&mut self, now: Now, from: NodeId, event: &Arc<Event>, out: &mut Outbox<DocSync>) {
        if event.doc != self.doc || !self.shares() || self.is_out() {
            return;
        }
        let in_turn = |cursor| (self.steps.tab_in_turn)(event.position, cursor);
        if self.cursor.is_some_and(in_turn) {
            out.mark("event-from-tab");
            self.apply(now, event, out);
            self.drain_ahead(now, out);
        } else {
            self.asks_if_behind(now, from, event.position, out);
        }
    }

    /// Whether the page shows what other tabs have, since it has no connection of its own.
    fn is_fed(&self) -> bool {
        let own = matches!(self.phase, Phase::Live | Phase::Syncing);
        self.shares() && !own && !self.is_out()
    }

    /// Whether the page is not to show more: its person has to sign in, or wants no connection.
    fn is_out(&self) -> bool {
        matches!(self.phase, Phase::Stopped(Connection::SignIn | Connection::Closed))
    }

    fn asks_if_behind(&mut self, now: Now, from: NodeId, at: Position, out: &mut Outbox<DocSync>) {
        if self.cursor < Some(at) {
            self.asks(now, from, out);
        }
    }

    /// Asks a tab for the document, if no other was asked and no server tells of it.
    fn asks(&mut self, now: Now, from: NodeId, out: &mut Outbox<DocSync>) {
        if !self.siblings.asked && self.is_fed() {
            self.siblings.asked = true;
            self.tell(from, Between::Ask { doc: self.doc, since: self.cursor }, out);
            out.timer(Timer::Tabs, now.mono + AGAIN);
        }
    }

    /// The page is without a connection: it asks the other tabs for what they have.
    pub(super) fn turns_to_tabs(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.is_fed() {
            self.siblings.asked = true;
            self.tell_all(&Between::Ask { doc: self.doc, since: self.cursor }, out);
            out.timer(Timer::Tabs, now.mono + AGAIN);
        }
    }

    /// The page is in step with the server: others may want what it has.
    pub(super) fn tells_tabs(&self, out: &mut Outbox<DocSync>) {
        if let Some(at) = self.cursor.filter(|_| self.shares()) {
            self.tell_all(&Between::At { doc: self.doc, at }, out);
        }
    }

    /// Another tab says something else.
    fn between(&mut self, now: Now, from: NodeId, between: &Between, out: &mut Outbox<DocSync>) {
        match between {
            Between::Ask { doc, since } => {
                let at = self.cursor.filter(|at| *doc == self.doc && Some(*at) > *since);
                if let Some(at) = at.filter(|_| self.shares()) {
                    let content = document::whole(&self.confirmed);
                    self.tell(from, Between::Whole { doc: *doc, at, content }, out);
                }
            }
            Between::At { doc, at } if *doc == self.doc => {
                self.asks_if_behind(now, from, *at, out);
            }
            Between::Whole { doc, at, content } if *doc == self.doc && self.is_fed() => {
                self.siblings.asked = false;
                if self.cursor < Some(*at) {
                    self.fed(now, *at, content, out);
                }
            }
            Between::Here { doc, asks } if *self.siblings.warns => {
                if *asks {
                    self.tell(from, Between::Here { doc: self.doc, asks: false }, out);
                }
                self.siblings.there.insert(from, (*doc, now.mono));
                self.warn(now, out);
            }
            Between::Gone => {
                self.siblings.there.remove(&from);
                self.warn(now, out);
            }
            _ => {}
        }
    }

    /// Takes the document over from another tab.
    fn fed(
        &mut self,
        now: Now,
        at: Position,
        content: &[wavetank::history::Change],
        out: &mut Outbox<DocSync>,
    ) {
        out.mark("fed-by-tab");
        self.confirmed.clear();
        document::apply(&mut self.confirmed, content);
        self.cursor = Some(at);
        self.ahead.retain(|(position, _), _| *position > at);
        self.confirm_held(at, out);
        // Nobody knows who wrote what is new in it.
        self.past.clear();
        self.publish_whole(out);
        self.drain_ahead(now, out);
    }

    /// It is time to ask again, or to say again that the page is there.
    pub(super) fn tabs_again(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.siblings.asked = false;
        self.turns_to_tabs(now, out);
        self.is_here(now, false, out);
    }

    /// The page is there, or has gone to another document.
    pub(super) fn is_here(&mut self, now: Now, asks: bool, out: &mut Outbox<DocSync>) {
        if self.siblings.tabs.is_empty() || !*self.siblings.warns {
            return;
        }
        self.tell_all(&Between::Here { doc: self.doc, asks }, out);
        self.siblings.there.retain(|_, (_, said)| now.mono.since(*said) < GONE);
        self.warn(now, out);
        out.timer(Timer::Tabs, now.mono + AGAIN);
    }

    /// The page goes away.
    pub(super) fn says_goodbye(&mut self, out: &mut Outbox<DocSync>) {
        if self.siblings.tabs.is_empty() {
            return;
        }
        out.cancel(Timer::Tabs);
        self.siblings.asked = false;
        if *self.siblings.warns {
            self.tell_all(&Between::Gone, out);
            self.siblings.there.clear();
            self.show_warning(false, out);
        }
    }

    /// Tells the person that changes of other tabs are not shown, if there are any.
    fn warn(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let shares = |(doc, said): &(Topic, Mono)| *doc == self.doc && now.mono.since(*said) < GONE;
        let on = self.siblings.there.values().any(shares);
        self.show_warning(on, out);
    }

    fn show_warning(&mut self, on: bool, out: &mut Outbox<DocSync>) {
        if std::mem::replace(&mut self.siblings.warned, on) != on {
            out.show_notice(NOTICE, 0, None, on);
        }
    }
}
