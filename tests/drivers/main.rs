//! What drives cases, tried on the board. One test program, since most of the time that such a
//! program takes to build goes into the framework made out for its protocol.

#[path = "../board/mod.rs"]
mod board;
#[path = "../typing/mod.rs"]
mod typing;

mod canary;
mod planted;
mod tool;
mod wire;
