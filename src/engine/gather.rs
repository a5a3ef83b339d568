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
use super::lane::Parcel;
use super::link::Link;
use super::net::Net;
use super::world::{Actor, World};
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
                    None => {
                        // It may dial anew.
                        net.links_of(index).for_each(read_link);
                        continue;
                    }
                },
                _ => continue,
            };
            let Some(Some(conn)) = net.conns.get(slot) else { continue };
            black_box(self.out.accounts[slot].serial);
            let end = if due == Due::Lane { 1 - index as usize % 2 } else { conn.end_of(index) };
            // What it may send.
            read_link(&net.links[conn.lanes[end].link as usize]);
            if due == Due::Lane {
                let host = conn.ends[end].host;
                read_host(&hosts[host as usize], &self.actors[host as usize]);
                black_box(net.newest_of(host));
                if let Some(Parcel::Message(slot)) = conn.lanes[1 - end].head() {
                    let payload = self.core.payloads.get(slot);
                    black_box((payload.meaning.kind, payload.meaning.op));
                }
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
fn read_link(link: &Link) {
    black_box(link.host_to);
}

#[inline]
fn read_host<P: Protocol>(host: &Host<P::Timer>, actor: &Option<Actor<P>>) {
    black_box((host.id, host.wake, host.busy_until, host.inbox.len()));
    black_box((host.timers.earliest(), host.state));
    black_box(actor.is_some());
}
