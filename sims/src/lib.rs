//! Scenarios of document sync, the audit of a policy, and the `wavetank` command line.

pub mod audit;
pub mod cli;
pub mod conformance;
pub mod differential;
pub mod scenarios;
pub mod w;
