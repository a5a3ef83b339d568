//! What can be done to nodes.

use super::super::Witness;
use super::super::agenda::Wake;
use super::super::host::State;
use super::super::lane::Parcel;
use super::super::net::EndState;
use super::super::world::World;
use crate::history::{Initiator, Life, Observation};
use crate::id::NodeId;
use crate::protocol::Protocol;
use crate::time::Span;

impl<P: Protocol, W: Witness<P>> World<P, W> {
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
            let in_flight = conn.lanes[end].writes() as u64;
            let keep = draw.below(0, in_flight + 1);
            for item in core.net.drop_suffix(id, end, keep) {
                core.release(item.parcel);
            }
            if !dark {
                let parcel = Parcel::Close { code: 1006, by: Initiator::Network };
                core.reply_parcel(id, end, parcel);
            }
            core.bury(&mut self.out, id);
        }
    }

    /// Runs a node again that was down. One that has not run yet stays dormant.
    pub fn restart(&mut self, node: NodeId) {
        let Some(index) = self.core.index_of(node) else { return };
        let host = &self.core.hosts[index as usize];
        if !host.is_running() && host.incarnation > 0 {
            self.boot(index, Life::Restarted);
        }
    }

    /// Lets a node handle nothing, while its transport goes on acknowledging.
    pub fn pause(&mut self, node: NodeId) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.note(48, index, 0, 0);
        let host = &mut self.core.hosts[index as usize];
        host.paused += 1;
        // Whoever is down is told so when it runs again.
        if host.paused == 1 && host.is_running() {
            self.core.observe(index, &Observation::Node(Life::Paused));
        }
    }

    /// Takes back one pause: what has waited is handled at once.
    pub fn resume(&mut self, node: NodeId) {
        let Some(index) = self.core.index_of(node) else { return };
        let host = &mut self.core.hosts[index as usize];
        // A crash has ended all pauses before it.
        if host.paused == 0 {
            return;
        }
        host.paused -= 1;
        if host.paused == 0 {
            let running = host.is_running();
            self.core.note(49, index, 0, 0);
            if running {
                self.core.observe(index, &Observation::Node(Life::Resumed));
            }
            self.ready(index);
        }
    }

    /// Lets each event take a node this long, until it is set to nothing again.
    pub fn slow(&mut self, node: NodeId, cost: Span) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.note(57, index, cost.as_micros(), 0);
        let host = &mut self.core.hosts[index as usize];
        let was = host.is_burdened();
        host.cost = cost;
        self.tell_burden(index, was);
    }

    /// Lets a node's timers, or the one that traces call by this name, go off only when its
    /// clock reads a multiple of `grain`; none takes that back, also for those that are set.
    pub fn throttle(&mut self, node: NodeId, timer: Option<&str>, grain: Option<Span>) {
        let Some(index) = self.core.index_of(node) else { return };
        self.core.note(58, index, grain.map_or(0, Span::as_micros), 0);
        let host = &mut self.core.hosts[index as usize];
        let was = host.is_burdened();
        host.throttle(grain.map(|grain| (timer.map(str::to_owned), grain)));
        if grain.is_some() {
            host.wake = Wake::NEVER;
        }
        self.core.plan_timers(index);
        self.tell_burden(index, was);
    }

    /// Tells that a node has become slow, or is no longer, by whatever makes it so.
    fn tell_burden(&mut self, index: u32, was: bool) {
        let host = &self.core.hosts[index as usize];
        let is = host.is_burdened();
        if is != was && host.is_running() {
            let life = if is { Life::Burdened } else { Life::Relieved };
            self.core.observe(index, &Observation::Node(life));
        }
    }

    /// Runs a dormant node, its store a copy of another node's: a tab that was duplicated.
    pub fn fork(&mut self, from: NodeId, to: NodeId) {
        let (Some(a), Some(b)) = (self.core.index_of(from), self.core.index_of(to)) else { return };
        let host = &self.core.hosts[b as usize];
        if host.is_running() || host.incarnation > 0 {
            return;
        }
        self.core.note(59, b, u64::from(from.0), 0);
        let store = |host: u32| self.core.hosts[host as usize].store;
        if let (Some(source), Some(target)) = (store(a), store(b))
            && source != target
        {
            let vaults = &mut self.core.vaults;
            let place = |id| vaults.iter().position(|vault| vault.id == id);
            if let (Some(source), Some(target)) = (place(source), place(target))
                && let Ok([source, target]) = vaults.get_disjoint_mut([source, target])
            {
                target.copy_of(source);
            }
        }
        self.boot(b, Life::Started);
    }
}
