//! A right that has ended ends soon.

use super::passes::Passes;
use super::presence::Presence;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Side};
use crate::id::{ConnId, OpId};
use crate::objectives::{Access, Objectives};
use crate::time::Span;

/// What a look at a credential, and the end of a connection, may take.
const SLACK: Span = Span::secs(1);

/// Where people have to sign in: on the server's clock, no operation that comes after the expiry
/// of its author's credential is committed, and no state is sent on a connection later than the
/// time between two looks after its credential has expired or was revoked.
#[derive(Debug)]
pub struct AuthFreshness {
    access: Access,
    bound: Span,
    passes: Passes,
    presence: Presence,
    /// Operations that came, and whether each copy came too late.
    late: Table<OpId, bool>,
}

impl AuthFreshness {
    /// Judges by `access` and `revalidate`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            access: objectives.access,
            bound: objectives.revalidate + SLACK,
            passes: Passes::default(),
            presence: Presence::default(),
            late: Table::new(),
        }
    }

    /// For how long the credential of a connection has been good no more, where that is too long
    /// and its server had time to see it.
    fn overdue(&self, seen: &Seen<'_>, conn: ConnId) -> Option<Span> {
        let issued = self.passes.good(conn)?;
        let expired = seen.now.wall.since(issued.expires);
        let revoked = issued.revoked.map_or(Span::ZERO, |revoked| seen.at.since(revoked));
        let over = expired.max(revoked);
        let awake = seen.now.mono.since(self.presence.awake(seen.node));
        let had_time = self.presence.is_free(seen.node, seen.at) && awake > self.bound;
        (over > self.bound && had_time).then_some(over)
    }
}

impl Invariant for AuthFreshness {
    fn name(&self) -> &'static str {
        "auth-freshness"
    }
    fn statement(&self) -> &'static str {
        "No operation that comes after its author's credential has expired is committed, and no \
         state is sent on a connection long after its credential has expired or was revoked."
    }
    fn interest(&self) -> Interest {
        match self.access {
            Access::Open => Interest::NONE,
            Access::SignedIn => Passes::INTEREST
                .and(Presence::INTEREST)
                .and(Interest::SENT)
                .and(Interest::STORED_OTHER),
        }
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        self.passes.observe(seen);
        match seen.what {
            Observation::Delivered { conn, side: Side::Acceptor, meaning } => {
                if let (Kind::Op, Some(op), Some(issued)) =
                    (meaning.kind, meaning.op, self.passes.good(*conn))
                {
                    let late = seen.now.wall > issued.expires;
                    *self.late.get_or_insert(op, true) &= late;
                }
            }
            Observation::Stored { write: Some(write), .. } if !write.changes.is_empty() => {
                if let Some(op) = write.op.filter(|op| self.late.get(op) == Some(&true)) {
                    let message = format!("{op} was committed; its author's time was over");
                    ruling.violated(seen.node, message);
                }
            }
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning } => {
                let state = [Kind::Event, Kind::Snapshot, Kind::Delta, Kind::Ephemeral];
                if state.contains(&meaning.kind)
                    && let Some(over) = self.overdue(seen, *conn)
                {
                    let kind = meaning.kind;
                    let message = format!(
                        "sent {kind:?} on {conn} {over} after its credential was good no more"
                    );
                    ruling.violated(seen.node, message);
                }
            }
            _ => self.presence.observe(seen),
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.passes.retain(|conn| conn >= horizon.conn);
        self.late.retain(|op, _| *op >= horizon.op);
    }
}
