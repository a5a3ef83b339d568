//! Probes of reconnection: when, how often and after what a client tries again.

use wavetank::fault::{ConnectionFault, DeviceFault, Fault, FaultKind};
use wavetank::history::{Connection, Observation};
use wavetank::id::NodeId;
use wavetank::time::{Span, Time};
use wavetank_models::Config;

use super::Probe;
use super::lab::{CLIENT, SEEDS, SERVER, Seen, at, case, connection, down, run, spans};

pub(super) const PROBES: &[(&str, Probe)] = &[
    ("first-delay", |config| delay(config, 1)),
    ("second-delay", |config| delay(config, 2)),
    ("third-delay", |config| delay(config, 3)),
    ("fourth-delay", |config| delay(config, 4)),
    ("fifth-delay", |config| delay(config, 5)),
    ("tenth-delay", |config| delay(config, 10)),
    ("attempts-before-giving-up", attempts_before_giving_up),
    ("dials-after-giving-up", dials_after_giving_up),
    ("after-close-1000", |config| after_close(config, 1000)),
    ("after-close-1001", |config| after_close(config, 1001)),
    ("after-close-1003", |config| after_close(config, 1003)),
    ("after-close-1006", |config| after_close(config, 1006)),
    ("after-close-1008", |config| after_close(config, 1008)),
    ("after-close-1011", |config| after_close(config, 1011)),
    ("after-close-1012", |config| after_close(config, 1012)),
    ("after-close-1013", |config| after_close(config, 1013)),
    ("after-close-4401", |config| after_close(config, 4401)),
    ("online-event", online_event),
    ("offline-dials", offline_dials),
    ("live-again-after-online", live_again_after_online),
    ("herd-width", herd_width),
    ("herd-busiest-tenth", herd_busiest_tenth),
];

/// The delay from the break, or from a dial that was refused at once, to the n-th dial.
fn delay(config: &Config, nth: usize) -> String {
    let one = |seed: u64| {
        let mut case = case(config, 1, 400);
        case.seed = seed;
        let seen = run(case, Vec::new(), vec![down(5, 400)]);
        let mut ended = None;
        let mut delays = Vec::new();
        for (now, what) in seen.at(CLIENT, at(5)) {
            match what {
                Observation::Closed { .. } | Observation::Refused { .. } => ended = Some(now),
                Observation::Dialled { .. } => {
                    delays.extend(ended.take().map(|ended| now.since(ended)));
                }
                _ => {}
            }
        }
        delays.get(nth - 1).copied()
    };
    let found: Vec<_> = (0..SEEDS).map(one).collect();
    spans(&found)
}

/// The server is down for 25 minutes. When was the person told that connecting failed?
fn long_outage(config: &Config) -> (Seen, Option<Time>) {
    let seen = run(case(config, 1, 1505), Vec::new(), vec![down(5, 1505)]);
    let gave_up = seen.shows(at(5), |shown| shown == Connection::Failed);
    (seen, gave_up.filter(|when| *when < at(1505)))
}

/// Dials up to the one with which the person was told: some say so when the last attempt
/// begins, others when it has failed.
fn attempts_before_giving_up(config: &Config) -> String {
    let (seen, gave_up) = long_outage(config);
    let upto = |gave_up| seen.dials(CLIENT, at(5)).iter().filter(|at| **at <= gave_up).count();
    gave_up.map_or("unlimited".to_owned(), |gave_up| upto(gave_up).to_string())
}

fn dials_after_giving_up(config: &Config) -> String {
    let (seen, gave_up) = long_outage(config);
    let outage = |gave_up| seen.dials(CLIENT, gave_up).into_iter().filter(|dial| *dial < at(1505));
    let after = |gave_up| outage(gave_up).filter(|dial| *dial > gave_up).count();
    gave_up.map_or("never gives up".to_owned(), |gave_up| after(gave_up).to_string())
}

/// The server, or something before it, ends the connection with a code.
fn after_close(config: &Config, code: u16) -> String {
    let close = connection(at(5), ConnectionFault::Close(CLIENT, SERVER, code));
    let seen = run(case(config, 1, 120), Vec::new(), vec![close]);
    let retries = !seen.dials(CLIENT, at(5)).is_empty();
    (if retries { "retries" } else { "stays away" }).to_owned()
}

/// The device is offline for two minutes, and knows it.
fn offline(config: &Config, from: Time, seed: u64) -> (Seen, Time) {
    const LASTS: Span = Span::secs(120);
    let mut case = case(config, 1, 300);
    case.seed = seed;
    let fault = FaultKind::Device(DeviceFault::Offline(CLIENT));
    (run(case, Vec::new(), vec![Fault::lasting(from, LASTS, fault)]), from + LASTS)
}

fn online_event(config: &Config) -> String {
    let (seen, online) = offline(config, at(5), 0);
    let at_once = seen.dials(CLIENT, online).first() == Some(&online);
    (if at_once { "dials at once" } else { "waits" }).to_owned()
}

fn offline_dials(config: &Config) -> String {
    let (seen, online) = offline(config, at(5), 0);
    seen.dials(CLIENT, at(5)).iter().filter(|at| **at < online).count().to_string()
}

/// From the device being online again to the page being in step; nothing if it never showed
/// that it was out of step.
fn live_again_after_online(config: &Config) -> String {
    let one = |seed: u64| {
        let from = at(5) + Span::millis(370) * seed;
        let (seen, online) = offline(config, from, seed);
        let left = seen.shows(from, |shown| shown != Connection::Live);
        if left.is_none_or(|left| left > online) {
            return Some(Span::ZERO);
        }
        let back = seen.shows(online, |shown| shown == Connection::Live);
        back.map(|back| back.since(online))
    };
    let found: Vec<_> = (0..SEEDS).map(one).collect();
    spans(&found)
}

/// A hundred clients lose their server at one instant. When does each dial again?
fn herd(config: &Config) -> Vec<Time> {
    const CLIENTS: u32 = 100;
    let seen = run(case(config, CLIENTS, 60), Vec::new(), vec![down(5, 8)]);
    let first = |client| seen.dials(NodeId(client), at(5)).first().copied();
    let mut dials: Vec<Time> = (1..=CLIENTS).filter_map(first).collect();
    dials.sort_unstable();
    dials
}

/// From the first client's dial to the last one's.
fn herd_width(config: &Config) -> String {
    let dials = herd(config);
    let width = dials.first().zip(dials.last()).map(|(first, last)| last.since(*first));
    spans(&[width])
}

/// The most first dials that fall into one tenth of a second, in percent.
fn herd_busiest_tenth(config: &Config) -> String {
    let dials = herd(config);
    let within = |from: &Time| {
        dials.iter().filter(|at| **at >= *from && at.since(*from) < Span::millis(100)).count()
    };
    let busiest = dials.iter().map(within).max().unwrap_or(0);
    (busiest * 100 / dials.len().max(1)).to_string()
}
