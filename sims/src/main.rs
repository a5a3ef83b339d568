//! The `wavetank` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    wavetank_sims::cli::main().into()
}
