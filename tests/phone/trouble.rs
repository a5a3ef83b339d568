//! What befalls the first client and its server, in seconds of a run.

use wavetank::fault::{ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault};
use wavetank::id::NodeId;
use wavetank::time::{Span, Time};

use super::SERVER;

/// The first client.
pub(crate) const CLIENT: NodeId = NodeId(1);

pub(crate) fn secs(seconds: u64) -> Time {
    millis(seconds * 1000)
}

pub(crate) fn millis(millis: u64) -> Time {
    Time::from_micros(millis * 1000)
}

pub(crate) fn lasting(from: Time, until: Time, kind: FaultKind) -> Fault {
    Fault::lasting(from, until.since(from), kind)
}

pub(crate) fn reset(at: u64) -> Fault {
    Fault::at(secs(at), FaultKind::Connection(ConnectionFault::Reset(CLIENT, SERVER)))
}

/// Nothing more comes from a node on the connection that is open.
pub(crate) fn half_open(at: u64, from: NodeId) -> Fault {
    let other = if from == CLIENT { SERVER } else { CLIENT };
    Fault::at(secs(at), FaultKind::Connection(ConnectionFault::HalfOpen(from, other)))
}

/// Nothing passes, from when the news of a reset has come through.
pub(crate) fn cut(from: u64, until: u64) -> Fault {
    let kind = FaultKind::Link(LinkFault::Partition(vec![CLIENT], vec![SERVER]));
    lasting(secs(from) + Span::millis(200), secs(until), kind)
}

pub(crate) fn down(from: u64, until: u64) -> Fault {
    lasting(secs(from), secs(until), FaultKind::Node(NodeFault::Crash(SERVER)))
}

pub(crate) fn paused(node: NodeId, from: u64, until: u64) -> Fault {
    lasting(secs(from), secs(until), FaultKind::Node(NodeFault::Pause(node)))
}

/// Each event takes it a moment.
pub(crate) fn slow(node: NodeId, from: u64, until: u64) -> Fault {
    lasting(secs(from), secs(until), FaultKind::Node(NodeFault::Slow(node, Span::millis(1))))
}

/// Its timers go off once a minute.
pub(crate) fn throttled(node: NodeId) -> FaultKind {
    FaultKind::Node(NodeFault::Throttle { node, timer: None, grain: Span::secs(60) })
}

pub(crate) fn offline(from: u64, until: u64) -> Fault {
    lasting(secs(from), secs(until), FaultKind::Device(DeviceFault::Offline(CLIENT)))
}

/// The device says that it is offline, and is not.
pub(crate) fn says_offline(from: u64, until: u64) -> Fault {
    lasting(secs(from), secs(until), FaultKind::Device(DeviceFault::SaysOffline(CLIENT)))
}
