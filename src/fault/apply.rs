//! Carrying a plan out on a world.

use super::active;
use super::kind::{
    ClockFault, ConnectionFault, DeviceFault, FaultKind, LinkFault, NodeFault, PeopleFault,
    StoreFault,
};
use super::plan::{Fault, Plan};
use crate::engine::{Witness, World};
use crate::id::NodeId;
use crate::protocol::Protocol;
use crate::time::{Span, Time};

/// What happens of a fault at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Beat {
    Begin,
    /// For faults that come in strokes: which one, from 0.
    Stroke(u32),
    End,
}

/// A plan as beginnings, strokes and ends in the order of their times.
pub struct Timeline<'a> {
    plan: &'a [Fault],
    nodes: Vec<NodeId>,
    steps: Vec<(Time, usize, Beat)>,
    next: usize,
    active: Vec<bool>,
}

impl<'a> Timeline<'a> {
    /// The timeline of a plan for a world with these nodes. All ends but those of permanent
    /// faults come by `horizon`.
    pub fn new(plan: &'a Plan, nodes: Vec<NodeId>, horizon: Time) -> Self {
        let plan = plan.0.as_slice();
        let steps = steps(plan, horizon);
        Self { plan, nodes, steps, next: 0, active: vec![false; plan.len()] }
    }

    /// When the next step is due.
    pub fn next(&self) -> Option<Time> {
        self.steps.get(self.next).map(|(at, _, _)| *at)
    }

    /// Prepares the world for faults that must be known from the start.
    pub fn prepare<P: Protocol, W: Witness<P>>(&self, world: &mut World<P, W>) {
        for fault in self.plan {
            match fault.kind {
                FaultKind::Store(StoreFault::SuffixLost(store)) => world.journal(store),
                FaultKind::People(PeopleFault::Flood { .. }) => world.keep_repeats(),
                _ => {}
            }
        }
    }

    /// Carries out the next step.
    pub fn step<P: Protocol, W: Witness<P>>(&mut self, world: &mut World<P, W>) {
        let Some(&(_, i, beat)) = self.steps.get(self.next) else { return };
        self.next += 1;
        if let Beat::Stroke(n) = beat {
            return self.stroke(world, &self.plan[i].kind, n);
        }
        let begins = beat == Beat::Begin;
        self.active[i] = begins;
        match &self.plan[i].kind {
            FaultKind::Link(fault) => self.link(world, fault, begins),
            FaultKind::Connection(fault) => self.connection(world, fault, begins),
            FaultKind::Node(fault) => self.node(world, fault, begins),
            FaultKind::Store(fault) => self.store(world, fault, begins),
            FaultKind::Clock(fault) => self.clock(world, fault, begins),
            FaultKind::Device(fault) => self.device(world, fault, begins),
            FaultKind::People(fault) => self.people(world, fault, begins),
        }
    }

