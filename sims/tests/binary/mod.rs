//! The `wavetank` binary, and what it says.

#![allow(dead_code, reason = "no test needs all of it")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The binary with these arguments, in a folder.
pub(crate) fn command(folder: impl AsRef<Path>, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
    command.current_dir(folder).args(args);
    command
}

/// What comes of running it.
pub(crate) fn wavetank(folder: impl AsRef<Path>, args: &[&str]) -> Output {
    command(folder, args).output().expect("the binary runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON on standard output")
}
