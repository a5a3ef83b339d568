//! Workload W on madsim: a program of its own, since everything in it is built with `--cfg madsim`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use wavetank::digest::Digest;
use wavetank_sims::w::Setup;

use crate::ran::Ran;

/// What the program prints.
#[derive(Deserialize)]
struct Line {
    spent_ns: u64,
    runs: u64,
    events: u64,
    joins: u64,
    digest: Digest,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("madsim")
}

/// Builds the program.
///
/// # Errors
/// Where it cannot be built, with the last that cargo said.
pub fn build() -> Result<(), String> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(folder().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder().join("target"))
        .env("RUSTFLAGS", "--cfg madsim")
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| line.starts_with("error")).unwrap_or("no reason given");
    Err(format!("cannot be built: {last}"))
}

/// Runs W over datagrams or WebSockets; the program itself says how long that took.
pub fn run_all(setup: &Setup, over: &str, runs: u64) -> Result<(Duration, Ran), String> {
    let output = Command::new(folder().join("target/release/wavetank-peers-madsim"))
        .arg(over)
        .args([u64::from(setup.clients), setup.seconds, runs].map(|number| number.to_string()))
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let line: Line = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let Line { spent_ns, runs, events, joins, digest } = line;
    Ok((Duration::from_nanos(spent_ns), Ran { runs, events, joins, digest: Some(digest) }))
}
