//! Reading ahead in large worlds.
//!
//! What an event needs of a world that no cache holds is in a dozen places, and read where it is
//! needed, each is a wait of its own. So what a handful of events will need is read at once, in
//! two rounds, since one place says where the other is: the waits of a round are one, as long as
//! nothing in it branches on what it reads. What is read here decides nothing.

use std::hint::black_box;

use super::Witness;
use super::agenda::Due;
use super::host::Host;
use super::lane::Parcel;
use super::link::Link;
use super::world::{Actor, World};
use crate::id::ConnId;
use crate::protocol::Protocol;

/// A world with fewer nodes fits into a cache.
const MANY: usize = 2_000;

/// So many events are looked ahead: a processor waits for about as many places at once.
const AHEAD: u32 = 16;

/// Whether a world of so many nodes is large.
pub(super) const fn is_large(nodes: usize) -> bool {
    nodes >= MANY
}

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// Reads what the next events will need, once every so many.
    #[inline]
    pub(super) fn gather(&mut self) {
        if self.gathered == 0 {
            self.gathered = AHEAD;
            self.read_ahead();
        }
        self.gathered -= 1;
    }

    #[inline(never)]
    fn read_ahead(&self) {
        let (net, hosts) = (&self.core.net, &self.core.hosts);
        let soon = || self.core.agenda.soon().take(AHEAD as usize);
        for (due, index) in soon() {
            match due {
                Due::Lane => self.read_conn(index as usize / 2),
                Due::Deadline => {
                    read_host(&hosts[index as usize], &self.actors[index as usize]);
                    net.read_lists(index);
                }
                _ => {}
            }
        }
        let mut free = self.out.free.iter().rev();
        for (due, index) in soon() {
            match due {
                Due::Lane => self.read_arrival(index as usize / 2, index as usize % 2),
                Due::Deadline => {
                    net.links_of(index).for_each(read_link);
                    // Who has no connection may dial anew.
                    let slot = net.newest_of(index).map(ConnId::slot);
                    if let Some(slot) = slot.or_else(|| free.next().map(|slot| *slot as usize)) {
                        self.read_conn(slot);
                    }
                }
                _ => {}
            }
        }
    }

    #[inline]
    fn read_conn(&self, slot: usize) {
        self.core.net.read(slot);
        black_box(self.out.accounts.get(slot).map(|account| account.serial));
    }

    /// What the head of a direction of a connection, and an answer to it, will need.
    #[inline]
    fn read_arrival(&self, slot: usize, direction: usize) {
        let net = &self.core.net;
        let Some(conn) = net.at(slot) else { return };
        let (end, lane) = (1 - direction, &conn.lanes[direction]);
        read_link(&net.links[conn.lanes[end].link as usize]);
        match lane.head() {
            Some(Parcel::Message(slot)) => drop(black_box(self.core.payloads.get(slot).size)),
            Some(Parcel::Syn) => read_link(&net.links[lane.link as usize]),
            _ => {}
        }
        let host = conn.ends[end].host;
        read_host(&self.core.hosts[host as usize], &self.actors[host as usize]);
        net.read_lists(host);
    }
}

#[inline]
fn read_link(link: &Link) {
    black_box(link.host_to);
}

#[inline]
fn read_host<P: Protocol>(host: &Host<P::Timer>, actor: &Option<Actor<P>>) {
    host.read();
    black_box(actor.is_some());
}
