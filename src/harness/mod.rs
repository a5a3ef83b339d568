//! What people meet: a test of a few lines around a protocol of their own, and a command line.

mod check;
#[cfg(feature = "cli")]
pub mod cli;
mod exit;
mod failure;
mod invocation;
mod settings;

use std::path::{Path, PathBuf};

pub use check::{Check, Checked, check};
pub use exit::Exit;
pub use failure::{Broken, Failure};
pub use settings::{Settings, SettingsError};

/// The case files of a folder, in the order of their names.
fn case_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The nearest valid name, as the end of a sentence; nothing if no name is near.
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

/// The name nearest to a mistyped one, if any is near.
pub fn nearest(given: &str, names: impl IntoIterator<Item = String>) -> Option<String> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(given, &name), name))
        .filter(|(distance, name)| *distance * 2 <= name.len().max(4))
        .min()
        .map(|(_, name)| name)
}
