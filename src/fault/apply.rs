//! Carrying a plan out on a world.

use super::plan::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, Plan,
    StoreFault,
};
use crate::engine::{Chaos, Latency, StoreMode, Witness, World};
use crate::id::{NodeId, StoreId};
use crate::protocol::Protocol;
use crate::time::Time;

/// A plan as beginnings and ends in the order of their times.
pub struct Timeline<'a> {
    plan: &'a [Fault],
    nodes: Vec<NodeId>,
    steps: Vec<(Time, usize, bool)>,
    next: usize,
    active: Vec<bool>,
}

impl<'a> Timeline<'a> {
    /// The timeline of a plan for a world with these nodes. All ends come by `horizon`.
    pub fn new(plan: &'a Plan, nodes: Vec<NodeId>, horizon: Time) -> Self {
        let plan = plan.0.as_slice();
        let mut steps = Vec::with_capacity(plan.len() * 2);
        for (i, fault) in plan.iter().enumerate() {
            steps.push((fault.at.min(horizon), i, true));
            steps.push(((fault.at + fault.lasts).min(horizon), i, false));
        }
        steps.sort_by_key(|(at, i, begins)| (*at, *i, !begins));
        Self { plan, nodes, steps, next: 0, active: vec![false; plan.len()] }
    }

    /// When the next step is due.
    pub fn next(&self) -> Option<Time> {
        self.steps.get(self.next).map(|(at, _, _)| *at)
    }

    /// Prepares the world for faults that must be known from the start.
    pub fn prepare<P: Protocol, W: Witness<P>>(&self, world: &mut World<P, W>) {
        for fault in self.plan {
            if let FaultKind::Store(StoreFault::SuffixLost(store)) = fault.kind {
                world.journal(store);
            }
        }
    }

    /// Carries out the next step.
    pub fn step<P: Protocol, W: Witness<P>>(&mut self, world: &mut World<P, W>) {
        let Some(&(_, i, begins)) = self.steps.get(self.next) else { return };
        self.next += 1;
        self.active[i] = begins;
        match &self.plan[i].kind {
            FaultKind::Link(fault) => self.link(world, fault, begins),
            FaultKind::Connection(fault) if begins => connection(world, fault),
            FaultKind::Connection(_) => {}
            FaultKind::Node(fault) => node(world, fault, begins),
            FaultKind::Store(fault) => self.store(world, fault, begins),
            FaultKind::Clock(fault) => clock(world, fault, begins),
            FaultKind::Device(fault) => self.device(world, fault, begins),
        }
    }

    /// The pairs between two groups; an empty second group is everybody else.
    fn pairs(&self, a: &[NodeId], b: &[NodeId]) -> Vec<(NodeId, NodeId)> {
        let others: Vec<NodeId> = if b.is_empty() {
            self.nodes.iter().copied().filter(|node| !a.contains(node)).collect()
        } else {
            b.to_vec()
        };
        let pair = |from: &NodeId| {
            let from = *from;
            others.iter().filter(move |to| **to != from).map(move |to| (from, *to))
        };
        a.iter().flat_map(pair).collect()
    }

