//! Deterministic simulation testing for real-time state sync.
//!
//! Put the state machines of a server and its clients into a simulated network, choose a
//! seed, and meet every reordering, partition, crash and skewed clock that production will
//! bring: in milliseconds, and again at will.
//!
//! A [`Protocol`](protocol::Protocol) bundles the message types and the two kinds of node. A
//! [`Case`](explore::Case) is plain data: topology, operations, fault plan, seed. Running one
//! gives an [`Outcome`](explore::Outcome): a verdict, a digest over every event, and counts.
//! The same case gives the same digest in any process, on any number of threads, in debug and
//! in release.
//!
//! The layers, from the bottom: base ([`time`], [`id`], [`rng`], [`digest`]), [`history`] and
//! [`objectives`], the sans-IO surface ([`protocol`]), the discrete [`engine`], [`fault`]
//! plans, [`invariant`]s, [`explore`] (many cases, shrinking, replay) beside [`recorded`] (logs
//! of real systems), [`differential`] (one case at several fidelities) and [`report`]. Imports go
//! one way, down. With the feature `stack` there is one more, `stack`: it runs the same case on
//! tokio, over turmoil's network.

#[cfg(feature = "wire")]
mod codec;
pub mod differential;
pub mod digest;
pub mod engine;
pub mod explore;
pub mod fault;
pub mod harness;
pub mod history;
pub mod id;
pub mod invariant;
pub mod objectives;
pub mod protocol;
pub mod recorded;
pub mod report;
pub mod rng;
#[cfg(feature = "stack")]
pub mod stack;
pub mod time;

#[cfg(feature = "cli")]
pub use harness::cli::cli;
pub use harness::{Check, check};
