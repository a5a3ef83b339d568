//! Carrying a plan out on turmoil's network.

use std::collections::BTreeMap;

use turmoil::Sim;

use super::Partition;
use super::driver::duration;
use super::frames::Frame;
use super::run::{Input, Run, Shared};
use crate::engine::{EndState, Latency, Network, NodeSpec};
use crate::explore::Case;
use crate::fault::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, PeopleFault,
    Plan, StoreFault, active,
};
use crate::history::{Initiator, Life, Observation, Path, Standing, StoreOutcome};
use crate::id::{NodeId, Ticket};
use crate::protocol::Protocol;
use crate::time::{Span, Time};

/// The faults of a plan that this network cannot express, by name and number in the plan.
/// turmoil's streams never send again: what one direction loses, it has lost for good.
pub(super) fn inexpressible(plan: &Plan) -> Vec<(usize, &'static str)> {
    let faults = plan.0.iter().enumerate().filter(|(_, fault)| !is_expressible(&fault.kind));
    faults.map(|(number, fault)| (number, fault.kind.name())).collect()
}

/// Whether this network can express a fault.
pub(super) fn is_expressible(kind: &FaultKind) -> bool {
    match kind {
        FaultKind::Link(fault) => {
            matches!(fault, LinkFault::Partition(..) | LinkFault::Hold(..) | LinkFault::Latency(..))
        }
        FaultKind::Connection(fault) => matches!(
            fault,
            ConnectionFault::Reset(..) | ConnectionFault::Close(..) | ConnectionFault::HalfOpen(..)
        ),
        FaultKind::Node(fault) => {
            matches!(fault, NodeFault::Crash(_) | NodeFault::PowerLoss(_) | NodeFault::Pause(_))
        }
        FaultKind::Store(_) | FaultKind::Clock(_) => true,
        FaultKind::Device(fault) => !matches!(fault, DeviceFault::Fork(..)),
        FaultKind::People(fault) => {
            !matches!(fault, PeopleFault::Flood { .. } | PeopleFault::Malformed(..))
        }
    }
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
            if !fault.permanent {
                steps.push(((fault.at + fault.lasts).min(case.horizon), i, false));
            }
        }
        steps.sort_by_key(|(at, i, begins)| (*at, *i, !begins));
        let active = vec![false; plan.len()];
        let (nodes, network) = (case.topology.nodes.as_slice(), &case.network);
        Self { plan, nodes, network, partition, steps, next: 0, active, roads: BTreeMap::new() }
    }

    /// Prepares links and stores for what must be known from the start.
    pub(super) fn prepare<P: Protocol<Role = R>>(&self, sim: &Sim<'_>, run: &mut Run<P>) {
        for (i, one) in self.nodes.iter().enumerate() {
            for other in &self.nodes[..i] {
                set_latency(sim, (one.id, other.id), self.usual((one.id, other.id)));
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
        match &self.plan[i].kind {
            FaultKind::Link(fault) => self.link(sim, run, fault, begins),
            FaultKind::Connection(fault) if begins => connection(run, fault),
            FaultKind::Node(NodeFault::Pause(node)) => pause(run, *node, begins),
            FaultKind::Node(NodeFault::Crash(node)) => power(sim, run, *node, begins),
            FaultKind::Node(NodeFault::PowerLoss(node)) => {
                self.power_loss(sim, run, *node, begins);
            }
            FaultKind::Store(fault) => self.store(run, fault, begins),
            FaultKind::Clock(fault) => clock(run, fault, begins),
            FaultKind::Device(fault) => self.device(sim, run, fault, begins),
            FaultKind::People(fault) => self.people(run, fault, begins),
            FaultKind::Connection(_) | FaultKind::Node(_) => {}
        }
    }

    /// The pairs between two groups; an empty second group is everybody else.
    fn pairs(&self, a: &[NodeId], b: &[NodeId]) -> Vec<Pair> {
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
        match fault {
            LinkFault::Partition(a, b) => {
                for pair in self.pairs(a, b) {
                    self.cut(sim, run, pair, self.partition, begins);
                    self.tell(run, pair);
                }
                if b.is_empty() {
                    a.iter().for_each(|node| unplug(run, *node, begins));
                }
            }
            LinkFault::Hold(a, b) => {
                for pair in self.pairs(a, b) {
                    self.cut(sim, run, pair, Partition::Held, begins);
                    self.tell(run, pair);
                }
            }
            LinkFault::Latency(a, b, _) => {
                for pair in self.pairs(a, b) {
                    let odd = self.last(|kind| latency_of(kind, pair));
                    self.road(pair).odd = odd.is_some();
                    let range = odd.map_or_else(|| self.usual(pair), range_of);
                    set_latency(sim, pair, range);
                    self.tell(run, pair);
                }
            }
            _ => {}
        }
    }

    fn road(&mut self, (a, b): Pair) -> &mut Road {
        self.roads.entry((a.min(b), a.max(b))).or_default()
    }

    /// Adds or takes back one cut of a link.
    fn cut<P: Protocol>(
        &mut self,
        sim: &Sim<'_>,
        run: &mut Run<P>,
        (a, b): Pair,
        how: Partition,
        begins: bool,
    ) {
        let road = self.road((a, b));
        let count = match how {
            Partition::Held => &mut road.held,
            Partition::Dropped => &mut road.dropped,
        };
        *count = if begins { *count + 1 } else { count.saturating_sub(1) };
        let (held, dropped) = (road.held > 0, road.dropped > 0);
        let (one, other) = (a.to_string(), b.to_string());
        match (held, dropped) {
            (_, true) => sim.partition(one, other),
            (true, false) => sim.hold(one, other),
            (false, false) => sim.release(one, other),
        }
        for pair in [(a, b), (b, a)] {
            if held || dropped {
                run.cut.insert(pair)
            } else {
                run.cut.remove(&pair)
            };
        }
    }

    /// Says how a link is, both ways.
    fn tell<P: Protocol>(&mut self, run: &mut Run<P>, (a, b): Pair) {
        let path = match self.road((a, b)) {
            Road { held: 0, dropped: 0, odd: false } => Path::Up,
            Road { held: 0, dropped: 0, odd: true } => Path::Impaired,
            _ => Path::Down,
        };
        for (from, to) in [(a, b), (b, a)] {
            if let Some(me) = run.index_of(from) {
                run.observe(me, &Observation::Link { to, path });
            }
        }
    }

    /// What the active faults say of something; of several, the one that comes last.
    fn last<T>(&self, of: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        self.active().filter_map(of).last()
    }

    /// The latency of a link that nothing is wrong with. That between two nodes of one device
    /// is always the same, so that casts keep their order.
    fn usual(&self, (a, b): Pair) -> (Span, Span) {
        let device = |id| self.nodes.iter().find(|node| node.id == id).and_then(|node| node.device);
        if device(a).is_some() && device(a) == device(b) {
            let (_, high) = range_of(self.network.local_latency);
            return (high, high);
        }
        range_of(self.network.latency)
    }

    /// A host loses power, or has it again. What is on its way from it or to it is lost; that
    /// its sockets close is lost as well.
    fn power_loss<P: Protocol>(
        &mut self,
        sim: &mut Sim<'_>,
        run: &mut Run<P>,
        node: NodeId,
        begins: bool,
    ) {
        for pair in self.pairs(&[node], &[]) {
            self.cut(sim, run, pair, Partition::Dropped, begins);
        }
        power(sim, run, node, begins);
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
        sim: &Sim<'_>,
        run: &mut Run<P>,
        fault: &DeviceFault,
        begins: bool,
    ) {
        let (DeviceFault::Offline(node) | DeviceFault::SaysOffline(node)) = *fault else { return };
        if matches!(fault, DeviceFault::Offline(_)) {
            for pair in self.pairs(&[node], &[]) {
                self.cut(sim, run, pair, self.partition, begins);
                self.tell(run, pair);
            }
            unplug(run, node, begins);
        }
        let Some(me) = run.index_of(node) else { return };
        let online = !begins;
        run.observe(me, &Observation::Device { online });
        run.push(me, Input::Device(online));
    }

    fn people<P: Protocol>(&self, run: &mut Run<P>, fault: &PeopleFault, begins: bool) {
        let (PeopleFault::ShortLived(user, _)
        | PeopleFault::RefreshRefused(user)
        | PeopleFault::IssuerSilent(user)
        | PeopleFault::RightsWithdrawn(user, _)
        | PeopleFault::Revoked(user)) = *fault
        else {
            return;
        };
        let Some(me) = run.index_of(user) else { return };
        match *fault {
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

/// The latency that a fault gives a link, if it covers it.
fn latency_of(kind: &FaultKind, (from, to): Pair) -> Option<Latency> {
    let FaultKind::Link(LinkFault::Latency(a, b, latency)) = kind else { return None };
    let across = |x, y| a.contains(&x) && (b.contains(&y) || b.is_empty() && !a.contains(&y));
    (across(from, to) || across(to, from)).then_some(*latency)
}

/// The least and the greatest latency. Between the two turmoil draws from an exponential
/// distribution whose mean lies a fifth of the way up.
pub(super) fn range_of(latency: Latency) -> (Span, Span) {
    let (low, high) = match latency {
        Latency::Constant(span) => (span, span),
        Latency::Uniform(low, high) => (low, high),
        Latency::Exponential(least, mean) => (least, least + mean * 5),
    };
    // What takes no time arrives before the listener of a host that starts is there.
    let low = low.max(Span::millis(1));
    (low, high.max(low))
}

fn set_latency(sim: &Sim<'_>, (a, b): Pair, (low, high): (Span, Span)) {
    sim.set_link_latency(a.to_string(), b.to_string(), duration(low));
    sim.set_link_max_message_latency(a.to_string(), b.to_string(), duration(high));
}

/// Ends a node's process, or starts it again. turmoil's own crash would leave nobody to refuse
/// a dial; here the software starts anew and waits where it is down.
fn power<P: Protocol>(sim: &mut Sim<'_>, run: &mut Run<P>, node: NodeId, off: bool) {
    let Some(me) = run.index_of(node) else { return };
    let changed = if off { run.crash(me) } else { !run.hosts[me].is_running() };
    if changed {
        sim.bounce(node.to_string());
    }
    if changed && !off {
        run.boot(me, Life::Restarted);
    }
}

fn pause<P: Protocol>(run: &mut Run<P>, node: NodeId, begins: bool) {
    let Some(me) = run.index_of(node) else { return };
    let paused = &mut run.hosts[me].paused;
    *paused = if begins { *paused + 1 } else { paused.saturating_sub(1) };
    if begins {
        run.observe(me, &Observation::Node(Life::Paused));
    } else if *paused == 0 {
        run.observe(me, &Observation::Node(Life::Resumed));
    }
    run.ports[me].call.notify_one();
}

fn connection<P: Protocol>(run: &mut Run<P>, fault: &ConnectionFault) {
    let [a, b] = fault.ends();
    let Some(me) = run.index_of(a) else { return };
    let lines = run.ports[me].lines.iter().map(|(_, line)| line.clone());
    let lines: Vec<_> =
        lines.filter(|line| line.peer == b && line.state.get() != EndState::Gone).collect();
    for line in lines {
        match *fault {
            ConnectionFault::HalfOpen(..) => line.silent.set(true),
            ConnectionFault::Close(_, _, code) => {
                run.put(me, &line, &Frame::Close { code, reason: String::new() });
                run.ended(me, &line, code, Initiator::Remote);
            }
            _ => run.ended(me, &line, 1006, Initiator::Network),
        }
    }
}

fn clock<P: Protocol>(run: &mut Run<P>, fault: &ClockFault, begins: bool) {
    let sign = if begins { 1 } else { -1 };
    let (node, step, drift) = match *fault {
        ClockFault::Ahead(node, by) => (node, by.as_micros() as i64 * sign, None),
        ClockFault::Behind(node, by) => (node, -(by.as_micros() as i64) * sign, None),
        ClockFault::Drift(node, ppm) => (node, 0, Some(if begins { ppm } else { 0 })),
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