    /// The faults that have begun and not ended.
    fn active(&self) -> impl Iterator<Item = &'a FaultKind> {
        let pairs = self.plan.iter().zip(&self.active);
        pairs.filter(|(_, active)| **active).map(|(fault, _)| &fault.kind)
    }

    /// The pairs between two groups; an empty second group is everybody else.
    fn pairs(&self, (a, b): (&[NodeId], &[NodeId])) -> Vec<(NodeId, NodeId)> {
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
        let pairs = self.pairs(fault.groups());
        match fault {
            LinkFault::Partition(a, b) | LinkFault::Hold(a, b) => {
                let held = matches!(fault, LinkFault::Hold(..));
                cut_both(world, &pairs, begins, held);
                if b.is_empty() {
                    a.iter().for_each(|node| world.unplug(*node, begins));
                }
            }
            LinkFault::PartitionOneway(..) => {
                for (from, to) in pairs {
                    cut(world, from, to, begins, false);
                }
            }
            LinkFault::Latency(..)
            | LinkFault::Spikes(..)
            | LinkFault::Bandwidth(..)
            | LinkFault::Chaos(..) => {
                for (one, other) in pairs {
                    let weather = active::weather(self.active(), one, other);
                    world.set_weather(one, other, weather);
                    world.set_weather(other, one, weather);
                }
            }
        }
    }

    fn connection<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &ConnectionFault,
        begins: bool,
    ) {
        let [a, b] = fault.ends();
        match *fault {
            ConnectionFault::Refuse(..)
            | ConnectionFault::Blocked(..)
            | ConnectionFault::Flap(..)
            | ConnectionFault::IdleTimeout(..) => {
                world.set_gate(a, b, active::gate(self.active(), a, b));
            }
            ConnectionFault::LateClose(late, other) if !begins => world.tell_late(late, other),
            _ if !begins => {}
            ConnectionFault::Reset(..) => world.break_all(a, b, 1006),
            ConnectionFault::Close(_, _, code) => world.break_all(a, b, code),
            ConnectionFault::HalfOpen(from, other) => world.silence_all(from, other),
            ConnectionFault::LateClose(late, other) => world.break_all_untold(late, other),
        }
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
            | StoreFault::Ambiguous(store, _)
            | StoreFault::Lying(store, _)
            | StoreFault::Stale(store) => {
                world.store_mode(store, active::mode(self.active(), store));
            }
            StoreFault::SuffixLost(store) if begins => world.lose_unflushed(store),
            StoreFault::Restored(store) if begins => world.checkpoint(store),
            StoreFault::Restored(store) => world.restore(store, false),
            StoreFault::Emptied(store) if begins => world.restore(store, true),
            StoreFault::SuffixLost(_) | StoreFault::Emptied(_) => {}
        }
    }

    fn device<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &DeviceFault,
        begins: bool,
    ) {
        match *fault {
            DeviceFault::Offline(node) => {
                cut_both(world, &self.pairs((&[node], &[])), begins, false);
                world.unplug(node, begins);
                self.says(world, node, begins);
            }
            DeviceFault::SaysOffline(node) => self.says(world, node, begins),
            DeviceFault::Fork(from, to) if begins => world.fork(from, to),
            DeviceFault::Fork(..) => {}
        }
    }

    fn people<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &PeopleFault,
        begins: bool,
    ) {
        match *fault {
            PeopleFault::ShortLived(user, _)
            | PeopleFault::RefreshRefused(user)
            | PeopleFault::IssuerSilent(user) => {
                world.treat(user, active::treatment(self.active(), user));
            }
            PeopleFault::RightsWithdrawn(user, topic) => {
                if begins || active::may_see(self.active(), user, topic) {
                    world.withdraw(user, topic, begins);
                }
            }
            PeopleFault::Revoked(user) if begins => world.revoke(user),
            PeopleFault::Malformed(from, to, bytes) if begins => {
                world.send_garbage(from, to, bytes);
            }
            PeopleFault::Revoked(_) | PeopleFault::Malformed(..) | PeopleFault::Flood { .. } => {}
        }
    }

    /// What a device says of its network: it is online again only once nothing keeps it off.
    fn says<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        node: NodeId,
        begins: bool,
    ) {
        if begins || active::is_online(self.active(), node) {
            world.device(node, !begins);
        }
    }

    fn node<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &NodeFault,
        begins: bool,
    ) {
        match fault {
            NodeFault::Crash(node) if begins => world.crash(*node, false),
            NodeFault::PowerLoss(node) if begins => world.crash(*node, true),
            NodeFault::Crash(node)
            | NodeFault::PowerLoss(node)
            | NodeFault::RestartStorm { node, .. }
                if !begins =>
            {
                self.restart(world, *node);
            }
            NodeFault::RollingRestart { nodes, .. } if !begins => {
                nodes.iter().for_each(|node| self.restart(world, *node));
            }
            NodeFault::Pause(node) if begins => world.pause(*node),
            NodeFault::Pause(node) => world.resume(*node),
            NodeFault::Slow(node, _) => world.slow(*node, active::cost(self.active(), *node)),
            NodeFault::Throttle { node, .. } => {
                let (timer, grain) = active::throttle(self.active(), *node).unzip();
                world.throttle(*node, timer.flatten(), grain);
            }
            _ => {}
        }
    }

    /// Runs a node again, unless something else keeps it down.
    fn restart<P: Protocol, W: Witness<P>>(&self, world: &mut World<P, W>, node: NodeId) {
        if !active::keep_down(self.active(), node) {
            world.restart(node);
        }
    }

    fn stroke<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        kind: &FaultKind,
        n: u32,
    ) {
        let dies = n.is_multiple_of(2);
        match kind {
            FaultKind::People(PeopleFault::Flood { from, to, .. }) => world.repeat(*from, *to),
            FaultKind::Node(NodeFault::RestartStorm { node, .. }) if dies => {
                world.crash(*node, false);
            }
            FaultKind::Node(NodeFault::RestartStorm { node, .. }) => self.restart(world, *node),
            FaultKind::Node(NodeFault::RollingRestart { nodes, .. }) => {
                let node = nodes[n as usize / 2];
                if dies { world.crash(node, false) } else { self.restart(world, node) }
            }
            _ => {}
        }
    }

    fn clock<P: Protocol, W: Witness<P>>(
        &self,
        world: &mut World<P, W>,
        fault: &ClockFault,
        begins: bool,
    ) {
        let sign = if begins { 1 } else { -1 };
        match *fault {
            ClockFault::Ahead(node, by) => world.step_wall(node, by.as_micros() as i64 * sign),
            ClockFault::Behind(node, by) => world.step_wall(node, -(by.as_micros() as i64) * sign),
            ClockFault::Drift(node, _) => {
                world.drift(node, active::drift_ppm(self.active(), node));
            }
        }
    }
}

