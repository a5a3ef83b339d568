//! Servers that know nothing of simulation, under the reference's clients, the scenarios' work
//! and faults, and the invariants that need no more than what a server sends.

#[path = "../apps/axum_server.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is written as a crate of its own would be")]
mod axum_server;
#[path = "../apps/documents.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is written as a crate of its own would be")]
mod documents;
#[path = "../apps/tungstenite_server.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is written as a crate of its own would be")]
mod tungstenite_server;

use std::io;
use std::net::SocketAddr;

use documents::Database;
use turmoil::net::{TcpListener, TcpStream};
use wavetank::explore::{Case, case_of_seed};
use wavetank::fault::{ClockFault, Fault, FaultKind, Plan};
use wavetank::history::{Observation, Write};
use wavetank::stack::{Foreign, Options, StackError, StackOutcome, misfits, run_against};
use wavetank::time::{Span, Time};
use wavetank_models::message::Message;
use wavetank_models::store::Event;
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios::{self, SERVER};

/// Work without reports of a pipeline, which would be given to the server.
const SCENARIOS: [&str; 2] = ["disconnect-during-edit", "offline-editing"];

/// What can be told from what pages see and a server says.
const INVARIANTS: [&str; 7] = [
    "at-most-once-effect",
    "contiguous-apply",
    "convergence",
    "eventual-reconnect",
    "no-lost-edit",
    "no-state-regression",
    "optimistic-preserved",
];

/// Lets axum listen in the simulation: all that her application needs to be run there.
struct Door(TcpListener);

impl axum::serve::Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            if let Ok(accepted) = self.0.accept().await {
                return accepted;
            }
        }
    }
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

fn on_axum() -> Foreign<DocSync> {
    let database = Database::default();
    let serve = move |listener| {
        let router = axum_server::router(database.clone());
        async move { axum::serve(Door(listener), router).await }
    };
    Foreign::new(serve, commits)
}

fn by_hand() -> Foreign<DocSync> {
    let database = Database::default();
    let serve = move |listener: TcpListener| {
        let server = tungstenite_server::Server::new(database.clone());
        async move {
            loop {
                let (stream, _) = listener.accept().await?;
                tokio::spawn(server.clone().serve(stream));
            }
        }
    };
    Foreign::new(serve, commits)
}

/// What a message says that was committed.
fn commits(message: &Message) -> Vec<Write> {
    let write = |event: &Event| Write {
        topic: event.doc,
        position: event.position,
        op: Some(event.op),
        author: Some(event.author),
        base: None,
        changes: event.changes.clone(),
    };
    match message {
        Message::Event(event) => vec![write(event)],
        Message::Delta { events, .. } => events.iter().map(|event| write(event)).collect(),
        _ => Vec::new(),
    }
}

/// A case of which nothing befalls the inside of the server.
fn case(scenario: &str, seed: u64) -> Case<DocSync> {
    let scenario = scenarios::named(scenario).expect("a known scenario");
    let mut case = case_of_seed(scenario, &Config::default(), seed);
    for (number, _) in misfits(&case).into_iter().rev() {
        case.plan.0.remove(number);
    }
    Case { invariants: Some(INVARIANTS.map(str::to_owned).to_vec()), ..case }
}

fn run(case: &Case<DocSync>, server: Foreign<DocSync>) -> StackOutcome {
    run_against(case, Options::default(), server).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_axum_application_holds_under_faults_that_its_author_never_thought_of() {
    let (mut commits, mut closed) = (0, 0);
    for scenario in SCENARIOS {
        for seed in 0..6 {
            let outcome = run(&case(scenario, seed), on_axum());
            assert!(outcome.violations.is_empty(), "{scenario} {seed}: {:?}", outcome.violations);
            let of = |what: fn(&Observation) -> bool| {
                outcome.history.iter().filter(|record| what(&record.what)).count()
            };
            commits += of(|what| matches!(what, Observation::Stored { .. }));
            closed += of(|what| matches!(what, Observation::Closed { .. }));
        }
    }
    assert!(commits > 50 && closed > 5, "{commits} commits, {closed} ends: nothing was tried");
}

#[test]
fn what_is_sent_while_somebody_joins_is_lost_by_the_other_server_and_found() {
    let mut found = Vec::new();
    for scenario in SCENARIOS {
        for seed in 0..40 {
            let outcome = run(&case(scenario, seed), by_hand());
            let broken = outcome.violations.into_iter().map(|one| one.invariant);
            found.extend(broken.map(|invariant| (scenario, seed, invariant)));
        }
    }
    assert!(!found.is_empty(), "the news that come while a document is read are never missed");
    assert!(found.iter().all(|(.., name)| name == "convergence"), "{found:?}");
    for (scenario, seed, _) in found {
        let outcome = run(&case(scenario, seed), on_axum());
        assert!(outcome.violations.is_empty(), "{seed}: {:?}", outcome.violations);
    }
}

/// Which of two connections ends first when the server's process does, is for tokio to say, which
/// counts tasks over all the threads of a program: so here it stays up.
#[test]
fn a_run_against_a_server_that_stays_up_gives_one_history_for_a_seed() {
    let mut cases = (0..100).map(|seed| case("disconnect-during-edit", seed));
    let ends = |fault: &Fault| matches!(fault.kind, FaultKind::Node(_));
    let stays_up = cases.find(|case| !case.plan.0.is_empty() && !case.plan.0.iter().any(ends));
    let case = stays_up.expect("a case in which the server stays up");
    assert_eq!(run(&case, on_axum()), run(&case, on_axum()));
}

#[test]
fn what_cannot_befall_such_a_server_is_said_by_name_before_the_run() {
    let clock = FaultKind::Clock(ClockFault::Drift(SERVER, 500));
    let mut case = case("disconnect-during-edit", 1);
    case.plan = Plan::new(vec![Fault::lasting(Time::ZERO, Span::secs(3), clock)]);
    let error = run_against(&case, Options::default(), on_axum()).expect_err("a clock of hers");
    assert!(matches!(error, StackError::Misfits(_)), "{error}");
    assert_eq!(error.to_string(), "a server of one's own cannot be done clock-drift (fault 0)");
}
