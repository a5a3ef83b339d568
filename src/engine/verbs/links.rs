//! What can be done to the paths between nodes.

use super::super::Witness;
use super::super::link::Gate;
use super::super::path::Weather;
use super::super::world::World;
use crate::history::{Observation, Path};
use crate::id::NodeId;
use crate::protocol::Protocol;

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// Cuts the path from one node to another. What streams carry is kept and goes on after
    /// [`World::repair_oneway`]; casts are lost. Cuts add up.
    pub fn partition_oneway(&mut self, from: NodeId, to: NodeId) {
        self.cut(from, to, false);
    }

    /// Keeps back all that is on the path from one node to another, casts as well, until
    /// [`World::release_oneway`].
    pub fn hold_oneway(&mut self, from: NodeId, to: NodeId) {
        self.cut(from, to, true);
    }

    fn cut(&mut self, from: NodeId, to: NodeId, held: bool) {
        let Some((a, link)) = self.path(from, to) else { return };
        self.core.note(41, a, u64::from(to.0), u64::from(held));
        self.core.net.cut(link, held);
        self.tell_path(a, to, link);
    }

    /// Takes back one cut; what was kept is sent again.
    pub fn repair_oneway(&mut self, from: NodeId, to: NodeId) {
        self.join(from, to, false);
    }

    /// Takes back one hold; what was kept arrives at once, in order.
    pub fn release_oneway(&mut self, from: NodeId, to: NodeId) {
        self.join(from, to, true);
    }

    fn join(&mut self, from: NodeId, to: NodeId, held: bool) {
        let Some((a, link)) = self.path(from, to) else { return };
        let core = &mut self.core;
        core.note(42, a, u64::from(to.0), u64::from(held));
        core.net.join(&mut core.agenda, core.now, link, held);
        self.tell_path(a, to, link);
    }

    fn tell_path(&mut self, from: u32, to: NodeId, link: u32) {
        let path = match &self.core.net.links[link as usize] {
            link if link.is_cut() => Path::Down,
            link if link.gate().is_shut() => Path::Shut,
            link if link.weather() != Weather::default() => Path::Impaired,
            _ => Path::Up,
        };
        let rough = self.core.net.links[link as usize].weather() != Weather::default();
        if path == Path::Down && rough {
            // What is lost meanwhile is not kept back.
            self.core.observe(from, &Observation::Link { to, path: Path::Impaired });
        }
        self.core.observe(from, &Observation::Link { to, path });
    }

    pub(super) fn path(&mut self, from: NodeId, to: NodeId) -> Option<(u32, u32)> {
        let (a, b) = (self.core.index_of(from)?, self.core.index_of(to)?);
        Some((a, self.core.link_between(a, b)))
    }

    /// Sets what the path from one node to another is like.
    pub fn set_weather(&mut self, from: NodeId, to: NodeId, weather: Weather) {
        let Some((a, link)) = self.path(from, to) else { return };
        self.core.note(43, a, u64::from(to.0), 0);
        self.core.digest.value(&weather);
        let usual = *self.core.net.usual(link);
        self.core.net.links[link as usize].set_weather(usual, weather);
        self.tell_path(a, to, link);
    }

    /// Sets what stands between one node and the nodes that it dials at another.
    pub fn set_gate(&mut self, from: NodeId, to: NodeId, gate: Gate) {
        let Some((a, link)) = self.path(from, to) else { return };
        self.core.note(44, a, u64::from(to.0), u64::from(gate.refuse.is_some()));
        let usual = *self.core.net.usual(link);
        self.core.net.links[link as usize].set_gate(usual, gate);
        self.tell_path(a, to, link);
        let Some(idle) = gate.idle else { return };
        for conn in self.conns_between(from, to) {
            let at = self.core.now + idle;
            self.core.watch_idle(conn, at);
        }
    }
}
