//! What guards against protocols that misbehave, tried on the toy.

#[path = "../toy/mod.rs"]
mod toy;

mod recheck;
mod runaways;
mod sweeps;
