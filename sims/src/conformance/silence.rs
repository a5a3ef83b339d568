//! Probes of silence: how long it takes until somebody notices that a connection is dead.

use wavetank::history::{Connection, Observation, Side};
use wavetank::time::{Span, Time};
use wavetank_models::Config;

use super::Probe;
use super::lab::{CLIENT, SEEDS, SERVER, Seen, at, case, cut, run, spans};

pub(super) const PROBES: &[(&str, Probe)] = &[
    ("silence-noticed-by-client", silence_noticed_by_client),
    ("silence-noticed-by-server", silence_noticed_by_server),
    ("dial-abandoned-after", dial_abandoned_after),
];

/// A silence begins at every phase of a heartbeat of up to half a minute. When is it noticed?
fn silence(config: &Config, noticed: fn(&Seen, Time) -> Option<Time>) -> String {
    let one = |seed: u64| {
        let start = at(95) + Span::millis(500) * seed;
        let seconds = 95 + SEEDS / 2 + 300;
        let mut case = case(config, 1, seconds);
        case.seed = seed;
        let seen = run(case, Vec::new(), vec![cut(start, at(seconds))]);
        // What is told after the silence was not noticed by it.
        noticed(&seen, start).filter(|when| *when < at(seconds)).map(|when| when.since(start))
    };
    let found: Vec<_> = (0..SEEDS).map(one).collect();
    spans(&found)
}

/// Until the client no longer shows `live`.
fn silence_noticed_by_client(config: &Config) -> String {
    silence(config, |seen, start| seen.shows(start, |shown| shown != Connection::Live))
}

/// Until the server has ended the connection.
fn silence_noticed_by_server(config: &Config) -> String {
    silence(config, |seen, start| {
        let ended =
            |what: &Observation| matches!(what, Observation::Closed { side: Side::Acceptor, .. });
        seen.at(SERVER, start).find(|(_, what)| ended(what)).map(|(at, _)| at)
    })
}

/// The first dial of a page gets no answer for ten minutes. When is it a failed attempt?
fn dial_abandoned_after(config: &Config) -> String {
    const SECONDS: u64 = 600;
    let seen = run(case(config, 1, SECONDS), Vec::new(), vec![cut(at(0), at(SECONDS))]);
    let failed = |what: &Observation| match what {
        Observation::ShownStatus(status) => status.attempt > 0,
        _ => false,
    };
    let failed = seen.at(CLIENT, at(0)).find(|(_, what)| failed(what)).map(|(at, _)| at);
    spans(&[failed.filter(|when| *when < at(SECONDS)).map(|when| when.since(at(0)))])
}
