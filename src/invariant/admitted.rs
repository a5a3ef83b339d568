//! Who is connected to a server, read off the facts: a caller counts from its welcome on until the
//! server knows that the connection has ended.

use super::table::Table;
use crate::engine::Seen;
use crate::history::{Caller, Channel, Interest, Kind, Life, Observation, Side};
use crate::id::{ConnId, NodeId};
use crate::objectives::Objectives;

/// What connections are counted by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dimension {
    pub(crate) name: &'static str,
    key: fn(&Caller) -> u64,
    pub(crate) most: u32,
}

/// The dimensions that have a limit.
pub(crate) fn limited(objectives: &Objectives) -> Vec<Dimension> {
    let all = [
        Dimension { name: "client", key: |caller| caller.client, most: objectives.per_client },
        Dimension { name: "user", key: |caller| caller.user, most: objectives.per_user },
        Dimension { name: "address", key: |caller| caller.address, most: objectives.per_address },
    ];
    all.into_iter().filter(|dimension| dimension.most > 0).collect()
}

/// The callers of connections, and who of them asked whom for a document and was welcomed.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    callers: Table<ConnId, Caller>,
    /// Who was asked on each connection, and whether that was welcomed.
    asked: Table<ConnId, (NodeId, bool)>,
}

impl Admitted {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest = Interest::DIALLED
        .and(Interest::REFUSED)
        .and(Interest::SENT_OTHER)
        .and(Interest::CLOSED)
        .and(Interest::NODE);

    /// Takes in an observation; gives back the connection that it welcomes.
    pub(crate) fn observe(&mut self, seen: &Seen<'_>) -> Option<ConnId> {
        match *seen.what {
            Observation::Sent { conn, side: Side::Acceptor, live: true, meaning }
                if meaning.kind == Kind::Welcome && self.callers.contains_key(&conn) =>
            {
                let was = self.asked.insert(conn, (seen.node, true));
                return was.is_none_or(|(_, welcomed)| !welcomed).then_some(conn);
            }
            Observation::Delivered { conn, side: Side::Acceptor, meaning }
                if matches!(meaning.kind, Kind::Hello | Kind::Subscribe)
                    && self.callers.contains_key(&conn) =>
            {
                self.asked.get_or_insert(conn, (seen.node, false));
            }
            Observation::Dialled { conn, channel: Channel::Socket, caller, .. } => {
                self.callers.insert(conn, caller);
            }
            Observation::Refused { conn, .. }
            | Observation::Closed { conn, side: Side::Acceptor, .. } => {
                self.callers.remove(&conn);
                self.asked.remove(&conn);
            }
            Observation::Node(Life::Crashed) => {
                let callers = &mut self.callers;
                self.asked.retain(|conn, (server, _)| {
                    let stays = *server != seen.node;
                    if !stays {
                        callers.remove(conn);
                    }
                    stays
                });
            }
            _ => {}
        }
        None
    }

    /// How many instances other than that of a caller a server has welcomed, or is yet to, for the
    /// same key; nothing where the caller has no key of the dimension.
    pub(crate) fn others(
        &self,
        server: NodeId,
        conn: ConnId,
        by: Dimension,
        waiting: bool,
    ) -> Option<usize> {
        let caller = self.callers.get(&conn)?;
        let key = (by.key)(caller);
        if key == 0 {
            return None;
        }
        let counts = |(at, welcomed): &(NodeId, bool)| *at == server && (*welcomed || waiting);
        let of = self.asked.iter().filter(|(_, asked)| counts(asked));
        let callers = of.filter_map(|(conn, _)| self.callers.get(conn));
        let others = callers.filter(|other| (by.key)(other) == key);
        let mut instances: Vec<u64> = others.map(|other| other.instance).collect();
        instances.retain(|instance| *instance != caller.instance);
        instances.sort_unstable();
        instances.dedup();
        Some(instances.len())
    }

    /// Keeps only connections of which `keep` is true.
    pub(crate) fn retain(&mut self, keep: impl Fn(ConnId) -> bool) {
        self.callers.retain(|conn, _| keep(*conn));
        self.asked.retain(|conn, _| keep(*conn));
    }
}
