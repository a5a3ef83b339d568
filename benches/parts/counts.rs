//! Instructions of a unit, counted by valgrind and held against those that are pinned.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use crate::parts::Part;

/// How many more than are pinned are let pass, in percent: another version of the compiler or of
/// the C library moves them by less.
const TOLERANCE_PERCENT: u64 = 3;

/// What is pinned: instructions of a unit by part.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    instructions: BTreeMap<String, u64>,
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../benches/parts/counts.toml")
}

/// Counts the instructions of each part. Where `accept` is set they are pinned; otherwise too many
/// are a failure.
pub fn compare(parts: &[&Part], accept: bool) -> Result<ExitCode, String> {
    let path = file();
    let said = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut pinned = Pinned::default();
    if !accept {
        let text = std::fs::read_to_string(&path).map_err(|error| said(&error))?;
        pinned = toml::from_str(&text).map_err(|error| said(&error))?;
    }
    println!("{:<28} {:>14} {:>14} {:>9}  unit", "part", "instructions", "pinned", "change");
    let mut more = Vec::new();
    for part in parts {
        let counted = instructions(part)?;
        let Some(before) = pinned.instructions.get(part.name).copied() else {
            println!("{:<28} {counted:>14} {:>14} {:>9}  {}", part.name, "-", "-", part.unit);
            pinned.instructions.insert(part.name.to_owned(), counted);
            if !accept {
                more.push(part.name);
            }
            continue;
        };
        let change = (counted as f64 / before.max(1) as f64 - 1.0) * 100.0;
        println!("{:<28} {counted:>14} {before:>14} {change:>+8.1}%  {}", part.name, part.unit);
        if counted * 100 > before * (100 + TOLERANCE_PERCENT) {
            more.push(part.name);
        }
    }
    if accept {
        let text = toml::to_string(&pinned).map_err(|error| said(&error))?;
        std::fs::write(&path, text).map_err(|error| said(&error))?;
        return Ok(ExitCode::SUCCESS);
    }
    if more.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "error: {} take over {TOLERANCE_PERCENT} % more instructions than {} pins, or are not \
         pinned; where that is what they should take, run this again with --accept",
        more.join(", "),
        path.display()
    );
    Ok(ExitCode::FAILURE)
}

/// The difference between twice the units and once: what getting ready takes is in both.
fn instructions(part: &Part) -> Result<u64, String> {
    let once = under_valgrind(part, part.counted)?;
    let twice = under_valgrind(part, part.counted * 2)?;
    Ok(twice.saturating_sub(once) / part.counted)
}

fn under_valgrind(part: &Part, units: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([part.name, "--units", &units.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}; install it, as benches/parts/setup does"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected : "));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    count.filter(|_| output.status.success()).ok_or_else(|| format!("{}: {said}", part.name))
}
