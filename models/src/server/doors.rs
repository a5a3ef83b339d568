//! Letting people in where they have to sign in: a credential in the first frame, within a
//! deadline, and looks at whether it is still good.

use wavetank::id::{ConnId, Ticket, Topic};
use wavetank::objectives::{Access, Objectives};
use wavetank::protocol::{Answer, Awaiting, Conns, Credential, Event, Outbox};
use wavetank::time::{Now, Span};

use super::{Server, Session};
use crate::message::{Account, FORBIDDEN, Hello, Message};
use crate::policy::{OnConnect, Origins, ServerAuth, Subscribing};
use crate::probed::Probed;
use crate::protocol::{DocSync, Timer};
use crate::secrets;
use crate::store::Commit;

/// The code for a client that has to sign in.
const SIGN_IN: u16 = 4401;
/// The code for a client that has no right to be here.
const NO_RIGHT: u16 = 1008;
/// The code for a server that cannot tell for now.
const LATER: u16 = 1013;

/// What is known of who is behind a connection.
#[derive(Debug, Default)]
struct Door {
    /// What was shown last.
    shown: Option<Credential>,
    /// What was found good.
    pass: Option<Credential>,
    /// Whether the issuer is being asked.
    checking: bool,
    /// What the user may not see.
    denied: Vec<Topic>,
    /// A question that came before it was known whether it may be answered.
    held: Option<Message>,
    /// Whether there was a place for it when it came.
    counted: bool,
}

/// Who is behind each connection. Nothing is kept where everybody may come in.
#[derive(Debug)]
pub(super) struct Doors {
    signed_in: Probed<bool>,
    origin: Probed<u64>,
    revalidate: Probed<Span>,
    by_conn: Conns<Door>,
    asked: Awaiting<ConnId>,
}

impl Doors {
    pub(super) fn new(section: &Probed<ServerAuth>, demanded: &Objectives) -> Self {
        let wanted = demanded.access == Access::SignedIn;
        Self {
            signed_in: section.map(|policy| wanted && policy.on_connect == OnConnect::Verify),
            origin: section.map(|policy| match policy.origins {
                Origins::Any => 0,
                _ => demanded.origin,
            }),
            revalidate: section.map(|policy| policy.revalidate.min(demanded.revalidate)),
            by_conn: Conns::default(),
            asked: Awaiting::default(),
        }
    }
}

impl Server {
    /// Somebody stands at the door.
    pub(super) fn knocked(
        &mut self,
        now: Now,
        conn: ConnId,
        hello: &Hello,
        out: &mut Outbox<DocSync>,
    ) {
        if !*self.doors.signed_in {
            return;
        }
        if *self.doors.origin != 0 && hello.caller.origin != *self.doors.origin {
            return self.show_out(conn, NO_RIGHT, "foreign origin", out);
        }
        let shown = secrets::shown_in(&hello.path);
        self.doors.by_conn.insert(conn, Door { shown, ..Door::default() });
        out.timer(Timer::Door(conn), now.mono + self.config.policy.server.auth.deadline);
        if shown.is_some() {
            self.check_door(now, conn, out);
        }
    }

    /// Whether a message is to be handled: where nobody is known to be behind its connection,
    /// only signs of life are, and a subscription or a request waits.
    pub(super) fn admits(
        &mut self,
        now: Now,
        conn: ConnId,
        message: &Message,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        if !*self.doors.signed_in {
            return true;
        }
        let Some(door) = self.doors.by_conn.get_mut(conn) else { return false };
        let policy = &self.config.policy.server.auth;
        match (message, door.pass) {
            (Message::Credential(credential), _) => {
                door.shown = Some(*credential);
                self.check_door(now, conn, out);
                false
            }
            (Message::Ping { .. } | Message::Pong { .. }, _) => true,
            (_, None) if (self.steps.registers_first)() => true,
            (Message::Subscribe { instance, .. }, None) => {
                door.held = Some(message.clone());
                if (self.steps.counts_on_arrival)() {
                    self.count_arrival(conn, *instance, out);
                }
                false
            }
            (_, None) => {
                if self.requests.get(conn).is_some() {
                    door.held = Some(message.clone());
                }
                false
            }
            (_, Some(pass)) if policy.per_message && pass.expires <= now.wall => {
                self.show_out(conn, SIGN_IN, "the credential has expired", out);
                false
            }
            (
                Message::Subscribe { doc, .. }
                | Message::SyncRequest { doc, .. }
                | Message::Pointer { doc, .. }
                | Message::Op(Commit { doc, .. }),
                Some(_),
            ) if door.denied.contains(doc) && policy.subscribe == Subscribing::Rights => {
                self.withhold(conn, message, out);
                false
            }
            _ => true,
        }
    }

