//! Coding mistakes: wrong ways to do one step of a part.
//!
//! Each file holds the wrong steps of one area. A flaw is chosen by its path and value when a
//! node is built, and claims nothing of itself: it is found by what comes of it.

mod apply;
mod delivery;
mod errors;
mod fanout;
mod heartbeat;
mod lifecycle;
mod metrics;
mod parts;
mod reconnect;
mod registry;
mod security;
mod server;
mod sync;
mod tabs;
mod view;
mod work;

use serde_json::{Value, json};

use crate::client;
use crate::meter;
use crate::policy::{Patch, PatchError};
use crate::server as serving;

/// A wrong way to do one step.
pub(crate) struct Flaw {
    path: &'static str,
    right: &'static str,
    wrong: &'static str,
    change: Step,
}

/// How a flaw is put in place.
pub(crate) enum Step {
    Client(fn(&mut client::Steps)),
    Server(fn(&mut serving::Steps)),
    ClientMeter(fn(&mut meter::Steps)),
    ServerMeter(fn(&mut meter::Steps)),
}

fn all() -> impl Iterator<Item = &'static Flaw> {
    let areas: [&'static [Flaw]; 16] = [
        reconnect::FLAWS,
        lifecycle::FLAWS,
        sync::FLAWS,
        delivery::FLAWS,
        heartbeat::FLAWS,
        server::FLAWS,
        view::FLAWS,
        apply::FLAWS,
        fanout::FLAWS,
        errors::FLAWS,
        work::FLAWS,
        parts::FLAWS,
        security::FLAWS,
        metrics::FLAWS,
        registry::FLAWS,
        tabs::FLAWS,
    ];
    areas.into_iter().flatten()
}

/// The wrong ways to do the step of a path.
fn known(path: &str) -> impl Iterator<Item = &'static Flaw> {
    all().filter(move |flaw| flaw.path == path)
}

/// All paths of steps that can be done wrong, with their right and wrong values.
pub fn paths() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    all().map(|flaw| (flaw.path, flaw.right, flaw.wrong))
}

/// The right value of a step.
pub fn right(path: &str) -> Value {
    known(path).next().map_or(Value::Null, |flaw| json!(flaw.right))
}

/// Whether a value is a step's right one.
pub fn is_right(path: &str, value: &Value) -> bool {
    known(path).any(|flaw| value == flaw.right)
}

/// Checks that a step has this path and can be done in this way.
///
/// # Errors
/// A path that is neither a knob nor a step, or a value that is not one of the step's.
pub fn check(path: &str, value: &Value) -> Result<(), PatchError> {
    let Some(first) = known(path).next() else {
        let paths = crate::Policy::paths().into_iter();
        let names = paths.chain(all().map(|flaw| flaw.path.to_owned()));
        let nearest = wavetank::harness::nearest(path, names);
        return Err(PatchError::Unknown { path: path.to_owned(), nearest });
    };
    if is_right(path, value) || known(path).any(|flaw| value == flaw.wrong) {
        return Ok(());
    }
    let wrong: Vec<_> = known(path).map(|flaw| format!("\"{}\"", flaw.wrong)).collect();
    let message = format!("expected \"{}\" or {}, found {value}", first.right, wrong.join(" or "));
    Err(PatchError::Value { path: path.to_owned(), message })
}

fn chosen(patch: &Patch) -> impl Iterator<Item = &'static Flaw> {
    patch.iter().flat_map(|(path, value)| known(path).filter(move |flaw| value == flaw.wrong))
}

/// Puts the chosen flaws into a client's steps.
pub(crate) fn install_client(patch: &Patch, steps: &mut client::Steps) {
    for flaw in chosen(patch) {
        if let Step::Client(change) = flaw.change {
            change(steps);
        }
    }
}

/// The steps of a client's meter with the chosen flaws.
pub(crate) fn client_meter(patch: &Patch) -> meter::Steps {
    let mut steps = meter::Steps::default();
    for flaw in chosen(patch) {
        if let Step::ClientMeter(change) = flaw.change {
            change(&mut steps);
        }
    }
    steps
}

/// The steps of a server's meter with the chosen flaws.
pub(crate) fn server_meter(patch: &Patch) -> meter::Steps {
    let mut steps = meter::Steps::default();
    for flaw in chosen(patch) {
        if let Step::ServerMeter(change) = flaw.change {
            change(&mut steps);
        }
    }
    steps
}

/// Puts the chosen flaws into a server's steps.
pub(crate) fn install_server(patch: &Patch, steps: &mut serving::Steps) {
    for flaw in chosen(patch) {
        if let Step::Server(change) = flaw.change {
            change(steps);
        }
    }
}
