//! Carrying a plan out on turmoil's network.

use std::rc::Rc;

use turmoil::Sim;

use super::gates;
use super::roads::{Cut, Pair, Roads};
use super::run::{Input, Run, Shared};
use super::tank::Hosts;
use super::wires::Wires;
use super::{Options, Partition};
use crate::engine::NodeSpec;
use crate::explore::Case;
use crate::fault::{
    Beat, ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault,
    PeopleFault, Plan, StoreFault, active, steps,
};
use crate::history::{Life, Observation, Path, Standing, StoreOutcome};
use crate::id::{NodeId, Ticket};
use crate::protocol::Protocol;
use crate::time::Time;

/// The faults of a plan that this network cannot express, by number in the plan and name.
pub(super) fn inexpressible(plan: &Plan) -> Vec<(usize, &'static str)> {
    let faults = plan.0.iter().enumerate().filter(|(_, fault)| !is_expressible(&fault.kind));
    faults.map(|(number, fault)| (number, fault.kind.name())).collect()
}

/// Whether this network can express a fault. No stream loses, doubles or reorders what it
/// carries, and what damages single messages would have to be a part of it.
pub(super) const fn is_expressible(kind: &FaultKind) -> bool {
    !matches!(kind, FaultKind::Link(LinkFault::Chaos(..)))
}

/// A plan as beginnings, strokes and ends in the order of their times.
pub(super) struct Faults<'a, R> {
    plan: &'a [Fault],
    nodes: &'a [NodeSpec<R>],
    partition: Partition,
    steps: Vec<(Time, usize, Beat)>,
    next: usize,
    active: Vec<bool>,
    roads: Roads<'a, R>,
    hosts: Rc<Hosts>,
}

impl<'a, R> Faults<'a, R> {
    pub(super) fn new<P: Protocol<Role = R>>(
        case: &'a Case<P>,
        options: Options,
        hosts: Rc<Hosts>,
        wires: Rc<Wires>,
    ) -> Self {
        let (plan, nodes) = (case.plan.0.as_slice(), case.topology.nodes.as_slice());
        Self {
            plan,
            nodes,
            partition: options.partition,
            steps: steps(plan, case.horizon),
            next: 0,
            active: vec![false; plan.len()],
            roads: Roads::new(nodes, &case.network, hosts.clone(), wires),
            hosts,
        }
    }

    /// Prepares links, stores and connections for what must be known from the start.
    pub(super) fn prepare<P: Protocol<Role = R>>(&self, sim: &Sim<'_>, run: &mut Run<P>) {
        self.roads.prepare(sim);
        for fault in self.plan {
            match fault.kind {
                FaultKind::Store(StoreFault::SuffixLost(store)) => {
                    if let Some(vault) = run.vaults.iter_mut().find(|vault| vault.id == store) {
                        vault.journal();
                    }
                }
                FaultKind::People(PeopleFault::Flood { .. }) => run.repeats = true,
                _ => {}
            }
        }
    }

