//! The issuer of credentials: the truth about who is who, and until when.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::Standing;
use crate::id::{NodeId, Ticket, Topic};
use crate::protocol::{Answer, Credential, Inquiry};
use crate::time::{Span, Time, Wall};

/// How the issuer treats one user, as set from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Treatment {
    /// Its credentials are good for this long only; none is as usual.
    pub lifetime: Option<Span>,
    /// It is given none.
    pub refused: bool,
    /// It gets no answer.
    pub silent: bool,
}

#[derive(Clone, Copy, Debug)]
struct Issued {
    user: NodeId,
    expires: Time,
    revoked: bool,
}

/// A question that is on its way to the issuer, or its answer on the way back.
pub(crate) struct Asked {
    pub(crate) host: u32,
    pub(crate) incarnation: u32,
    pub(crate) ticket: Ticket,
    pub(crate) inquiry: Inquiry,
    pub(crate) answer: Option<Answer>,
    pub(crate) back: Span,
}

#[derive(Debug, Default)]
pub(crate) struct Issuer {
    issued: BTreeMap<u64, Issued>,
    denied: BTreeSet<(NodeId, Topic)>,
    treatments: BTreeMap<NodeId, Treatment>,
}

impl Issuer {
    fn treatment(&self, user: NodeId) -> Treatment {
        self.treatments.get(&user).copied().unwrap_or_default()
    }

    /// Sets how a user is treated, and says what changed by it that others may see.
    pub(crate) fn treat(&mut self, user: NodeId, treatment: Treatment) -> Option<Standing> {
        let was = self.treatment(user);
        self.treatments.insert(user, treatment);
        match (was.silent, treatment.silent) {
            (false, true) => Some(Standing::Silent),
            (true, false) => Some(Standing::Answering),
            _ => None,
        }
    }

    /// Answers a user, and says what changed by it. Nothing where the issuer is silent.
    pub(crate) fn answer(
        &mut self,
        user: NodeId,
        inquiry: Inquiry,
        now: Time,
        lifetime: Span,
    ) -> Option<(Answer, Option<Standing>)> {
        let treatment = self.treatment(user);
        if treatment.silent {
            return None;
        }
        Some(match inquiry {
            Inquiry::Issue if treatment.refused => (Answer::Refused, Some(Standing::Refused)),
            Inquiry::Issue => {
                let id = self.issued.len() as u64 + 1;
                let until = now + treatment.lifetime.unwrap_or(lifetime);
                self.issued.insert(id, Issued { user, expires: until, revoked: false });
                let expires = Wall::START + until.since(Time::ZERO);
                let credential = Credential { id, user, expires };
                let standing = Standing::Issued { credential: id, expires };
                (Answer::Issued(credential), Some(standing))
            }
            Inquiry::Check(id) => (self.check(id, now), None),
        })
    }

    fn check(&self, id: u64, now: Time) -> Answer {
        match self.issued.get(&id) {
            Some(issued) if !issued.revoked && issued.expires > now => {
                let of = |topic: u32| (issued.user, Topic(topic));
                let denied = self.denied.range(of(0)..=of(u32::MAX)).map(|(_, topic)| *topic);
                Answer::Good { denied: denied.collect() }
            }
            _ => Answer::Bad,
        }
    }

    /// Revokes all that a user holds, and says which.
    pub(crate) fn revoke(&mut self, user: NodeId) -> Vec<u64> {
        let held = |issued: &Issued| issued.user == user && !issued.revoked;
        let all = self.issued.iter_mut().filter(|(_, issued)| held(issued));
        all.map(|(id, issued)| {
            issued.revoked = true;
            *id
        })
        .collect()
    }

    /// Takes a topic away from a user, or gives it back.
    pub(crate) fn withdraw(&mut self, user: NodeId, topic: Topic, withdrawn: bool) -> Standing {
        if withdrawn {
            self.denied.insert((user, topic));
            Standing::Withdrawn(topic)
        } else {
            self.denied.remove(&(user, topic));
            Standing::Granted(topic)
        }
    }
}
