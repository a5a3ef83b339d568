//! Workload W on madsim, as its users would write it. The comparison starts this program for
//! each sample: `wavetank-peers-madsim udp|websocket CLIENTS SECONDS RUNS` prints how long the
//! runs took, and what they came to, as one line of JSON.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]

#[path = "../../src/hub.rs"]
mod hub;
mod log;
#[path = "../../../parts/timed.rs"]
mod timed;
mod udp;
mod websocket;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use log::{Log, SharedLog};
use madsim::runtime::{Handle, NodeHandle, Runtime};
use tokio::sync::watch;
use wavetank::rng::{Draw, Rng};
use wavetank::time::Span;
use wavetank_sims::w::{LATENCY, Page, Setup};

const SERVER: &str = "10.0.0.1:80";

fn duration(span: Span) -> Duration {
    Duration::from_micros(span.as_micros())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Udp,
    WebSocket,
}

/// Runs W once.
fn run(over: Over, setup: Setup, seed: u64) -> Log {
    let mut config = madsim::Config::default();
    config.net.send_latency = duration(LATENCY.0)..duration(LATENCY.1);
    let runtime = Runtime::with_seed_and_config(seed, config);
    let log: SharedLog = Arc::new(Mutex::new(Log::default()));
    runtime.block_on(simulate(over, setup, seed, log.clone()));
    drop(runtime);
    std::mem::take(&mut *log.lock().expect("nobody panicked"))
}

async fn simulate(over: Over, setup: Setup, seed: u64, log: SharedLog) {
    let handle = Handle::current();
    let address = |n: u32| format!("10.0.{}.{}", n / 250, n % 250 + 1).parse().expect("an address");
    let server = handle.create_node().name("server").ip(address(0)).build();
    match over {
        Over::Udp => drop(server.spawn(udp::server(log.clone()))),
        Over::WebSocket => drop(server.spawn(websocket::server(log.clone()))),
    }
    let draw = Draw::seeded(seed).purpose("client");
    let mut clients: Vec<(NodeHandle, watch::Sender<()>)> = Vec::new();
    for me in 1..=setup.clients {
        let node = handle.create_node().name(format!("client-{me}")).ip(address(me)).build();
        let (reset, resets) = watch::channel(());
        let page = Page::new(me, Rng::new(draw.key(u64::from(me))));
        match over {
            Over::Udp => drop(node.spawn(udp::client(me, page, log.clone(), resets))),
            Over::WebSocket => drop(node.spawn(websocket::client(me, page, log.clone(), resets))),
        }
        clients.push((node, reset));
    }
    let net = madsim::net::NetSim::current();
    let cuts = setup.cuts();
    let mut steps: Vec<_> = cuts.iter().map(|cut| (cut.from, cut.client, true)).collect();
    steps.extend(cuts.iter().map(|cut| (cut.until, cut.client, false)));
    steps.sort_unstable();
    let start = tokio::time::Instant::now();
    for (at, client, begins) in steps {
        tokio::time::sleep_until(start + duration(at)).await;
        let (node, reset) = &clients[client as usize - 1];
        if begins {
            net.clog_node(node.id());
        } else {
            net.unclog_node(node.id());
            let _ = reset.send(());
        }
    }
    tokio::time::sleep_until(start + duration(setup.length())).await;
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u64> = words.iter().skip(1).filter_map(|word| word.parse().ok()).collect();
    let over = match words.first().map(String::as_str) {
        Some("udp") => Over::Udp,
        Some("websocket") => Over::WebSocket,
        _ => return usage(),
    };
    let [clients, seconds, runs] = numbers[..] else { return usage() };
    let setup = Setup { clients: clients as u32, seconds, ..Setup::default() };
    let (mut events, mut joins, mut digest) = (0, 0, None);
    let mut spent = Duration::ZERO;
    for seed in 0..runs {
        let (of_run, log) = timed::timed(|| run(over, setup, seed));
        spent += of_run;
        if let Some(broken) = log.broken {
            eprintln!("error: {broken}");
            return ExitCode::FAILURE;
        }
        events += log.events;
        joins += log.joins;
        digest.get_or_insert(log.digest.finish());
    }
    let spent_ns = spent.as_nanos() as u64;
    let digest = digest.unwrap_or_default();
    let line = serde_json::json!(
        {"spent_ns": spent_ns, "runs": runs, "events": events, "joins": joins, "digest": digest}
    );
    println!("{line}");
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("expected udp or websocket, and the numbers of clients, seconds and runs");
    ExitCode::from(2)
}
