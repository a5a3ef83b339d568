//! The discrete-event world: agenda, hosts, links, connections, stores, dispatch.
//!
//! A [`World`] is driven by [`World::run_until`] and changed by its verbs: give an operation,
//! cut a link, crash a node. It does not know that there is such a thing as a fault plan, and
//! it judges nothing; a [`Witness`] is told what it sees.

mod account;
mod agenda;
mod arrive;
mod clock;
mod effects;
mod gather;
mod heap;
mod host;
mod issuer;
mod lane;
mod link;
mod net;
mod path;
mod payloads;
mod setup;
mod timers;
mod vault;
mod verbs;
#[cfg(feature = "wire")]
mod wire;
mod world;

pub use issuer::Treatment;
pub use link::Gate;
pub use path::{Bandwidth, Chaos, Latency, Spikes, Weather};
pub use setup::{Limits, Network, NodeSpec, Topology};
pub use vault::StoreMode;
pub use world::{Counts, View, World};

#[cfg(feature = "stack")]
pub(crate) use issuer::Issuer;
// The stack has the same nodes, stores and clocks, on another network.
#[cfg(feature = "stack")]
pub(crate) use host::{Host, State as HostState};
#[cfg(feature = "stack")]
pub(crate) use net::EndState;
#[cfg(feature = "stack")]
pub(crate) use setup::peers;
#[cfg(feature = "stack")]
pub(crate) use vault::Vault;
#[cfg(feature = "stack")]
pub(crate) use wire::attack_frame;
#[cfg(feature = "stack")]
pub(crate) use world::Actor;

use crate::history::{Interest, Observation};
use crate::id::NodeId;
use crate::protocol::Protocol;
use crate::time::{Now, Time};

/// One observation, with where and when.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// True time.
    pub at: Time,
    /// The node that it happened at.
    pub node: NodeId,
    /// That node's own clocks.
    pub now: Now,
    /// What happened.
    pub what: &'a Observation,
}

/// Somebody who is told what happens in a world. It cannot change anything.
///
/// `Tally` of the example is one:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait Witness<P: Protocol> {
    /// The kinds of observation that it wants to hear of. Asked once per run; what nobody
    /// wants is not made.
    fn wants(&self) -> Interest;
    /// Hears of one.
    fn observe(&mut self, seen: &Seen<'_>);
    /// Looks at the nodes after each event, where [`Witness::looks`] says so.
    fn look(&mut self, _view: &View<'_, P>) {}
    /// Whether [`Witness::look`] is to be called.
    fn looks(&self) -> bool {
        false
    }
    /// Whether [`Witness::trace`] is to be called.
    fn traces(&self) -> bool {
        false
    }
    /// Hears of one event in words.
    fn trace(&mut self, _at: Time, _node: NodeId, _text: String) {}
    /// When it wants [`Witness::wake`] to be called, if at all. Asked after every event.
    fn next_wake(&self) -> Option<Time> {
        None
    }
    /// The time that it asked for has come.
    fn wake(&mut self, _at: Time) {}
}