    /// When the next step is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.steps.get(self.next).map(|(at, _, _)| *at)
    }

    /// Carries out the next step.
    pub(super) fn step<P: Protocol<Role = R>>(&mut self, sim: &mut Sim<'_>, shared: &Shared<P>) {
        let Some(&(_, i, beat)) = self.steps.get(self.next) else { return };
        self.next += 1;
        let run = &mut *shared.borrow_mut();
        let kind = &self.plan[i].kind;
        if let Beat::Stroke(n) = beat {
            return self.stroke(sim, run, kind, n);
        }
        let begins = beat == Beat::Begin;
        self.active[i] = begins;
        match kind {
            FaultKind::Link(fault) => self.link(sim, run, fault, begins),
            FaultKind::Connection(fault) => self.connection(run, fault, begins),
            FaultKind::Node(fault) => self.node(sim, run, fault, begins),
            FaultKind::Store(fault) => self.store(run, fault, begins),
            FaultKind::Clock(fault) => {
                let drift_ppm = |node| active::drift_ppm(self.active(), node);
                clock(run, fault, begins, drift_ppm);
            }
            FaultKind::Device(fault) => self.device(sim, run, fault, begins),
            FaultKind::People(fault) => self.people(run, fault, begins),
        }
    }

    fn stroke<P: Protocol>(&self, sim: &mut Sim<'_>, run: &mut Run<P>, kind: &FaultKind, n: u32) {
        let off = n.is_multiple_of(2);
        match kind {
            FaultKind::People(PeopleFault::Flood { from, to, .. }) => {
                gates::repeat(run, *from, *to);
            }
            FaultKind::Node(NodeFault::RestartStorm { node, .. }) => {
                self.power(sim, run, *node, off);
            }
            FaultKind::Node(NodeFault::RollingRestart { nodes, .. }) => {
                self.power(sim, run, nodes[n as usize / 2], off);
            }
            _ => {}
        }
    }

    /// The pairs between two groups; an empty second group is everybody else.
    fn pairs(&self, (a, b): (&[NodeId], &[NodeId])) -> Vec<Pair> {
        let others: Vec<NodeId> = match b {
            [] => self.nodes.iter().map(|node| node.id).filter(|id| !a.contains(id)).collect(),
            _ => b.to_vec(),
        };
        let pair = |one: &NodeId| {
            let one = *one;
            others.iter().filter(move |other| **other != one).map(move |other| (one, *other))
        };
        a.iter().flat_map(pair).collect()
    }

    fn link<P: Protocol>(
        &mut self,
        sim: &Sim<'_>,
        run: &mut Run<P>,
        fault: &LinkFault,
        begins: bool,
    ) {
        let pairs = self.pairs(fault.groups());
        match fault {
            LinkFault::Partition(..) => self.roads.cut(sim, &pairs, self.cut(), begins),
            LinkFault::Hold(..) => self.roads.cut(sim, &pairs, Cut::Hold, begins),
            LinkFault::PartitionOneway(..) => self.roads.cut(sim, &pairs, Cut::Oneway, begins),
            LinkFault::Latency(..)
            | LinkFault::Spikes(..)
            | LinkFault::Bandwidth(..)
            | LinkFault::Chaos(..) => {
                for pair in &pairs {
                    let weather = active::weather(self.active(), pair.0, pair.1);
                    self.roads.set_weather(sim, *pair, weather);
                }
            }
        }
        if let LinkFault::Partition(a, b) | LinkFault::Hold(a, b) = fault
            && b.is_empty()
        {
            a.iter().for_each(|node| unplug(run, *node, begins));
        }
        let oneway = matches!(fault, LinkFault::PartitionOneway(..));
        for (a, b) in pairs {
            self.tell(run, (a, b));
            if !oneway {
                self.tell(run, (b, a));
            }
        }
    }

    const fn cut(&self) -> Cut {
        match self.partition {
            Partition::Held => Cut::Keep,
            Partition::Dropped => Cut::Drop,
        }
    }

    /// Whether nothing passes from one node to another, or back.
    fn is_cut(&self, one: NodeId, other: NodeId) -> bool {
        [(one, other), (other, one)].into_iter().any(|pair| self.roads.path(pair) == Path::Down)
    }

    /// Says how the way from one node to another is.
    fn tell<P: Protocol>(&self, run: &mut Run<P>, (from, to): Pair) {
        let Some(me) = run.index_of(from) else { return };
        let is_shut = run.gates.get(&(from, to)).is_some_and(|gate| gate.is_shut());
        if !self.is_cut(from, to) {
            gates::tell_reset(run, from, to);
        }
        let path = match self.roads.path((from, to)) {
            Path::Up | Path::Impaired if is_shut => Path::Shut,
            path => path,
        };
        run.observe(me, &Observation::Link { to, path });
    }

    fn connection<P: Protocol>(&self, run: &mut Run<P>, fault: &ConnectionFault, begins: bool) {
        let [a, b] = fault.ends();
        match fault {
            ConnectionFault::Refuse(..)
            | ConnectionFault::Blocked(..)
            | ConnectionFault::Flap(..)
            | ConnectionFault::IdleTimeout(..) => {
                run.gates.insert((a, b), active::gate(self.active(), a, b));
                self.tell(run, (a, b));
                gates::watch(run, a, b);
            }
            ConnectionFault::LateClose(late, other) if !begins => {
                gates::tell_late(run, *late, *other);
            }
            _ if begins => gates::strike(run, fault, self.is_cut(a, b)),
            _ => {}
        }
    }

    fn node<P: Protocol>(
        &mut self,
        sim: &mut Sim<'_>,
        run: &mut Run<P>,
        fault: &NodeFault,
        begins: bool,
    ) {
        match fault {
            NodeFault::Crash(node) => self.power(sim, run, *node, begins),
            NodeFault::PowerLoss(node) => {
                // What is on its way is lost, and so is that the sockets close.
                let pairs = self.pairs((&[*node], &[]));
                self.roads.cut(sim, &pairs, Cut::Drop, begins);
                self.power(sim, run, *node, begins);
            }
            NodeFault::RestartStorm { node, .. } if !begins => self.power(sim, run, *node, false),
            NodeFault::RollingRestart { nodes, .. } if !begins => {
                nodes.iter().for_each(|node| self.power(sim, run, *node, false));
            }
            NodeFault::RestartStorm { .. } | NodeFault::RollingRestart { .. } => {}
            NodeFault::Pause(node) => pause(run, *node, begins),
            NodeFault::Slow(node, _) => {
                let Some(me) = run.index_of(*node) else { return };
                let was = run.hosts[me].is_burdened();
                run.hosts[me].cost = active::cost(self.active(), *node);
                burden(run, me, was);
            }
            NodeFault::Throttle { node, .. } => {
                let Some(me) = run.index_of(*node) else { return };
                let was = run.hosts[me].is_burdened();
                let throttle = active::throttle(self.active(), *node);
                run.hosts[me]
                    .throttle(throttle.map(|(timer, grain)| (timer.map(str::to_owned), grain)));
                run.ports[me].call.notify_one();
                burden(run, me, was);
            }
        }
    }

    /// Ends a node's process, or starts it again. turmoil's own crash would leave nobody to
    /// refuse a dial; here the software starts anew and waits where it is down.
    fn power<P: Protocol>(&self, sim: &mut Sim<'_>, run: &mut Run<P>, node: NodeId, off: bool) {
        let Some(me) = run.index_of(node) else { return };
        let may_run = || {
            let host = &run.hosts[me];
            let dormant = host.incarnation == 0;
            !host.is_running() && !dormant && !active::keep_down(self.active(), node)
        };
        let changed = if off { run.crash(me) } else { may_run() };
        if changed {
            sim.bounce(self.hosts.name(node));
        }
        if changed && !off {
            run.boot(me, Life::Restarted);
        }
    }

    /// Runs a dormant node, its store a copy of another node's: a tab that was duplicated.
    fn fork<P: Protocol>(&self, sim: &mut Sim<'_>, run: &mut Run<P>, (from, to): Pair) {
        let (Some(a), Some(b)) = (run.index_of(from), run.index_of(to)) else { return };
        if run.hosts[b].is_running() || run.hosts[b].incarnation > 0 {
            return;
        }
        let place = |me: usize| run.vaults.iter().position(|v| Some(v.id) == run.hosts[me].store);
        if let (Some(source), Some(target)) = (place(a), place(b))
            && let Ok([source, target]) = run.vaults.get_disjoint_mut([source, target])
        {
            target.copy_of(source);
        }
        sim.bounce(self.hosts.name(to));
        run.boot(b, Life::Started);
    }

    fn store<P: Protocol>(&self, run: &mut Run<P>, fault: &StoreFault, begins: bool) {
        let (StoreFault::Slow(store, _)
        | StoreFault::Failing(store, _)
        | StoreFault::Ambiguous(store, _)
        | StoreFault::Lying(store, _)
        | StoreFault::Stale(store)
        | StoreFault::SuffixLost(store)
        | StoreFault::Restored(store)
        | StoreFault::Emptied(store)) = *fault;
        let draw = run.draw.purpose("lose").key(run.time().as_micros()).key(u64::from(store.0));
        let Some(vault) = run.vaults.iter_mut().find(|vault| vault.id == store) else { return };
        vault.set_mode(active::mode(self.active(), store));
        let mut tickets = vec![Ticket(u32::MAX)];
        let outcome = match (fault, begins) {
            (StoreFault::SuffixLost(_), true) => {
                tickets = vault.lose(draw.below(0, vault.unflushed() + 1));
                StoreOutcome::Lost
            }
            (StoreFault::Restored(_), true) => {
                vault.remember();
                StoreOutcome::Remembered
            }
            (StoreFault::Restored(_), false) => {
                vault.restore(false);
                StoreOutcome::Restored
            }
            (StoreFault::Emptied(_), true) => {
                vault.restore(true);
                StoreOutcome::Emptied
            }
            _ => return,
        };
        let user = run.hosts.iter().position(|host| host.store == Some(store)).unwrap_or(0);
        for ticket in tickets {
            run.observe(user, &Observation::Stored { store, ticket, outcome, write: None });
        }
    }

    fn device<P: Protocol>(
        &mut self,
        sim: &mut Sim<'_>,
        run: &mut Run<P>,
        fault: &DeviceFault,
        begins: bool,
    ) {
        let node = match *fault {
            DeviceFault::Fork(from, to) if begins => return self.fork(sim, run, (from, to)),
            DeviceFault::Fork(..) => return,
            DeviceFault::Offline(node) => {
                let pairs = self.pairs((&[node], &[]));
                self.roads.cut(sim, &pairs, self.cut(), begins);
                for (a, b) in pairs {
                    self.tell(run, (a, b));
                    self.tell(run, (b, a));
                }
                unplug(run, node, begins);
                node
            }
            DeviceFault::SaysOffline(node) => node,
        };
        let Some(me) = run.index_of(node) else { return };
        let online = !begins;
        if online && !active::is_online(self.active(), node) {
            return;
        }
        run.observe(me, &Observation::Device { online });
        run.push(me, Input::Device(online));
    }

    fn people<P: Protocol>(&self, run: &mut Run<P>, fault: &PeopleFault, begins: bool) {
        let user = match *fault {
            PeopleFault::ShortLived(user, _)
            | PeopleFault::RefreshRefused(user)
            | PeopleFault::IssuerSilent(user)
            | PeopleFault::RightsWithdrawn(user, _)
            | PeopleFault::Revoked(user) => user,
            PeopleFault::Malformed(from, to, bytes) if begins => {
                return gates::send_garbage(run, from, to, bytes);
            }
            PeopleFault::Malformed(..) | PeopleFault::Flood { .. } => return,
        };
        let Some(me) = run.index_of(user) else { return };
        match *fault {
            PeopleFault::RightsWithdrawn(user, topic)
                if !begins && !active::may_see(self.active(), user, topic) => {}
            PeopleFault::RightsWithdrawn(user, topic) => {
                let standing = run.issuer.withdraw(user, topic, begins);
                run.observe(me, &Observation::Credential(standing));
            }
            PeopleFault::Revoked(user) if begins => {
                for credential in run.issuer.revoke(user) {
                    let standing = Standing::Revoked { credential };
                    run.observe(me, &Observation::Credential(standing));
                }
            }
            _ => {
                let treatment = active::treatment(self.active(), user);
                if let Some(standing) = run.issuer.treat(user, treatment) {
                    run.observe(me, &Observation::Credential(standing));
                }
            }
        }
    }

    /// The faults that have begun and not ended.
    fn active(&self) -> impl Iterator<Item = &'a FaultKind> {
        let pairs = self.plan.iter().zip(&self.active);
        pairs.filter(|(_, active)| **active).map(|(fault, _)| &fault.kind)
    }
}