/// When each fault of a plan begins, strikes and ends. All ends but those of permanent faults
/// come by `horizon`.
pub(crate) fn steps(plan: &[Fault], horizon: Time) -> Vec<(Time, usize, Beat)> {
    let mut steps = Vec::with_capacity(plan.len() * 2);
    for (i, fault) in plan.iter().enumerate() {
        let end = if fault.permanent { horizon } else { fault.at + fault.lasts };
        let (begin, end) = (fault.at.min(horizon), end.min(horizon));
        steps.push((begin, i, Beat::Begin));
        let strokes = strokes(&fault.kind, end.since(begin)).into_iter();
        steps.extend((0..).zip(strokes).map(|(n, after)| (begin + after, i, Beat::Stroke(n))));
        if !fault.permanent {
            steps.push((end, i, Beat::End));
        }
    }
    steps.sort_by_key(|(at, i, beat)| (*at, *i, *beat));
    steps
}

/// A fault has no more strokes than this, however long it lasts.
const STROKES_MAX: u64 = 100_000;

/// When after its beginning a fault that lasts so long has strokes.
fn strokes(kind: &FaultKind, lasts: Span) -> Vec<Span> {
    let every = |span: Span| {
        let micros = span.as_micros().max(1);
        (0..lasts.as_micros().div_ceil(micros).min(STROKES_MAX)).map(move |n| span * n)
    };
    match kind {
        FaultKind::People(PeopleFault::Flood { per_second, .. }) => {
            every(Span::micros(1_000_000 / u64::from((*per_second).max(1)))).collect()
        }
        FaultKind::Node(NodeFault::RestartStorm { down, up, .. }) => {
            let both = every(*down + *up).flat_map(|start| [start, start + *down]);
            both.filter(|after| *after < lasts).collect()
        }
        FaultKind::Node(NodeFault::RollingRestart { nodes, down }) => {
            let share = Span::micros(lasts.as_micros() / nodes.len().max(1) as u64);
            let down = (*down).min(share);
            (0..nodes.len() as u64).flat_map(|n| [share * n, share * n + down]).collect()
        }
        _ => Vec::new(),
    }
}

fn cut_both<P: Protocol, W: Witness<P>>(
    world: &mut World<P, W>,
    pairs: &[(NodeId, NodeId)],
    begins: bool,
    held: bool,
) {
    for (one, other) in pairs {
        cut(world, *one, *other, begins, held);
        cut(world, *other, *one, begins, held);
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
        (true, false) => world.partition_oneway(from, to),
        (true, true) => world.hold_oneway(from, to),
        (false, true) => world.release_oneway(from, to),
        (false, false) => world.repair_oneway(from, to),
    }
}
