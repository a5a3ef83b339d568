//! Fetching credentials and showing them, where people have to sign in.

use wavetank::history::{Caller, Connection};
use wavetank::id::{ConnId, NodeId, Ticket};
use wavetank::objectives::{Access, Objectives};
use wavetank::protocol::{Answer, Credential, Outbox};
use wavetank::time::{Now, Span, Wall};

use super::{Client, Guise, Phase};
use crate::message::{Hello, Message};
use crate::policy::{Refresh, TokenIn};
use crate::protocol::{DocSync, Timer};
use crate::secrets;

/// The share of a credential's life after which it is renewed, in percent.
const RENEWAL: u64 = 75;
/// A question to which the issuer has said nothing is asked again after this time.
const AGAIN: Span = Span::secs(5);
/// No issuer has given anybody this credential.
const FORGED: u64 = 1 << 40;

/// What the client has to show.
#[derive(Debug)]
pub(super) struct Papers {
    signed_in: bool,
    asked: Option<Ticket>,
    credential: Option<Credential>,
}

impl Papers {
    pub(super) fn new(objectives: &Objectives) -> Self {
        Self { signed_in: objectives.access == Access::SignedIn, asked: None, credential: None }
    }
}

/// A credential that was made up.
fn forged(user: NodeId, now: Now) -> Credential {
    let expires: Wall = now.wall + Span::secs(3600);
    Credential { id: FORGED, user, expires }
}

impl Client {
    /// Whether a dial has to wait for a credential, which is then asked for.
    pub(super) fn fetches(&mut self, now: Now, out: &mut Outbox<DocSync>) -> bool {
        let asked = self.asks_issuer(now, out);
        self.papers.asked = asked.or(self.papers.asked);
        asked.is_some()
    }

    /// Asks for a credential, if it takes one to be shown that the client has not.
    pub(super) fn asks_issuer(&mut self, now: Now, out: &mut Outbox<DocSync>) -> Option<Ticket> {
        if !self.papers.signed_in {
            return None;
        }
        match self.guise {
            Guise::Anonymous => {
                self.papers.credential = None;
                return None;
            }
            Guise::Forged => {
                self.papers.credential = Some(forged(self.me, now));
                return None;
            }
            Guise::None | Guise::Private | Guise::Foreign => {}
        }
        let keeps = self.config.policy.client.auth.refresh == Refresh::AtMount;
        if keeps && self.papers.credential.is_some() {
            return None;
        }
        Some(out.ask_credential())
    }

    /// The issuer has answered.
    pub(super) fn fetched(
        &mut self,
        now: Now,
        ticket: Ticket,
        answer: &Answer,
        out: &mut Outbox<DocSync>,
    ) {
        if self.asks_for_request(ticket) {
            return self.fetched_for_request(now, answer, out);
        }
        if self.papers.asked != Some(ticket) {
            return;
        }
        self.papers.asked = None;
        let Answer::Issued(credential) = answer else {
            out.cancel(Timer::Renew);
            if self.phase == Phase::Dialling {
                self.leave(out, 1000);
                self.phase = Phase::Stopped(Connection::SignIn);
            }
            return;
        };
        self.take_papers(*credential);
        match self.conn {
            None if self.phase == Phase::Dialling => self.call(now, out),
            Some(conn) if self.is_connected() => self.show_papers(now, conn, out),
            _ => {}
        }
    }

    /// A credential has come.
    pub(super) fn take_papers(&mut self, credential: Credential) {
        self.papers.credential = Some(credential);
    }

    fn shows_in_address(&self) -> bool {
        self.config.policy.client.auth.token_in == TokenIn::Url
    }

    /// What the client says when it dials.
    pub(super) fn hello(&self) -> Hello {
        let versions = self.versions();
        let (instance, caller) = (self.instance, self.caller());
        match self.papers.credential.filter(|_| self.shows_in_address()) {
            Some(shown) => {
                let caller = Caller { credential: shown.id, ..caller };
                Hello { path: secrets::path_with(&shown), instance, versions, caller }
            }
            None => Hello { path: "/sync".to_owned(), instance, versions, caller },
        }
    }

    /// Whether a connection is open.
    fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Live | Phase::Syncing)
    }

    /// The connection is open: shows the server who is there, unless the address has done that.
    pub(super) fn comes_in(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        if self.shows_in_address() {
            self.plan_renewal(now, out);
        } else {
            self.show_papers(now, conn, out);
        }
    }

    fn show_papers(&self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        self.shows(conn, out);
        self.plan_renewal(now, out);
    }

    /// Shows on a connection who is there.
    pub(super) fn shows(&self, conn: ConnId, out: &mut Outbox<DocSync>) {
        if let Some(credential) = self.papers.credential {
            out.send(conn, Message::Credential(credential)).whatever();
        }
    }

    fn plan_renewal(&self, now: Now, out: &mut Outbox<DocSync>) {
        let Some(credential) = self.papers.credential else { return };
        let left = credential.expires.since(now.wall);
        if self.config.policy.client.auth.refresh == Refresh::BeforeDial {
            out.timer(Timer::Renew, now.mono + left.percent(RENEWAL));
        }
    }

    /// What was shown is about to expire.
    pub(super) fn renew(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.is_connected() && self.guise != Guise::Forged {
            self.papers.asked = Some(out.ask_credential());
            out.timer(Timer::Renew, now.mono + AGAIN);
        }
    }

    /// The connection for which papers were fetched is left.
    pub(super) fn drop_papers(&mut self, out: &mut Outbox<DocSync>) {
        if self.papers.signed_in {
            self.papers.asked = None;
            out.cancel(Timer::Renew);
        }
    }
}