    fn link<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &LinkFault,
        begins: bool,
    ) {
        match fault {
            LinkFault::Partition(a, b) | LinkFault::Hold(a, b) => {
                let held = matches!(fault, LinkFault::Hold(..));
                for (one, other) in self.pairs(a, b) {
                    cut(world, one, other, begins, held);
                    cut(world, other, one, begins, held);
                }
            }
            LinkFault::PartitionOneway(a, b) => {
                for (from, to) in self.pairs(a, b) {
                    cut(world, from, to, begins, false);
                }
            }
            LinkFault::Latency(a, b, _) | LinkFault::Chaos(a, b, _) => {
                for (one, other) in self.pairs(a, b) {
                    for (from, to) in [(one, other), (other, one)] {
                        let (latency, chaos) = self.weather(from, to);
                        world.set_latency(from, to, latency);
                        world.set_chaos(from, to, chaos.unwrap_or_default());
                    }
                }
            }
        }
    }

    /// What the active faults make of a path; of two of a kind, the one that began last.
    fn weather(&self, from: NodeId, to: NodeId) -> (Option<Latency>, Option<Chaos>) {
        let mut weather = (None, None);
        for (fault, _) in self.plan.iter().zip(&self.active).filter(|(_, active)| **active) {
            let covers = |a: &[NodeId], b: &[NodeId]| {
                let across = |x: NodeId, y: NodeId| {
                    a.contains(&x) && (b.contains(&y) || b.is_empty() && !a.contains(&y))
                };
                across(from, to) || across(to, from)
            };
            match &fault.kind {
                FaultKind::Link(LinkFault::Latency(a, b, latency)) if covers(a, b) => {
                    weather.0 = Some(*latency);
                }
                FaultKind::Link(LinkFault::Chaos(a, b, chaos)) if covers(a, b) => {
                    weather.1 = Some(*chaos);
                }
                _ => {}
            }
        }
        weather
    }

    fn store<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &StoreFault,
        begins: bool,
    ) {
        match *fault {
            StoreFault::Slow(store, _)
            | StoreFault::Failing(store, _)
            | StoreFault::Ambiguous(store, _) => world.store_mode(store, self.mode(store)),
            StoreFault::SuffixLost(store) if begins => world.lose_unflushed(store),
            StoreFault::Restored(store) if begins => world.checkpoint(store),
            StoreFault::Restored(store) => world.restore(store, false),
            StoreFault::Emptied(store) if begins => world.restore(store, true),
            StoreFault::SuffixLost(_) | StoreFault::Emptied(_) => {}
        }
    }

    fn mode(&self, of: StoreId) -> StoreMode {
        let mut mode = StoreMode::default();
        for (fault, _) in self.plan.iter().zip(&self.active).filter(|(_, active)| **active) {
            match fault.kind {
                FaultKind::Store(StoreFault::Slow(store, span)) if store == of => {
                    mode.delay = span;
                }
                FaultKind::Store(StoreFault::Failing(store, ppm)) if store == of => {
                    mode.fail_ppm = ppm;
                }
                FaultKind::Store(StoreFault::Ambiguous(store, ppm)) if store == of => {
                    mode.ambiguous_ppm = ppm;
                }
                _ => {}
            }
        }
        mode
    }

    fn device<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &DeviceFault,
        begins: bool,
    ) {
        let (DeviceFault::Offline(node) | DeviceFault::SaysOffline(node)) = *fault;
        if matches!(fault, DeviceFault::Offline(_)) {
            for (one, other) in self.pairs(&[node], &[]) {
                cut(world, one, other, begins, false);
                cut(world, other, one, begins, false);
            }
        }
        world.device(node, !begins);
    }
}

fn cut<P: Protocol, W: Witness<P>>(
    world: &mut World<P, W>,
    from: NodeId,
    to: NodeId,
    begins: bool,
    held: bool,
) {
    match (begins, held) {
        (true, _) => world.partition_oneway(from, to),
        (false, true) => world.release_oneway(from, to),
        (false, false) => world.repair_oneway(from, to),
    }
}

fn connection<P: Protocol, W: Witness<P>>(world: &mut World<P, W>, fault: &ConnectionFault) {
    let (ConnectionFault::Reset(a, b)
    | ConnectionFault::Close(a, b, _)
    | ConnectionFault::HalfOpen(a, b)) = *fault;
    for conn in world.conns_between(a, b) {
        match *fault {
            ConnectionFault::Reset(..) => world.break_conn(conn, 1006),
            ConnectionFault::Close(_, _, code) => world.break_conn(conn, code),
            ConnectionFault::HalfOpen(from, _) => world.silence(conn, from),
        }
    }
}

fn node<P: Protocol, W: Witness<P>>(world: &mut World<P, W>, fault: &NodeFault, begins: bool) {
    match (fault, begins) {
        (NodeFault::Crash(node), true) => world.crash(*node, false),
        (NodeFault::PowerLoss(node), true) => world.crash(*node, true),
        (NodeFault::Crash(node) | NodeFault::PowerLoss(node), false) => world.restart(*node),
        (NodeFault::Pause(node), true) => world.pause(*node),
        (NodeFault::Pause(node), false) => world.resume(*node),
    }
}

fn clock<P: Protocol, W: Witness<P>>(world: &mut World<P, W>, fault: &ClockFault, begins: bool) {
    let sign = if begins { 1 } else { -1 };
    match *fault {
        ClockFault::Ahead(node, by) => world.step_wall(node, by.as_micros() as i64 * sign),
        ClockFault::Behind(node, by) => world.step_wall(node, -(by.as_micros() as i64) * sign),
        ClockFault::Drift(node, ppm) => world.drift(node, if begins { ppm } else { 0 }),
    }
}
