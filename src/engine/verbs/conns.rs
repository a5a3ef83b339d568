//! What can be done to connections.

use super::super::Witness;
use super::super::lane::Parcel;
use super::super::world::World;
use crate::history::Initiator;
use crate::id::{ConnId, NodeId};
use crate::protocol::Protocol;

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// The connections between two nodes that are not over, oldest first.
    pub fn conns_between(&self, one: NodeId, other: NodeId) -> Vec<ConnId> {
        let (Some(a), Some(b)) = (self.core.index_of(one), self.core.index_of(other)) else {
            return Vec::new();
        };
        let net = &self.core.net;
        let mut conns = net.between(a, b);
        conns.retain(|id| net.is_alive_at(*id, a));
        conns
    }

    /// Breaks all connections between two nodes.
    pub fn break_all(&mut self, one: NodeId, other: NodeId, code: u16) {
        for id in self.conns_between(one, other) {
            self.break_conn(id, code);
        }
    }

    /// Makes all connections between two nodes carry nothing more from the first.
    pub fn silence_all(&mut self, from: NodeId, other: NodeId) {
        for id in self.conns_between(from, other) {
            self.silence(id, from);
        }
    }

    /// Breaks all connections between two nodes and tells only the one that is not `late`.
    pub fn break_all_untold(&mut self, late: NodeId, other: NodeId) {
        for id in self.conns_between(late, other) {
            self.break_untold(id, late);
        }
    }

    /// Breaks a connection: in each direction a drawn part of what is in flight still
    /// arrives, then each side is told that it ended, with `code` (1006: no close frame).
    pub fn break_conn(&mut self, id: ConnId, code: u16) {
        let core = &mut self.core;
        core.note(45, 0, u64::from(id.serial()), u64::from(code));
        let by = if code == 1006 { Initiator::Network } else { Initiator::Remote };
        let Some(draw) = core.conn_draw(id, "break") else { return };
        for direction in 0..2 {
            let Some(conn) = core.net.get(id) else { return };
            let in_flight = conn.lanes[direction].writes() as u64;
            let keep = draw.below(direction as u64, in_flight + 1);
            for item in core.net.drop_suffix(id, direction, keep) {
                core.release(item.parcel);
            }
            core.reply_parcel(id, direction, Parcel::Close { code, by });
        }
    }

    /// Makes a connection carry nothing more from the end at `from`, and tells nobody.
    pub fn silence(&mut self, id: ConnId, from: NodeId) {
        let Some(index) = self.core.index_of(from) else { return };
        let Some(end) = self.core.net.get(id).map(|conn| conn.end_of(index)) else { return };
        self.core.note(46, index, u64::from(id.serial()), 0);
        self.core.net.silence(id, end);
    }

    /// Breaks a connection and tells only the node that is not `late` of it; the other goes on
    /// in good faith until [`World::tell_late`].
    pub fn break_untold(&mut self, id: ConnId, late: NodeId) {
        let Some(index) = self.core.index_of(late) else { return };
        let Some(end) = self.core.net.get(id).map(|conn| conn.end_of(index)) else { return };
        self.core.note(55, index, u64::from(id.serial()), 0);
        for direction in 0..2 {
            for item in self.core.net.drop_suffix(id, direction, 0) {
                self.core.release(item.parcel);
            }
        }
        self.core.net.silence(id, 1 - end);
        let by = Initiator::Network;
        self.core.reply_parcel(id, end, Parcel::Close { code: 1006, by });
    }

    /// Tells a node at last of the connections to another that ended without its knowledge.
    pub fn tell_late(&mut self, late: NodeId, other: NodeId) {
        let Some(index) = self.core.index_of(late) else { return };
        for id in self.conns_between(late, other) {
            let Some(conn) = self.core.net.get(id) else { continue };
            let end = conn.end_of(index);
            if !conn.lanes[1 - end].silent {
                continue;
            }
            self.core.note(56, index, u64::from(id.serial()), 0);
            for item in self.core.net.drop_suffix(id, 1 - end, 0) {
                self.core.release(item.parcel);
            }
            let by = Initiator::Network;
            self.core.reply_parcel(id, 1 - end, Parcel::Close { code: 1006, by });
        }
    }
}
