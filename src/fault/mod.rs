//! Faults as data: a plan says what goes wrong, where, when and for how long.
//!
//! A [`Plan`] is part of a case and is readable JSON. [`generate`] makes plans in the swarm
//! style; [`Timeline`] carries one out on a world, and heals at the horizon what heals.

pub(crate) mod active;
mod apply;
pub mod generate;
mod kind;
mod plan;
mod simpler;

pub use apply::Timeline;
#[cfg(feature = "stack")]
pub(crate) use apply::{Beat, steps};
pub use kind::{
    ClockFault, ConnectionFault, DeviceFault, FaultKind, LinkFault, NodeFault, PeopleFault,
    StoreFault,
};
#[cfg(any(feature = "cli", feature = "stack"))]
pub(crate) use plan::named;
pub use plan::{Fault, Plan, PlanError};
