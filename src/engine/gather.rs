//! Reading ahead in large worlds.
//!
//! What an event needs of a world that no cache holds is in a dozen places, and read where it is
//! needed, each is a wait of its own. So what a handful of events will need is read at once, in
//! two rounds, since one place says where the other is: the waits of a round are one. What is read
//! here decides nothing.

use std::hint::black_box;

use super::Witness;
use super::agenda::Due;
use super::host::Host;
use super::net::{Conn, Net};
use super::world::{Actor, World};
use crate::protocol::Protocol;

/// A world with fewer nodes fits into a cache.
const MANY: usize = 2_000;

/// So many events are looked ahead: a processor waits for about as many places at once.
const AHEAD: u32 = 8;

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
                Due::Lane => read_conn(net, index as usize / 2),
                Due::Deadline => read_host(&hosts[index as usize], &self.actors[index as usize]),
                _ => {}
            }
        }
        for (due, index) in soon() {
            let slot = match due {
                Due::Lane => index as usize / 2,
                Due::Deadline => match net.newest_of(index) {
                    Some(conn) => conn.slot(),
                    None => continue,
                },
                _ => continue,
            };
            let Some(Some(conn)) = net.conns.get(slot) else { continue };
            read_links(net, conn);
            black_box(self.out.accounts[slot].serial);
            if due == Due::Lane {
                let host = conn.ends[1 - index as usize % 2].host as usize;
                read_host(&hosts[host], &self.actors[host]);
            }
        }
    }
}

#[inline]
fn read_conn(net: &Net, slot: usize) {
    let Some(Some(conn)) = net.conns.get(slot) else { return };
    black_box((conn.id.slot, conn.used_at, conn.look_at));
    black_box((conn.lanes[0].wake, conn.lanes[0].floor));
    black_box((conn.lanes[1].wake, conn.lanes[1].floor));
}

#[inline]
fn read_links(net: &Net, conn: &Conn) {
    for lane in &conn.lanes {
        black_box(net.links[lane.link as usize].host_to);
    }
}

#[inline]
fn read_host<P: Protocol>(host: &Host<P::Timer>, actor: &Option<Actor<P>>) {
    black_box((host.id, host.wake, host.busy_until, host.inbox.len()));
    black_box((host.timers.earliest(), host.state));
    black_box(actor.is_some());
}
