//! Who runs this test, so that a failure can name the line that runs it again.

use std::path::{Path, PathBuf};

/// How the test was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// The command that runs this test and no other.
    command: String,
    /// The folder of the package.
    pub(super) package: PathBuf,
}

impl Invocation {
    /// As the process and the thread tell it.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub(super) fn of_process() -> Self {
        let variable = |name| std::env::var(name).ok();
        let package = variable("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from);
        let runner = match variable("NEXTEST") {
            Some(_) => "cargo nextest run",
            None => "cargo test",
        };
        let mut words = vec![runner.to_owned()];
        words.extend(variable("CARGO_PKG_NAME").map(|name| format!("-p {name}")));
        words.extend(test_name());
        Self { command: words.join(" "), package }
    }

    /// The line that runs the test again with a variable set.
    pub(super) fn again(&self, variable: &str) -> String {
        format!("{variable} {}", self.command)
    }

    /// A path as the line can use it: tests run in the folder of their package.
    pub(super) fn short<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.package).unwrap_or(path)
    }
}

/// The name of the test: that of its thread or, where it is alone on the main thread, the one
/// that was asked for exactly.
fn test_name() -> Option<String> {
    let thread = std::thread::current();
    if let Some(name) = thread.name().filter(|name| *name != "main") {
        return Some(name.to_owned());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_name = |word: &&String| !word.starts_with('-');
    let exact = arguments.iter().any(|word| word == "--exact");
    arguments.iter().find(is_name).filter(|_| exact).cloned()
}
