//! The invariants of metrics, logs, alerts and levels of service: what a sound server and its
//! clients say holds, and one word of it changed, left out or added is found.

use std::collections::BTreeSet;

use wavetank::explore::{Case, case_of_seed, rejudge, run_recorded};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, Plan};
use wavetank::history::{History, Life, Name, Observation, Record, metrics};
use wavetank::id::{ConnId, NodeId};
use wavetank::objectives::Service;
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios::{self, SERVER};

/// A case of a scenario, and the history of its run by the reference.
fn recorded(scenario: &str, seed: u64) -> (Case<DocSync>, History) {
    let scenario = scenarios::named(scenario).expect("a known scenario");
    let case = case_of_seed(scenario, &Config::default(), seed);
    let (outcome, recording) = run_recorded(&case);
    assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
    (case, recording.history)
}

/// The invariants that a history breaks.
fn broken(case: &Case<DocSync>, history: &[Record]) -> BTreeSet<String> {
    rejudge(case, history).into_iter().map(|one| one.invariant).collect()
}

/// The history with the last record of a client that `change` has something for changed by it.
fn changed(history: &History, change: impl Fn(&mut Observation) -> bool) -> History {
    let mut history = history.clone();
    let mut clients = history.iter_mut().rev().filter(|record| record.node != SERVER);
    let found = clients.any(|record| change(&mut record.what));
    assert!(found, "there is nothing to change");
    history
}

fn only(invariant: &str) -> BTreeSet<String> {
    [invariant.to_owned()].into()
}

#[test]
fn every_metric_that_is_given_wrongly_is_found() {
    let (case, history) = recorded("monitored", 1);
    assert_eq!(broken(&case, &history), BTreeSet::new());
    let given: BTreeSet<Name> = history
        .iter()
        .filter(|record| record.node != SERVER)
        .filter_map(|record| match &record.what {
            Observation::Metric { name, value, .. } if *value != 0 => Some(name.clone()),
            _ => None,
        })
        .collect();
    assert!(given.len() >= 10, "{given:?}");
    for wrong in given {
        // Two buckets off, for those that are given by bucket.
        let more = changed(&history, |what| match what {
            Observation::Metric { name, value, .. } if *name == wrong && *value > 0 => {
                *value = *value * 10 + 1;
                true
            }
            _ => false,
        });
        assert_eq!(broken(&case, &more), only("metric-exact"), "{wrong}");
    }
}

#[test]
fn how_long_a_server_takes_to_tell_is_given_rightly() {
    // A server that halts learns of things late, and is not held to when it did.
    let halts = |record: &Record| record.what == Observation::Node(Life::Paused);
    let sound = |seed| Some(recorded("monitored", seed)).filter(|(_, all)| !all.iter().any(halts));
    let (case, history) = (0..40).find_map(sound).expect("a server that does not halt");
    for name in [metrics::BROADCASTS, metrics::BROADCAST] {
        let wrong = |what: &Observation| match what {
            Observation::Metric { name: one, value, .. } => one == name && *value > 0,
            _ => false,
        };
        let place = history.iter().rposition(|record| wrong(&record.what)).expect(name);
        let mut changed = history.clone();
        let Observation::Metric { value, .. } = &mut changed[place].what else { unreachable!() };
        *value += 1;
        assert_eq!(broken(&case, &changed), only("metric-exact"), "{name}");
    }
}

#[test]
fn a_metric_that_is_left_out_is_found_and_so_is_the_want_of_all() {
    let (case, history) = recorded("monitored", 1);
    let without = |wanted: &dyn Fn(&str) -> bool| -> History {
        let keep = |record: &&Record| match &record.what {
            Observation::Metric { name, .. } => wanted(name),
            _ => true,
        };
        history.iter().filter(keep).cloned().collect()
    };
    let ends = without(&|name| name != metrics::DISCONNECTS);
    assert_eq!(broken(&case, &ends), only("metric-exact"));
    let all = without(&|_| false);
    assert_eq!(broken(&case, &all), only("metric-exact"));
}

#[test]
fn a_record_that_is_left_out_changed_or_made_up_is_found() {
    let (case, history) = recorded("monitored", 2);
    let is_log = |record: &Record| matches!(record.what, Observation::Log { .. });
    let place = history.iter().position(is_log).expect("the nodes log");
    let mut without = history.clone();
    without.remove(place);
    assert_eq!(broken(&case, &without), only("log-complete"));
    for event in [metrics::LOG_SYNC_ASKED, metrics::LOG_SYNC_ANSWERED] {
        let is_it = |record: &Record| matches!(&record.what, Observation::Log { event: one, .. } if one == event);
        let mut without = history.clone();
        without.remove(history.iter().position(is_it).expect(event));
        assert_eq!(broken(&case, &without), only("log-complete"), "{event}");
    }
    let coded = changed(&history, |what| match what {
        Observation::Log { event, code, .. } if *event == metrics::LOG_CLOSED => {
            *code = 4999;
            true
        }
        _ => false,
    });
    assert_eq!(broken(&case, &coded), only("log-complete"));
    let mut made_up = history.clone();
    let mut record = history[place].clone();
    if let Observation::Log { conn, .. } = &mut record.what {
        *conn = Some(ConnId::new(90_000, 90_000));
    }
    made_up.insert(place, record);
    assert_eq!(broken(&case, &made_up), only("log-complete"));
}