fn unplug<P: Protocol>(run: &mut Run<P>, node: NodeId, begins: bool) {
    let Some(me) = run.index_of(node) else { return };
    let unplugged = &mut run.hosts[me].unplugged;
    *unplugged = if begins { *unplugged + 1 } else { unplugged.saturating_sub(1) };
}

fn burden<P: Protocol>(run: &mut Run<P>, me: usize, was: bool) {
    let is = run.hosts[me].is_burdened();
    if is != was && run.hosts[me].is_running() {
        let life = if is { Life::Burdened } else { Life::Relieved };
        run.observe(me, &Observation::Node(life));
    }
}

fn pause<P: Protocol>(run: &mut Run<P>, node: NodeId, begins: bool) {
    let Some(me) = run.index_of(node) else { return };
    let was = run.hosts[me].paused;
    // A crash has ended all pauses before it, and whoever is down is told when it runs again.
    let is = if begins { was + 1 } else { was.saturating_sub(1) };
    run.hosts[me].paused = is;
    if run.hosts[me].is_running() && (was > 0) != (is > 0) {
        let life = if begins { Life::Paused } else { Life::Resumed };
        run.observe(me, &Observation::Node(life));
    }
    run.ports[me].call.notify_one();
}

fn clock<P: Protocol>(
    run: &mut Run<P>,
    fault: &ClockFault,
    begins: bool,
    drift_ppm: impl Fn(NodeId) -> i32,
) {
    let sign = if begins { 1 } else { -1 };
    let (node, step, drift) = match *fault {
        ClockFault::Ahead(node, by) => (node, by.as_micros() as i64 * sign, None),
        ClockFault::Behind(node, by) => (node, -(by.as_micros() as i64) * sign, None),
        ClockFault::Drift(node, _) => (node, 0, Some(drift_ppm(node))),
    };
    let Some(me) = run.index_of(node) else { return };
    let now = run.time();
    let clock = &mut run.hosts[me].clock;
    match drift {
        Some(ppm) => clock.drift(now, ppm),
        None => clock.step_wall(step),
    }
    let what = Observation::Clock { wall_step_us: step, drift_ppm: drift.unwrap_or(0) };
    run.observe(me, &what);
    run.ports[me].call.notify_one();
}
