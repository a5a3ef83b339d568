//! Every kind of fault, one by one, on a protocol that does what it is told and says what
//! happens to it.

mod clocks;
mod connections;
mod links;
mod nodes;
mod people;
mod puppet;
mod stores;
