//! Carrying a plan out on turmoil's network.

use std::collections::BTreeMap;

use turmoil::Sim;

use super::Partition;
use super::run::{Input, Run, Shared};
use crate::engine::{EndState, Latency, Network, NodeSpec, StoreMode};
use crate::explore::Case;
use crate::fault::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, Plan,
    StoreFault,
};
use crate::history::{Initiator, Life, Observation, Path, StoreOutcome};
use crate::id::{NodeId, StoreId, Ticket};
use crate::protocol::Protocol;
use crate::time::{Span, Time};

/// The faults of a plan that this network cannot express, by name and number in the plan.
/// turmoil's streams never send again: what one direction loses, it has lost for good.
pub(super) fn inexpressible(plan: &Plan) -> Vec<(usize, &'static str)> {
    let foreign = |kind: &FaultKind| {
        matches!(kind, FaultKind::Link(LinkFault::PartitionOneway(..) | LinkFault::Chaos(..)))
    };
    let faults = plan.0.iter().enumerate().filter(|(_, fault)| foreign(&fault.kind));
    faults.map(|(number, fault)| (number, fault.kind.name())).collect()
}

/// A link between two nodes, both ways.
#[derive(Default)]
struct Road {
    held: u32,
    dropped: u32,
    /// Slower or quicker than usual.
    odd: bool,
}

type Pair = (NodeId, NodeId);

/// A plan as beginnings and ends in the order of their times.
pub(super) struct Faults<'a, R> {
    plan: &'a [Fault],
    nodes: &'a [NodeSpec<R>],
    network: &'a Network,
    partition: Partition,
    steps: Vec<(Time, usize, bool)>,
    next: usize,
    active: Vec<bool>,
    roads: BTreeMap<Pair, Road>,
}

impl<'a, R> Faults<'a, R> {
    /// The faults of a case. All ends come by its horizon.
    pub(super) fn new<P: Protocol<Role = R>>(case: &'a Case<P>, partition: Partition) -> Self {
        let plan = case.plan.0.as_slice();
        let mut steps = Vec::with_capacity(plan.len() * 2);
        for (i, fault) in plan.iter().enumerate() {
            steps.push((fault.at.min(case.horizon), i, true));
            steps.push(((fault.at + fault.lasts).min(case.horizon), i, false));
        }
        steps.sort_by_key(|(at, i, begins)| (*at, *i, !begins));
        let active = vec![false; plan.len()];
        let (nodes, network) = (case.topology.nodes.as_slice(), &case.network);
        Self { plan, nodes, network, partition, steps, next: 0, active, roads: BTreeMap::new() }
    }

    /// Prepares links and stores for what must be known from the start.
    pub(super) fn prepare<P: Protocol<Role = R>>(&self, sim: &Sim<'_>, run: &mut Run<P>) {
        for (i, one) in self.nodes.iter().enumerate() {
            for other in self.nodes[..i].iter().filter(|other| is_near(one, other)) {
                set_latency(sim, (one.id, other.id), span_of(self.network.local_latency));
            }
        }
        for fault in self.plan {
            if let FaultKind::Store(StoreFault::SuffixLost(store)) = fault.kind
                && let Some(vault) = run.vaults.iter_mut().find(|vault| vault.id == store)
            {
                vault.journal();
            }
        }
    }

    /// When the next step is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.steps.get(self.next).map(|(at, _, _)| *at)
    }

    /// Carries out the next step.
    pub(super) fn step<P: Protocol<Role = R>>(&mut self, sim: &mut Sim<'_>, shared: &Shared<P>) {
        let Some(&(_, i, begins)) = self.steps.get(self.next) else { return };
        self.next += 1;
        self.active[i] = begins;
        let run = &mut *shared.borrow_mut();
        let plan = self.plan;
        match &plan[i].kind {
            FaultKind::Link(fault) => self.link(sim, run, fault, begins),
            FaultKind::Connection(fault) if begins => connection(run, fault),
            FaultKind::Connection(_) => {}
            FaultKind::Store(fault) => self.store(run, *fault, begins),
            FaultKind::Clock(fault) => clock(run, fault, begins),
            FaultKind::Device(fault) => self.device(sim, run, fault, begins),
            FaultKind::Node(NodeFault::Pause(node)) => pause(run, *node, begins),
            FaultKind::Node(NodeFault::Crash(node) | NodeFault::PowerLoss(node)) => {
                let Some(me) = run.index_of(*node) else { return };
                let dark = matches!(plan[i].kind, FaultKind::Node(NodeFault::PowerLoss(_)));
                let changed = match begins {
                    true => run.crash(me),
                    false => !run.hosts[me].is_running(),
                };
                self.power(sim, *node, dark, begins, changed);
                if changed && !begins {
                    run.boot(me, Life::Restarted);
                }
                if changed {
                    // The software starts anew; what of it is down, waits.
                    bounce(sim, shared, *node);
                }
            }
        }
    }
}