    /// Somebody says something of a document that she has no right to.
    fn withhold(&mut self, conn: ConnId, message: &Message, out: &mut Outbox<DocSync>) {
        match message {
            // An edit can have waited for long: the right may have been withdrawn since, and
            // what else comes on the connection is as good as ever.
            Message::Op(commit) => self.refuse(Some(conn), commit, FORBIDDEN, out),
            Message::Pointer { .. } => {}
            _ => self.show_out(conn, NO_RIGHT, "no right to the document", out),
        }
    }

    /// Looks for a place for somebody of whom it is not known yet who she is.
    fn count_arrival(&mut self, conn: ConnId, instance: u64, out: &mut Outbox<DocSync>) {
        let Some(session) = self.sessions.get(conn) else { return };
        if self.is_full(conn, &session.from, instance) {
            self.turn_away(conn, out);
        } else if let Some(door) = self.doors.by_conn.get_mut(conn) {
            door.counted = true;
        }
    }

    /// Whether there was a place for a connection when its client asked for a document.
    pub(super) fn was_counted(&self, conn: ConnId) -> bool {
        self.doors.by_conn.get(conn).is_some_and(|door| door.counted)
    }

    /// What is known of the person behind a client instance that is connected.
    pub(super) fn account_of(&self, instance: u64) -> Option<Account> {
        let is_hers = |(_, session): &(ConnId, &Session)| session.instance == Some(instance);
        let (conn, _) = self.sessions.iter().find(is_hers)?;
        self.doors.by_conn.get(conn)?.shown.map(secrets::account)
    }

    /// Asks the issuer whether what was shown is good.
    fn check_door(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(door) = self.doors.by_conn.get_mut(conn) else { return };
        let Some(shown) = door.shown else { return };
        if shown.expires <= now.wall {
            return self.show_out(conn, SIGN_IN, "the credential has expired", out);
        }
        door.checking = true;
        let ticket = out.check_credential(shown.id);
        self.doors.asked.remember(ticket, conn);
    }

    /// The issuer has answered.
    pub(super) fn door_checked(
        &mut self,
        now: Now,
        ticket: Ticket,
        answer: &Answer,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(conn) = self.doors.asked.recall(ticket) else { return };
        let Some(door) = self.doors.by_conn.get_mut(conn) else { return };
        door.checking = false;
        let Answer::Good { denied } = answer else {
            return self.show_out(conn, SIGN_IN, "the credential is not good", out);
        };
        door.pass = door.shown;
        door.denied = denied.to_vec();
        let held = door.held.take();
        let open = self.sessions.get(conn).map(|session| &session.docs[..]).unwrap_or_default();
        let rights = self.config.policy.server.auth.subscribe == Subscribing::Rights;
        if rights && open.iter().any(|doc| denied.contains(doc)) {
            return self.show_out(conn, NO_RIGHT, "no right to the document", out);
        }
        if self.doors.revalidate.is_zero() {
            out.cancel(Timer::Door(conn));
        } else {
            out.timer(Timer::Door(conn), now.mono + *self.doors.revalidate);
        }
        if let Some(question) = held {
            self.handle(now, Event::Message(conn, &question), out);
        }
    }

    /// Nobody has come in within the deadline, or it is time for another look.
    pub(super) fn look_at_door(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let Some(door) = self.doors.by_conn.get(conn) else { return };
        if door.checking {
            return self.show_out(conn, LATER, "the issuer does not answer", out);
        }
        if door.shown.is_none() {
            return self.show_out(conn, SIGN_IN, "no credential", out);
        }
        out.timer(Timer::Door(conn), now.mono + *self.doors.revalidate);
        self.check_door(now, conn, out);
    }

    /// Ends the connection of somebody who may not have it.
    fn show_out(
        &mut self,
        conn: ConnId,
        code: u16,
        reason: &'static str,
        out: &mut Outbox<DocSync>,
    ) {
        out.mark("caller-shown-out");
        self.end(conn, code, reason, out);
    }

    /// A connection is over.
    pub(super) fn forget_door(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        if self.doors.by_conn.remove(conn).is_some() {
            out.cancel(Timer::Door(conn));
        }
    }
}
