//! The reference document-sync protocol of wavetank.
//!
//! A document room: pipeline stages pushed by the server and elements edited by people, over a
//! WebSocket-like connection, optimistic and offline. Server and client are composed of small
//! parts, one file each, and each part is governed by its piece of one [`Policy`].
//!
//! A mistake that a real system's documentation could state is a value of the policy. A coding
//! mistake is an alternative implementation of one step of a part, in [`flaws`], put in place
//! when the node is built; the parts themselves contain no wrong branch.

pub mod advice;
pub mod between;
pub mod catalogue;
pub mod client;
pub mod config;
pub mod document;
pub mod flaws;
pub mod message;
pub mod meter;
pub mod policy;
pub mod probed;
pub mod protocol;
mod secrets;
pub mod server;
pub mod store;
pub mod versions;

pub use config::Config;
pub use policy::Policy;
pub use protocol::{DocSync, Op, Role, Timer};
