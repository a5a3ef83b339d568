//! What can be done to devices and by people.

use super::super::Witness;
use super::super::effects::SIDES;
use super::super::host::Delivery;
use super::super::issuer::Treatment;
use super::super::lane::Parcel;
use super::super::net::EndState;
use super::super::world::World;
use crate::history::{Meaning, Observation, Standing};
use crate::id::{NodeId, Topic};
use crate::protocol::Protocol;
use crate::time::Span;

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// Tells a node what its device says of the network.
    pub fn device(&mut self, node: NodeId, online: bool) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.observe(index, &Observation::Device { online });
        self.hand(index, Delivery::Device(online));
    }

    /// Cuts a node off from all that is outside of it, the issuer too; cuts add up. The paths
    /// to other nodes are cut on their own.
    pub fn unplug(&mut self, node: NodeId, unplugged: bool) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.note(60, index, u64::from(unplugged), 0);
        let host = &mut self.core.hosts[index as usize];
        host.unplugged =
            if unplugged { host.unplugged + 1 } else { host.unplugged.saturating_sub(1) };
    }

    /// Sets how the issuer treats a user.
    pub fn treat(&mut self, user: NodeId, treatment: Treatment) {
        let Some(index) = self.core.index_of(user) else { return };
        let lifetime = treatment.lifetime.map_or(0, Span::as_micros);
        let flags = u64::from(treatment.refused) << 1 | u64::from(treatment.silent);
        self.core.note(61, index, lifetime, flags);
        if let Some(standing) = self.core.issuer.treat(user, treatment) {
            self.core.observe(index, &Observation::Credential(standing));
        }
    }

    /// Revokes all credentials of a user.
    pub fn revoke(&mut self, user: NodeId) {
        let Some(index) = self.core.index_of(user) else { return };
        for credential in self.core.issuer.revoke(user) {
            self.core.note(62, index, credential, 0);
            self.core.observe(index, &Observation::Credential(Standing::Revoked { credential }));
        }
    }

    /// Takes a topic away from a user, or gives it back.
    pub fn withdraw(&mut self, user: NodeId, topic: Topic, withdrawn: bool) {
        let Some(index) = self.core.index_of(user) else { return };
        self.core.note(63, index, u64::from(topic.0), u64::from(withdrawn));
        let standing = self.core.issuer.withdraw(user, topic, withdrawn);
        self.core.observe(index, &Observation::Credential(standing));
    }

    /// Prepares for [`World::repeat`].
    pub fn keep_repeats(&mut self) {
        self.core.repeats = true;
    }

    /// Sends again the last message that a node sent on each of its connections to another, unless
    /// half of what a queue may hold waits already, on the way or for the peer to have time: it is
    /// the peer that is flooded. Who has no time for what comes has none to send.
    pub fn repeat(&mut self, from: NodeId, to: NodeId) {
        let Some(index) = self.core.index_of(from) else { return };
        if self.core.hosts[index as usize].is_occupied(self.core.now) {
            return;
        }
        for id in self.conns_between(from, to) {
            let Some(conn) = self.core.net.get(id) else { continue };
            let end = conn.end_of(index);
            let taker = &self.core.hosts[conn.ends[1 - end].host as usize];
            let waiting = (conn.lanes[end].writes() + taker.inbox.len()) as u32;
            if conn.ends[end].state != EndState::Open || waiting >= self.objectives.queue_max / 2 {
                continue;
            }
            if let Some(payload) = conn.repeats[end] {
                let size = self.core.payloads.get(payload).size;
                self.core.note(64, index, u64::from(id.serial()), 0);
                self.core.observe(index, &Observation::Repeated { conn: id });
                self.out.charge_end(id, end, size).whatever();
                self.core.send_payload(&mut self.out, index, id, payload, size);
            }
        }
    }

    /// Sends bytes that are no message on each connection from a node to another.
    pub fn send_garbage(&mut self, from: NodeId, to: NodeId, bytes: u32) {
        let Some(index) = self.core.index_of(from) else { return };
        for id in self.conns_between(from, to) {
            let Some(conn) = self.core.net.get(id) else { continue };
            let end = conn.end_of(index);
            if conn.ends[end].state != EndState::Open {
                continue;
            }
            self.core.note(65, index, u64::from(id.serial()), u64::from(bytes));
            let meaning = Meaning { size: bytes, ..Meaning::default() };
            let side = SIDES[end];
            let what = Observation::Sent { conn: id, side, live: true, meaning };
            self.core.observe(index, &what);
            self.out.charge_end(id, end, bytes).whatever();
            self.core.put(id.slot(), end, Parcel::Garbage(bytes), bytes);
        }
        #[cfg(feature = "wire")]
        self.knock(from, to);
    }
}
