//! The parts, each with what it does over and over.

use std::hint::black_box;

use wavetank::digest::Digester;
use wavetank::engine::{Seen, Witness};
use wavetank::explore::{Case, Scenario, case_of_seed, run, run_recorded, shrink};
use wavetank::id::NodeId;
use wavetank::invariant::{Judge, Suite};
use wavetank::objectives::Objectives;
use wavetank::rng::Draw;
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync, catalogue};
use wavetank_sims::scenarios;
use wavetank_sims::w::{Entry, Message, Setup, W, Workload};

use crate::engine::agenda::{Agenda, Due};
use crate::engine::link::Link;
use crate::engine::path::{Chaos, Latency, Quality, Spikes};

/// Does so many units.
type Work = Box<dyn FnMut(u64)>;

/// Something whose cost is known.
pub struct Part {
    /// What tables call it.
    pub name: &'static str,
    /// What a unit is.
    pub unit: &'static str,
    /// How many units instructions are counted over.
    pub counted: u64,
    /// Gets ready; what comes of it does the work.
    pub prepare: fn() -> Work,
}

const fn part(name: &'static str, unit: &'static str, counted: u64, prepare: fn() -> Work) -> Part {
    Part { name, unit, counted, prepare }
}

/// All of them, from the smallest.
pub const PARTS: [Part; 12] = [
    part("agenda-10", "an entry, 10 pending", 100_000, || agenda(10)),
    part("agenda-1000", "an entry, 1,000 pending", 100_000, || agenda(1_000)),
    part("agenda-1000000", "an entry, 1,000,000 pending", 100_000, || agenda(1_000_000)),
    part("link-calm", "a packet of a calm link", 100_000, || link(false)),
    part("link-rough", "a packet of a chaotic link", 100_000, || link(true)),
    part("digest", "an event and a message", 100_000, digest),
    part("dispatch", "an event of a ping", 20_000, dispatch),
    part("w", "a simulated minute of W", 10, workload),
    part("invariants", "an observation, every invariant", 20_000, invariants),
    part("generation", "a case of `mixed`", 10, generation),
    part("mixed", "a case of `mixed`, every invariant", 10, mixed),
    part("shrink", "a run of the shrinker", 40, shrinking),
];

/// Takes the next entry and plans another, with so many pending.
fn agenda(pending: u32) -> Work {
    let draw = Draw::seeded(1);
    let mut agenda = Agenda::new(pending > 100_000);
    let later = move |nth: u64| Span::micros(draw.below(nth, 1_000_000));
    for nth in 0..pending {
        agenda.add(Time::ZERO + later(u64::from(nth)), Due::Lane, nth);
    }
    Box::new(move |units| {
        for nth in 0..units {
            let (at, due, index) = agenda.take();
            agenda.add(at + later(nth), due, index);
        }
    })
}

fn link(rough: bool) -> Work {
    let latency = Latency::Uniform(Span::millis(10), Span::millis(100));
    let chaos = Chaos {
        loss_ppm: 50_000,
        duplicate_ppm: 50_000,
        reorder: Span::millis(50),
        ..Chaos::default()
    };
    let chaos = if rough { chaos } else { Chaos::default() };
    let quality = Quality::new(latency, Spikes::default(), None, chaos);
    let mut link = Link::new((0, NodeId(0)), 1, Draw::seeded(1), false);
    let mut now = Time::ZERO;
    Box::new(move |units| {
        for _ in 0..units {
            now += Span::micros(7);
            black_box(link.fate(&quality, now, 100));
        }
    })
}

fn digest() -> Work {
    let mut digester = Digester::default();
    Box::new(move |units| {
        for nth in 0..units {
            digester.words([nth, 3, 5, 7]);
            digester.value(&Message::Event(Entry { seq: nth, author: 2, nth }));
        }
    })
}

fn case_of(setup: Setup, seed: u64) -> Case<W> {
    case_of_seed(&Workload, &setup, seed)
}

/// A client pings, and its server answers: three events every thirty seconds.
fn dispatch() -> Work {
    let quiet = Setup { clients: 1, edits: false, cuts: false, ..Setup::default() };
    Box::new(move |units| {
        let case = case_of(Setup { seconds: units * 10, ..quiet }, 0);
        assert!(black_box(run(&case)).verdict.held());
    })
}

fn workload() -> Work {
    Box::new(|units| {
        for seed in 0..units {
            assert!(black_box(run(&case_of(Setup::default(), seed))).verdict.held());
        }
    })
}

fn mixed_case(seed: u64) -> Case<DocSync> {
    let mixed: &dyn Scenario<DocSync> = scenarios::named("mixed").expect("a known scenario");
    case_of_seed(mixed, &Config::default(), seed)
}

fn generation() -> Work {
    Box::new(|units| {
        for seed in 0..units {
            black_box(mixed_case(seed));
        }
    })
}

fn mixed() -> Work {
    let cases: Vec<_> = (0..100).map(mixed_case).collect();
    Box::new(move |units| {
        for case in cases.iter().cycle().take(units as usize) {
            assert!(black_box(run(case)).verdict.held());
        }
    })
}

/// Shows the history of a run to all invariants, from its start as often as need be.
fn invariants() -> Work {
    let (_, recording) = run_recorded(&mixed_case(0));
    Box::new(move |units| {
        let fresh = || Judge::new(Suite::<DocSync>::shipped(&Objectives::default()), None);
        let mut left = units as usize;
        while left > 0 {
            let mut judge = fresh();
            for record in recording.history.iter().take(left) {
                let seen =
                    Seen { at: record.at, node: record.node, now: record.now, what: &record.what };
                judge.observe(&seen);
            }
            left = left.saturating_sub(recording.history.len());
            black_box(judge.finish(None));
        }
    })
}

/// Shrinks a case of a client that does not catch up, from its start as often as need be.
fn shrinking() -> Work {
    let known = catalogue::entries().iter().find(|entry| entry.id == "recon-no-resync");
    let entry = known.expect("a known failure mode");
    let config = Config::default().patched(&entry.as_patch()).expect("a known step");
    let scenario = scenarios::named("mixed").expect("a known scenario");
    let failing = (0..100).map(|seed| case_of_seed(scenario, &config, seed));
    let mut broken =
        failing.filter(|case| run(case).verdict.violation_of(&entry.invariant).is_some());
    let case = broken.next().expect("a hundred runs find it");
    Box::new(move |units| {
        let mut left = units;
        while left > 0 {
            let shrunk = shrink(&case, &entry.invariant, left).expect("it is broken");
            left -= shrunk.runs.clamp(1, left);
        }
    })
}
