//! What can be done to a world from outside: give work, set a clock, and set the state of
//! links, connections, nodes, stores, devices and people.

mod conns;
mod links;
mod nodes;
mod people;
mod stores;

use super::Witness;
use super::agenda::Wake;
use super::host::Delivery;
use super::world::World;
use crate::history::Observation;
use crate::id::{NodeId, OpId};
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
        host.wake = Wake::NEVER;
        core.plan_timers(index);
        core.observe(index, &Observation::Clock { wall_step_us: 0, drift_ppm: ppm });
    }
}
