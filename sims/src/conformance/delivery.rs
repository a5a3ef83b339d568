//! Probes of delivery: what becomes of events and of edits when a connection breaks.

use wavetank::engine::Latency;
use wavetank::fault::{ConnectionFault, Fault};
use wavetank::history::Observation;
use wavetank::id::{NodeId, OpId};
use wavetank::time::{Span, Time};
use wavetank_models::document::Attribute;
use wavetank_models::{Config, Op};

use super::Probe;
use super::lab::{CLIENT, SERVER, at, away, case, connection, down, millis, run};

pub(super) const PROBES: &[(&str, Probe)] = &[
    ("server-event-while-away", server_event_while_away),
    ("away-longer-than-window", away_longer_than_window),
    ("server-event-across-restart", server_event_across_restart),
    ("events-in-order", events_in_order),
    ("edit-while-away", edit_while_away),
    ("edit-long-before-return", edit_long_before_return),
    ("edit-in-flight-at-break", edit_in_flight_at_break),
    ("ack-lost", ack_lost),
    ("edits-in-order", edits_in_order),
    ("queue-limit", queue_limit),
];

/// An event happens on the server at 10 s. Does the client ever show it?
fn event_at_ten(config: &Config, plan: Vec<Fault>, seconds: u64) -> String {
    let work = vec![(at(10), SERVER, Op::Stage(0))];
    let seen = run(case(config, 1, seconds), work, plan);
    let delivered = !seen.shown(1..=1).is_empty();
    (if delivered { "delivered" } else { "lost" }).to_owned()
}

/// The client is away for ten seconds.
fn server_event_while_away(config: &Config) -> String {
    event_at_ten(config, away(5, 15), 90)
}

/// The client is away for five minutes.
fn away_longer_than_window(config: &Config) -> String {
    event_at_ten(config, away(5, 305), 420)
}

/// The server restarts while the client is away.
fn server_event_across_restart(config: &Config) -> String {
    let mut plan = away(5, 30);
    plan.push(down(12, 16));
    event_at_ten(config, plan, 120)
}

/// Whether a list of operations is in the order in which they were given.
fn order(ops: &[OpId], given: usize) -> String {
    let order = match (ops.len() < given, ops.is_sorted()) {
        (_, false) => "out of order",
        (true, true) => "in order, some lost",
        (false, true) => "in order",
    };
    order.to_owned()
}

/// Twenty events in quick succession, over a network that is now quick and now slow.
fn events_in_order(config: &Config) -> String {
    let mut case = case(config, 1, 20);
    case.network.latency = Latency::Uniform(Span::millis(10), Span::millis(100));
    let work = (0..20).map(|n| (at(5) + Span::millis(20) * n, SERVER, Op::Stage(n as u32)));
    let seen = run(case, work.collect(), Vec::new());
    // A stage that is reported again is another event with another value.
    order(&seen.shown(1..=20), 20)
}

fn one_edit(config: &Config, edit: Time, plan: Vec<Fault>, seconds: u64) -> String {
    run(case(config, 1, seconds), vec![(edit, CLIENT, Op::Insert)], plan).fate(OpId(1))
}

/// The client is away for ten seconds and edits two seconds before it can return.
fn edit_while_away(config: &Config) -> String {
    one_edit(config, at(13), vec![down(5, 15)], 90)
}

/// The client is away for a minute and edits soon after the break.
fn edit_long_before_return(config: &Config) -> String {
    one_edit(config, at(8), vec![down(5, 65)], 180)
}

/// The edit is sent into a connection that carries nothing any more, and then breaks.
fn edit_in_flight_at_break(config: &Config) -> String {
    let plan = vec![
        connection(at(5), ConnectionFault::HalfOpen(CLIENT, SERVER)),
        connection(at(6), ConnectionFault::Reset(CLIENT, SERVER)),
    ];
    one_edit(config, millis(5_100), plan, 90)
}

/// The edit arrives, and nothing comes back on that connection.
fn ack_lost(config: &Config) -> String {
    let plan = vec![connection(at(5), ConnectionFault::HalfOpen(SERVER, CLIENT))];
    one_edit(config, millis(5_100), plan, 120)
}

/// Five edits while the client is away for ten seconds.
fn edits_in_order(config: &Config) -> String {
    let edit = |n: u32| (at(13) + Span::millis(100) * u64::from(n), CLIENT);
    let work = (0..5).map(|n| (edit(n).0, edit(n).1, Op::Set(n, Attribute::Label)));
    let seen = run(case(config, 1, 90), work.collect(), vec![down(5, 15)]);
    order(&seen.done(), 5)
}

/// More edits than anybody would queue, while the client is away: how many wait at most?
fn queue_limit(config: &Config) -> String {
    const EDITS: u32 = 1200;
    let edit = |n: u32| (at(10) + Span::millis(u64::from(n)), CLIENT, Op::Set(n, Attribute::Box));
    let work: Vec<(Time, NodeId, Op)> = (0..EDITS).map(edit).collect();
    let seen = run(case(config, 1, 60), work, vec![down(5, 60)]);
    let held = |what: &Observation| match what {
        Observation::Holds { what, size } if what == "outbox" => Some(size.len),
        _ => None,
    };
    let most = seen.at(CLIENT, Time::ZERO).filter_map(|(_, what)| held(what)).max().unwrap_or(0);
    if most >= EDITS { "unlimited".to_owned() } else { most.to_string() }
}
