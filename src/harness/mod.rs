//! What people meet: a test of a few lines around a protocol of their own, and a command line.

mod check;
mod exit;
mod failure;
mod invocation;
mod settings;

pub use check::{Check, Checked, check};
pub use exit::Exit;
pub use failure::{Broken, Failure};
pub use settings::{Settings, SettingsError};
