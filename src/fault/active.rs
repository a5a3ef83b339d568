//! What the faults that are active at one time come to. Of two that say something of one
//! thing, the later in the plan holds.

use super::{
    ClockFault, ConnectionFault, DeviceFault, FaultKind, LinkFault, NodeFault, PeopleFault,
    StoreFault,
};
use crate::engine::{Gate, StoreMode, Treatment, Weather};
use crate::history::Refusal;
use crate::id::{NodeId, StoreId, Topic};
use crate::time::Span;

/// What they make of a path.
pub(crate) fn weather<'a>(
    active: impl Iterator<Item = &'a FaultKind>,
    one: NodeId,
    other: NodeId,
) -> Weather {
    let mut weather = Weather::default();
    for kind in active {
        let FaultKind::Link(fault) = kind else { continue };
        if !fault.covers(one, other) {
            continue;
        }
        match fault {
            LinkFault::Latency(_, _, latency) => weather.latency = Some(*latency),
            LinkFault::Spikes(_, _, spikes) => weather.spikes = Some(*spikes),
            LinkFault::Bandwidth(_, _, bandwidth) => weather.bandwidth = Some(*bandwidth),
            LinkFault::Chaos(_, _, chaos) => weather.chaos = Some(*chaos),
            LinkFault::Partition(..) | LinkFault::PartitionOneway(..) | LinkFault::Hold(..) => {}
        }
    }
    weather
}

/// What they put between a dialler and whom it dials.
pub(crate) fn gate<'a>(
    active: impl Iterator<Item = &'a FaultKind>,
    from: NodeId,
    to: NodeId,
) -> Gate {
    let mut gate = Gate::default();
    for kind in active {
        let FaultKind::Connection(fault) = kind else { continue };
        if fault.ends() != [from, to] {
            continue;
        }
        match *fault {
            ConnectionFault::Refuse(_, _, status) => gate.refuse = Some(Refusal::Status(status)),
            ConnectionFault::Blocked(..) => {
                gate.refuse = gate.refuse.or(Some(Refusal::Blocked));
            }
            ConnectionFault::Flap(_, _, code) => gate.flap = Some(code),
            ConnectionFault::IdleTimeout(_, _, idle) => gate.idle = Some(idle),
            _ => {}
        }
    }
    gate
}

/// How they let a store treat requests.
pub(crate) fn mode<'a>(active: impl Iterator<Item = &'a FaultKind>, of: StoreId) -> StoreMode {
    let mut mode = StoreMode::default();
    for kind in active.filter(|kind| kind.store() == Some(of)) {
        match *kind {
            FaultKind::Store(StoreFault::Slow(_, span)) => mode.delay = span,
            FaultKind::Store(StoreFault::Failing(_, ppm)) => mode.fail_ppm = ppm,
            FaultKind::Store(StoreFault::Ambiguous(_, ppm)) => mode.ambiguous_ppm = ppm,
            FaultKind::Store(StoreFault::Lying(_, ppm)) => mode.lying_ppm = ppm,
            FaultKind::Store(StoreFault::Stale(_)) => mode.stale = true,
            _ => {}
        }
    }
    mode
}

/// How they let the issuer treat a user.
pub(crate) fn treatment<'a>(active: impl Iterator<Item = &'a FaultKind>, of: NodeId) -> Treatment {
    let mut treatment = Treatment::default();
    for kind in active {
        match *kind {
            FaultKind::People(PeopleFault::ShortLived(user, span)) if user == of => {
                treatment.lifetime = Some(span);
            }
            FaultKind::People(PeopleFault::RefreshRefused(user)) if user == of => {
                treatment.refused = true;
            }
            FaultKind::People(PeopleFault::IssuerSilent(user)) if user == of => {
                treatment.silent = true;
            }
            _ => {}
        }
    }
    treatment
}

/// Whether they keep the process of a node from running.
pub(crate) fn keep_down<'a>(mut active: impl Iterator<Item = &'a FaultKind>, of: NodeId) -> bool {
    active.any(|kind| match kind {
        FaultKind::Node(NodeFault::Crash(node) | NodeFault::PowerLoss(node)) => *node == of,
        _ => false,
    })
}

/// How long each event takes a node.
pub(crate) fn cost<'a>(active: impl Iterator<Item = &'a FaultKind>, of: NodeId) -> Span {
    let costs = active.filter_map(|kind| match kind {
        FaultKind::Node(NodeFault::Slow(node, cost)) if *node == of => Some(*cost),
        _ => None,
    });
    costs.last().unwrap_or_default()
}

/// At multiples of what a node's timers go off, or those of one name.
pub(crate) fn throttle<'a>(
    active: impl Iterator<Item = &'a FaultKind>,
    of: NodeId,
) -> Option<(Option<&'a str>, Span)> {
    let throttles = active.filter_map(|kind| match kind {
        FaultKind::Node(NodeFault::Throttle { node, timer, grain }) if *node == of => {
            Some((timer.as_deref(), *grain))
        }
        _ => None,
    });
    throttles.last()
}

/// By how much a node's clock runs too fast.
pub(crate) fn drift_ppm<'a>(active: impl Iterator<Item = &'a FaultKind>, of: NodeId) -> i32 {
    let drifts = active.filter_map(|kind| match *kind {
        FaultKind::Clock(ClockFault::Drift(node, ppm)) if node == of => Some(ppm),
        _ => None,
    });
    drifts.last().unwrap_or_default()
}

/// Whether a device says that it is online.
pub(crate) fn is_online<'a>(mut active: impl Iterator<Item = &'a FaultKind>, of: NodeId) -> bool {
    !active.any(|kind| match kind {
        FaultKind::Device(DeviceFault::Offline(node) | DeviceFault::SaysOffline(node)) => {
            *node == of
        }
        _ => false,
    })
}

/// Whether a user may see a topic.
pub(crate) fn may_see<'a>(
    mut active: impl Iterator<Item = &'a FaultKind>,
    user: NodeId,
    topic: Topic,
) -> bool {
    !active.any(|kind| match kind {
        FaultKind::People(PeopleFault::RightsWithdrawn(of, what)) => (*of, *what) == (user, topic),
        _ => false,
    })
}
