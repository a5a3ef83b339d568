//! The policies that come with the tool.

use std::path::{Path, PathBuf};

use super::file::{PolicyError, PolicyFile};

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        /// The bundled policies: name, and text.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../policies/", $name, ".toml")))),*];
    };
}

bundled!(
    "socket-io-4",
    "socket-io-4-recovery",
    "phoenix-channels",
    "centrifugo",
    "signalr",
    "signalr-stateful-reconnect",
    "graphql-transport-ws",
    "pusher-channels",
    "ably",
    "django-chat",
    "naive",
    "reference",
);

/// The names of the bundled policies; the first is the one that an audit without an argument
/// takes.
pub fn bundled() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

impl PolicyFile {
    /// The policy that a person names: a file, or a bundled one by its name.
    ///
    /// # Errors
    /// A name that is neither, with the nearest that is; or a file that is not a policy.
    pub fn find(name: &str) -> Result<Self, PolicyError> {
        if Path::new(name).exists() {
            return Self::read(Path::new(name));
        }
        if let Some((name, text)) = FILES.iter().find(|(bundled, _)| *bundled == name) {
            let path = PathBuf::from(format!("models/policies/{name}.toml"));
            return Self::parse(&path, (*text).to_owned());
        }
        let stem = Path::new(name).file_stem().map_or(name.into(), |stem| stem.to_string_lossy());
        let nearest = wavetank::harness::nearest(&stem, bundled().map(str::to_owned));
        Err(PolicyError::Unknown { name: name.to_owned(), nearest })
    }
}