#[test]
fn an_alert_that_does_not_come_or_does_not_go_is_found() {
    let mut tried = 0;
    for seed in 0..12 {
        let (case, history) = recorded("watched-trouble", seed);
        let is_alert = |record: &Record| matches!(record.what, Observation::Alert { .. });
        let Some(place) = history.iter().position(is_alert) else { continue };
        let Observation::Alert { name, on: true } = &history[place].what else {
            panic!("an alert goes on before it goes off");
        };
        let same = |record: &Record| matches!(&record.what, Observation::Alert { name: one, .. } if one == name);
        let quiet: History = history.iter().filter(|record| !same(record)).cloned().collect();
        tried += u32::from(broken(&case, &quiet) == only("alert-correct"));
        let mut early = history.clone();
        let mut record = history[place].clone();
        let first = history.iter().position(|one| matches!(one.what, Observation::Metric { .. }));
        let first = first.expect("there are metrics before there are alerts");
        (record.at, record.now) = (history[first].at, history[first].now);
        early.insert(first, record);
        assert_eq!(broken(&case, &early), only("alert-correct"), "seed {seed}: {name}");
    }
    assert!(tried >= 3, "{tried}");
}

#[test]
fn the_loss_of_exactly_half_of_the_connections_is_a_sudden_drop() {
    let scenario = scenarios::named("watched-trouble").expect("a known scenario");
    let mut case = case_of_seed(scenario, &Config::default(), 0);
    let lost_of_eight = |case: &mut Case<DocSync>, lost: u32| {
        let from = Time::from_micros(200_000_000);
        // After this code a client stays away.
        let close = |who| ConnectionFault::Close(NodeId(who), SERVER, 4401);
        let ends = (1..=lost).map(|who| Fault::at(from, FaultKind::Connection(close(who))));
        case.plan = Plan::new(ends.collect());
        let (outcome, recording) = run_recorded(case);
        assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
        recording.history.iter().any(|record| match &record.what {
            Observation::Alert { name, on } => name == metrics::MASS_DISCONNECT && *on,
            _ => false,
        })
    };
    assert!(!lost_of_eight(&mut case, 3));
    assert!(lost_of_eight(&mut case, 4));
}

#[test]
fn a_watched_client_remembers_its_last_attempts_and_no_more() {
    let scenario = scenarios::named("monitored").expect("a known scenario");
    let mut case = case_of_seed(scenario, &Config::default(), 1);
    case.objectives.table_max.insert("attempts".to_owned(), 2);
    let (outcome, recording) = run_recorded(&case);
    assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
    let held = recording.history.iter().filter_map(|record| match &record.what {
        Observation::Holds { what, size } if what == "attempts" => Some(size.len),
        _ => None,
    });
    assert_eq!(held.max(), Some(2));
}

#[test]
fn each_objective_of_a_service_that_is_missed_is_found() {
    let (case, history) = recorded("working-day", 0);
    let asked_for = case.objectives.service.clone().expect("a day has its objectives");
    let asked = |service: Service| {
        let mut case = case.clone();
        case.objectives.service = Some(service);
        broken(&case, &history)
    };
    assert_eq!(broken(&case, &history), BTreeSet::new());
    // The server goes down too often for the usual objective.
    assert_eq!(asked(Service::default()), only("slo-report"));
    let ends = history
        .iter()
        .any(|record| matches!(record.what, Observation::Closed { code, .. } if code != 1006));
    let short = Service { uptime_p50: Span::secs(86_400), ..asked_for.clone() };
    assert_eq!(!asked(short).is_empty(), ends);
    let slow = Service { latency_p95: Span::millis(20), ..asked_for };
    assert_eq!(asked(slow), only("slo-report"));

    let config = Config::default();
    let two = wavetank_models::policy::Patch::one("client.reconnect.attempts_max", 2.into());
    let config = config.patched(&two).expect("a known knob");
    let scenario = scenarios::named("working-day").expect("a known scenario");
    let gives_up = case_of_seed(scenario, &config, 0);
    let (_, recording) = run_recorded(&gives_up);
    assert!(broken(&gives_up, &recording.history).contains("slo-report"));
}
