//! Scenarios of document sync, the audit of a policy, the catalogue put to the test, and the
//! `wavetank` command line.

pub mod audit;
pub mod catalogue;
pub mod cli;
pub mod conformance;
pub mod differential;
pub mod scenarios;
pub mod w;
