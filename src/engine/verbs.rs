//! What can be done to a world from outside: give work, and set the state of links,
//! connections, nodes, stores, clocks and devices.

use super::Witness;
use super::host::{Delivery, State};
use super::net::{EndState, Parcel};
use super::setup::{Chaos, Latency};
use super::vault::StoreMode;
use super::world::World;
use crate::history::{Initiator, Life, Observation, Path, StoreOutcome};
use crate::id::{ConnId, NodeId, OpId, StoreId, Ticket};
use crate::protocol::Protocol;

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// Gives a node an operation. A node that is down does not hear of it.
    pub fn give(&mut self, node: NodeId, id: OpId, op: &P::Op) {
        let Some(index) = self.core.index_of(node) else { return };
        if !self.core.hosts[index as usize].is_running() {
            return;
        }
        self.core.note(40, index, u64::from(id.0), 0);
        self.core.digest.value(op);
        let (request, changes) = P::request(id, op);
        self.core.observe(index, &Observation::Given { op: id, request, changes });
        let slot = self.core.ops.insert((id, op.clone())) as u32;
        self.hand(index, Delivery::Op(slot));
    }

    /// Cuts the path from one node to another. What streams carry is kept and goes on after
    /// [`World::repair_oneway`]; casts are lost. Cuts add up.
    pub fn partition_oneway(&mut self, from: NodeId, to: NodeId) {
        let Some((a, link)) = self.path(from, to) else { return };
        self.core.note(41, a, u64::from(to.0), 0);
        self.core.net.cut(link);
        self.tell_path(a, to, link);
    }

    /// Takes back one cut; what was kept is sent again.
    pub fn repair_oneway(&mut self, from: NodeId, to: NodeId) {
        self.join(from, to, false);
    }

    /// Takes back one cut; what was kept arrives at once, in order.
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
        let state = &self.core.net.links[link as usize];
        let path = match state {
            link if link.down > 0 => Path::Down,
            link if link.latency != link.usual || !link.chaos.is_calm() => Path::Impaired,
            _ => Path::Up,
        };
        self.core.observe(from, &Observation::Link { to, path });
    }

    fn path(&mut self, from: NodeId, to: NodeId) -> Option<(u32, u32)> {
        let (a, b) = (self.core.index_of(from)?, self.core.index_of(to)?);
        Some((a, self.core.link_between(a, b)))
    }

    /// Sets how long the path from one node to another takes; none is the usual.
    pub fn set_latency(&mut self, from: NodeId, to: NodeId, latency: Option<Latency>) {
        let Some((a, link)) = self.path(from, to) else { return };
        self.core.note(43, a, u64::from(to.0), u64::from(latency.is_some()));
        self.core.digest.value(&latency);
        let link_id = link;
        let link = &mut self.core.net.links[link_id as usize];
        link.latency = latency.unwrap_or(link.usual);
        self.tell_path(a, to, link_id);
    }

    /// Sets what the path from one node to another does to messages.
    pub fn set_chaos(&mut self, from: NodeId, to: NodeId, chaos: Chaos) {
        let Some((a, link)) = self.path(from, to) else { return };
        self.core.note(44, a, u64::from(to.0), 0);
        self.core.digest.value(&chaos);
        self.core.net.links[link as usize].chaos = chaos;
        self.tell_path(a, to, link);
    }

    /// The connections between two nodes that are not over, oldest first.
    pub fn conns_between(&self, one: NodeId, other: NodeId) -> Vec<ConnId> {
        let (Some(a), Some(b)) = (self.core.index_of(one), self.core.index_of(other)) else {
            return Vec::new();
        };
        let net = &self.core.net;
        let mut conns = net.of_host(a);
        conns.retain(|id| {
            net.get(*id).is_some_and(|conn| conn.ends.iter().any(|end| end.host == b))
        });
        conns
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
            let in_flight = conn.lanes[direction].fifo.len() as u64;
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

    /// Kills a node. Its peers are told, unless its host goes dark with it.
    pub fn crash(&mut self, node: NodeId, dark: bool) {
        let Some(index) = self.core.index_of(node) else { return };
        let core = &mut self.core;
        let host = &mut core.hosts[index as usize];
        if !host.is_running() {
            return;
        }
        let waiting = host.die(if dark { State::Dark } else { State::Down });
        for delivery in waiting {
            core.discard(delivery);
        }
        self.actors[index as usize] = None;
        core.note(47, index, u64::from(dark), 0);
        core.observe(index, &Observation::Node(Life::Crashed));
        core.trace(index, || "crashed".to_owned());
        for id in core.net.of_host(index) {
            let Some(draw) = core.conn_draw(id, "crash") else { continue };
            let Some(conn) = core.net.get_mut(id) else { continue };
            let end = conn.end_of(index);
            conn.ends[end].state = EndState::Gone;
            let in_flight = conn.lanes[end].fifo.len() as u64;
            let keep = draw.below(0, in_flight + 1);
            for item in core.net.drop_suffix(id, end, keep) {
                core.release(item.parcel);
            }
            if !dark {
                let parcel = Parcel::Close { code: 1006, by: Initiator::Network };
                core.reply_parcel(id, end, parcel);
            }
            core.end_peer(id, 1 - end);
            core.bury(&mut self.out, id);
        }
    }

    /// Runs a node again that was down.
    pub fn restart(&mut self, node: NodeId) {
        let Some(index) = self.core.index_of(node) else { return };
        if !self.core.hosts[index as usize].is_running() {
            self.boot(index, Life::Restarted);
        }
    }

    /// Lets a node handle nothing, while its transport goes on acknowledging.
    pub fn pause(&mut self, node: NodeId) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.note(48, index, 0, 0);
        self.core.hosts[index as usize].paused += 1;
        self.core.observe(index, &Observation::Node(Life::Paused));
    }

    /// Takes back one pause: what has waited is handled at once.
    pub fn resume(&mut self, node: NodeId) {
        let Some(index) = self.core.index_of(node) else { return };
        let host = &mut self.core.hosts[index as usize];
        host.paused = host.paused.saturating_sub(1);
        if host.paused == 0 {
            self.core.note(49, index, 0, 0);
            self.core.observe(index, &Observation::Node(Life::Resumed));
            self.ready(index);
        }
    }

    /// Tells a node what its device says of the network.
    pub fn device(&mut self, node: NodeId, online: bool) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.observe(index, &Observation::Device { online });
        self.hand(index, Delivery::Device(online));
    }

    /// Moves a node's wall clock.
    pub fn step_wall(&mut self, node: NodeId, micros: i64) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.note(50, index, micros as u64, 0);
        self.core.hosts[index as usize].clock.step_wall(micros);
        let what = Observation::Clock { wall_step_us: micros, drift_ppm: 0 };
        self.core.observe(index, &what);
    }

    /// Lets a node's clocks run fast or slow, in millionths.
    pub fn drift(&mut self, node: NodeId, ppm: i32) {
        let Some(index) = self.core.index_of(node) else { return };
        let core = &mut self.core;
        core.note(51, index, ppm as u64, 0);
        let host = &mut core.hosts[index as usize];
        host.clock.drift(core.now, ppm);
        host.wake = None;
        core.plan_timers(index);
        core.observe(index, &Observation::Clock { wall_step_us: 0, drift_ppm: ppm });
    }

    /// Sets how a store treats requests.
    pub fn store_mode(&mut self, store: StoreId, mode: StoreMode) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.mode = mode;
        }
        let delay = mode.delay.as_micros();
        let odds = u64::from(mode.fail_ppm) << 32 | u64::from(mode.ambiguous_ppm);
        self.core.note(52, store.0, delay, odds);
    }

    /// Prepares a store for [`World::lose_unflushed`].
    pub fn journal(&mut self, store: StoreId) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.journal();
        }
    }

    /// Lets a store lose a drawn part of what was executed since the last flush.
    pub fn lose_unflushed(&mut self, store: StoreId) {
        let core = &mut self.core;
        let draw = core.draw.purpose("lose").key(core.now.as_micros()).key(u64::from(store.0));
        if let Some(vault) = core.vaults.iter_mut().find(|vault| vault.id == store) {
            let keep = draw.below(0, vault.unflushed() + 1);
            let lost = vault.lose(keep);
            core.note(53, store.0, keep, 0);
            for ticket in lost {
                self.tell_users(store, ticket, StoreOutcome::Lost);
            }
        }
    }

    /// Remembers a store's state for [`World::restore`].
    pub fn checkpoint(&mut self, store: StoreId) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.remember();
            self.tell_users(store, Ticket(u32::MAX), StoreOutcome::Remembered);
        }
    }

    /// Puts a store back to its checkpoint, or to nothing; a new lineage begins.
    pub fn restore(&mut self, store: StoreId, empty: bool) {
        if let Some(vault) = self.core.vaults.iter_mut().find(|vault| vault.id == store) {
            vault.restore(empty);
            self.core.note(54, store.0, u64::from(empty), 0);
            let outcome = if empty { StoreOutcome::Emptied } else { StoreOutcome::Restored };
            self.tell_users(store, Ticket(u32::MAX), outcome);
        }
    }

    fn tell_users(&mut self, store: StoreId, ticket: Ticket, outcome: StoreOutcome) {
        let user = self.core.hosts.iter().position(|host| host.store == Some(store));
        let what = Observation::Stored { store, ticket, outcome, write: None };
        self.core.observe(user.unwrap_or(0) as u32, &what);
    }
}
