//! What is too much: connections of one caller, and bytes of one message.

use wavetank::history::Caller;
use wavetank::id::ConnId;
use wavetank::objectives::Objectives;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::{Server, Session};
use crate::policy::{self, Dimension, RefuseAt};
use crate::probed::Probed;
use crate::protocol::{DocSync, Timer};

/// The code for one connection too many.
const TOO_MANY: u16 = 4003;
/// The code for a message that is too large.
const TOO_BIG: u16 = 1009;
/// The code for a request that does not come.
const UNASKED: u16 = 1008;
/// The code for a connection that is to be made anew.
const TOO_OLD: u16 = 1013;

/// What a caller is told apart by from others.
const fn key(by: Dimension, from: &Caller) -> u64 {
    match by {
        Dimension::Client => from.client,
        Dimension::User => from.user,
        Dimension::Ip => from.address,
    }
}

/// The limits by which the server goes: the smaller of the policy's and the objectives'.
#[derive(Debug)]
pub(super) struct Limits {
    /// What connections are counted by, and how many there may be.
    connections: Probed<Vec<(Dimension, usize)>>,
    supersede: Probed<bool>,
    message_bytes: Probed<u32>,
}

impl Limits {
    pub(super) fn new(section: &Probed<policy::Limits>, demanded: &Objectives) -> Self {
        let both = |knob: u32, most: u32| if knob == 0 { 0 } else { knob.min(most) };
        let most = |policy: &policy::Limits, by: Dimension| match by {
            Dimension::Client => both(policy.per_client, demanded.per_client),
            Dimension::User => both(policy.per_user, demanded.per_user),
            Dimension::Ip => both(policy.per_address, demanded.per_address),
        };
        Self {
            connections: section.map(|policy| {
                let all = policy.dimensions.iter().map(|by| (*by, most(policy, *by) as usize));
                all.filter(|(_, most)| *most > 0).collect()
            }),
            supersede: section.map(|policy| policy.supersede),
            message_bytes: section.map(|policy| {
                match both(policy.message_bytes.0, demanded.message_bytes) {
                    0 => u32::MAX,
                    most => most,
                }
            }),
        }
    }
}

impl Server {
    /// Whether a session is an earlier connection of a caller, whose place it takes.
    pub(super) fn is_ghost(&self, session: &Session, from: &Caller, instance: u64) -> bool {
        let same_tab = from.instance != 0 && session.from.instance == from.instance;
        let same_page = session.instance == Some(instance);
        let same_client = session.from.client == from.client && session.from.user == from.user;
        *self.limits.supersede && same_client && (same_tab || same_page)
    }

    /// Whether who is one too many is turned away at the door.
    pub(super) fn refuses_at_door(&self) -> bool {
        self.config.policy.server.auth.refuse_at == RefuseAt::Handshake
    }

    /// Whether others have taken all the places that a caller could have. Who is turned away at
    /// the door is counted from there on.
    pub(super) fn is_full(&self, conn: ConnId, from: &Caller, instance: u64) -> bool {
        let others = |(id, session): &(ConnId, &Session)| {
            let counts = session.instance.is_some() || self.refuses_at_door();
            *id != conn && counts && !self.is_ghost(session, from, instance)
        };
        self.limits.connections.iter().any(|(by, most)| {
            let mine = key(*by, from);
            let same = |(_, session): &(ConnId, &Session)| key(*by, &session.from) == mine;
            mine != 0 && self.sessions.iter().filter(same).filter(others).nth(*most - 1).is_some()
        })
    }

    /// Turns a caller away who would be one too many.
    pub(super) fn turn_away(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        out.mark("caller-turned-away");
        self.end(conn, TOO_MANY, "too many connections", out);
    }

    /// Plans the end of a new connection, if none may last for ever.
    pub(super) fn limit_age(&self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        let age = self.config.policy.server.limits.connection_age;
        if !age.is_zero() {
            out.timer(Timer::Age(conn), now.mono + age);
        }
    }

    /// A connection has lasted for as long as any may.
    pub(super) fn aged(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        if self.sessions.get(conn).is_some() {
            self.end(conn, TOO_OLD, "connected for too long", out);
        } else if self.requests.get(conn).is_some() {
            self.end(conn, UNASKED, "nothing was asked", out);
        }
    }

    /// Ends a connection on which so many bytes came at once, if they are too many.
    pub(super) fn is_too_big(
        &mut self,
        conn: ConnId,
        size: u32,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        let too_big = size > *self.limits.message_bytes;
        if too_big {
            self.end(conn, TOO_BIG, "message too big", out);
        }
        too_big
    }
}
