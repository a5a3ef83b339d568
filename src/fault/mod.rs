//! Faults as data: a plan says what goes wrong, where, when and for how long.
//!
//! A [`Plan`] is part of a case and is readable JSON. [`generate`] makes plans in the swarm
//! style; [`Timeline`] carries one out on a world, and heals at the horizon what heals.

mod apply;
pub mod generate;
mod plan;

pub use apply::Timeline;
pub use plan::{
    ClockFault, ConnectionFault, DeviceFault, Fault, FaultKind, LinkFault, NodeFault, Plan,
    PlanError, StoreFault,
};
