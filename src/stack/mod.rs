//! The same nodes on tokio: over turmoil's network with every fault, and on real sockets.
//!
//! A run on turmoil is to show that a finding, or its absence, is no artefact of the discrete
//! [`engine`](crate::engine). Each end of a connection is one task that does the handshake,
//! frames, limits and close codes of tokio-tungstenite over a stream. The facts are witnessed
//! where the discrete engine witnesses them, and the case's own invariants judge.
//! [`serve`] runs one server node with the same driver for anybody's WebSocket clients.
//!
//! What is different from the discrete engine:
//!
//! - Time comes in ticks of a millisecond, and the distribution of latencies is turmoil's, the
//!   same both ways. Operations, faults, stores and await points happen between two ticks.
//! - A dial is an HTTP request and its answer: a status refuses it, and one of 200 comes from
//!   something between that knows nothing of WebSockets ([`Refusal::Blocked`]).
//! - Reads and writes are cut short where the seed says so.
//! - A message that is longer than its receiver takes, and frames that break a rule, end the
//!   connection with 1009, 1002 or 1007; other bytes that are no message are
//!   [`Event::Malformed`](crate::protocol::Event::Malformed).
//! - A [cast](crate::protocol::Outbox::cast) is one UDP datagram of at most 65,507 bytes. Casts
//!   keep their order between nodes of one device; between devices one may overtake another.
//!   What was on its way when the link was cut arrives late and is not lost. Spikes and a
//!   narrow path do not touch them.
//! - turmoil's streams never send again, so a partition holds back what they carry and releases
//!   it in the end ([`Partition::Held`]). A one-way partition holds back what the streams are
//!   given from then on; what is on its way still arrives. Spikes and a narrow path hold back
//!   the writes of a stream.
//! - Something between that ends a connection with a code does so from one end.
//! - Chaos cannot be expressed: no stream loses, doubles or reorders what it carries. A plan
//!   that has it is refused before the run ([`inexpressible`]).
//! - A stream takes in many messages before the send buffer begins to fill.
//! - turmoil looks at every host in every tick and at every link for every host. Nodes that only
//!   dial, and that nothing in the plan tells apart, share one host.
//! - There is no digest: the history is what two runs of one case have in common.
//!
//! [`Refusal::Blocked`]: crate::history::Refusal::Blocked

mod driver;
mod faults;
mod foreign;
mod gates;
mod line;
mod roads;
mod run;
mod serve;
mod socket;
mod tank;
mod wires;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use turmoil::{Builder, Sim};

use crate::engine::Counts;
use crate::explore::{Case, CaseError, Operation};
use crate::fault::{FaultKind, Plan, named};
use crate::history::{History, Phase};
use crate::id::{NodeId, OpId};
use crate::invariant::{Judge, Judged, Violation};
use crate::protocol::Protocol;
use crate::rng::Draw;
use crate::time::{Time, Wall};
use driver::duration;
use faults::Faults;
pub use foreign::{Commits, Foreign, misfits};
use run::{Run, Shared};
pub use serve::{Serving, serve};
use tank::Hosts;
use wires::Wires;

/// How a run on turmoil is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What a partition, or a device without network, does to what streams carry.
    pub partition: Partition,
}

/// What a partition does to what streams carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partition {
    /// It is kept and arrives in the end, as TCP has it.
    #[default]
    Held,
    /// It is lost. A stream that lost something carries nothing any more, and nobody is told:
    /// such a connection is half open for good.
    Dropped,
}

/// What a run on turmoil came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackOutcome {
    /// The first violation of each invariant, in the order of time.
    pub violations: Vec<Violation>,
    /// Every observation.
    pub history: History,
    /// What happened, in numbers.
    pub counts: Counts,
    /// The states that the models said they reached, and how often.
    pub marks: BTreeMap<&'static str, u64>,
    /// Steps of the simulation, each of a millisecond.
    pub steps: u64,
    /// TCP segments that nodes handed to turmoil: one for each dial, each write and each end of
    /// a direction. turmoil does not tell of those that it makes itself, which are answers to
    /// dials and resets.
    pub segments: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Hosts that the nodes ran on.
    pub hosts: usize,
}

/// Why a case was not run on turmoil, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The case contradicts itself.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// Faults of the plan, by number and name, that turmoil's network cannot express.
    #[error("turmoil's network cannot express {}", named(.0))]
    Faults(Vec<(usize, &'static str)>),
    /// Faults of the plan, by number and name, that cannot befall a server that is none of the
    /// nodes.
    #[error("a server of one's own cannot be done {}", named(.0))]
    Misfits(Vec<(usize, &'static str)>),
    /// An operation is for a server that is none of the nodes.
    #[error("{0} is given to {1}, which is somebody's own server; leave it out of the case")]
    Operation(OpId, NodeId),
    /// A node panicked, the budget of events was used up, or a message could not be written.
    #[error("stopped at {at}: {message}")]
    Stopped {
        /// When.
        at: Time,
        /// Why.
        message: String,
    },
}

/// Whether turmoil's network can express a fault.
pub const fn can_express(kind: &FaultKind) -> bool {
    faults::is_expressible(kind)
}

/// The faults of a plan that turmoil's network cannot express, by number in the plan and name.
/// A case that has one is refused.
pub fn inexpressible(plan: &Plan) -> Vec<(usize, &'static str)> {
    faults::inexpressible(plan)
}

/// Runs a case on turmoil.
///
/// # Errors
/// Where the case contradicts itself or has faults that this network cannot express, and where
/// the run stops before its end.
pub fn run_on_turmoil<P: Judged>(
    case: &Case<P>,
    options: Options,
) -> Result<StackOutcome, StackError> {
    simulate(case, options, None)
}

/// Runs a case on turmoil with somebody's own server in the place of the nodes that may be
/// dialled.
///
/// # Errors
/// As for [`run_on_turmoil`], and where the case asks of the server what only a node can do.
pub fn run_against<P: Judged>(
    case: &Case<P>,
    options: Options,
    server: Foreign<P>,
) -> Result<StackOutcome, StackError> {
    let misfits = misfits(case);
    if !misfits.is_empty() {
        return Err(StackError::Misfits(misfits));
    }
    let roles = &case.topology.nodes;
    let serves = |id| roles.iter().any(|spec| spec.id == id && P::serves(spec.role));
    if let Some(operation) = case.operations.iter().find(|operation| serves(operation.node)) {
        return Err(StackError::Operation(operation.id, operation.node));
    }
    simulate(case, options, Some(server))
}

fn simulate<P: Judged>(
    case: &Case<P>,
    options: Options,
    server: Option<Foreign<P>>,
) -> Result<StackOutcome, StackError> {
    case.validate()?;
    let foreign = inexpressible(&case.plan);
    if !foreign.is_empty() {
        return Err(StackError::Faults(foreign));
    }
    let judge = Judge::new(P::invariants(&case.objectives), case.invariants.as_deref());
    let outside = Rc::new(Cell::new(Time::ZERO));
    let clock = clock(outside.clone());
    let mut run = Run::new(case, judge.recording(), clock);
    run.commits = server.as_ref().map(|server| server.commits);
    run.start(&case.topology.nodes);
    let run = Rc::new(RefCell::new(run));
    let mut sim = simulation(case);
    let hosts = Hosts::of(case);
    let wires = Wires::new(Draw::seeded(case.seed).purpose("wire"));
    for (host, name) in hosts.names.iter().enumerate() {
        let (run, hosts, wires) = (run.clone(), hosts.clone(), wires.clone());
        let server = server.clone();
        let software =
            move || tank::host(run.clone(), host, hosts.clone(), wires.clone(), server.clone());
        sim.host(name.as_str(), software);
    }
    let faults = Faults::new(case, options, hosts.clone(), wires.clone());
    let steps = drive(case, faults, &mut sim, &run, &outside)?;
    drop(sim);
    let run = Rc::into_inner(run).expect("the tasks went with the simulation");
    let (judge, counts, marks) = run.into_inner().finish();
    let (mut violations, history, _) = judge.finish(Some(case.end()));
    violations.sort_by_key(|violation| violation.at);
    let history = history.unwrap_or_default();
    let (segments, bytes, hosts) = (wires.segments.get(), wires.bytes.get(), hosts.names.len());
    Ok(StackOutcome { violations, history, counts, marks, steps, segments, bytes, hosts })
}

/// True time: that of the host whose turn it is, or `outside` between two ticks.
fn clock(outside: Rc<Cell<Time>>) -> run::Clock {
    Box::new(move || {
        let inside = turmoil::sim_elapsed();
        inside.map_or(outside.get(), |elapsed| Time::from_micros(elapsed.as_micros() as u64))
    })
}

/// A simulation that depends on the case alone.
fn simulation<P: Protocol>(case: &Case<P>) -> Sim<'static> {
    let (low, high) = roads::range_of(case.network.latency);
    // A listener with more waiting than this panics: all clients may dial at once, and while a
    // link is held each of them many times.
    let capacity = 64 + 16 * case.topology.nodes.len();
    Builder::new()
        .rng_seed(case.seed)
        .epoch(UNIX_EPOCH + Duration::from_micros(Wall::START.as_micros()))
        .simulation_duration(Duration::from_micros(case.end().as_micros()))
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(duration(low))
        .max_message_latency(duration(high))
        .tcp_capacity(capacity)
        .udp_capacity(capacity)
        .build()
}

/// Runs the simulation to the end of the case. Gives back how many steps it took.
fn drive<P: Protocol>(
    case: &Case<P>,
    mut faults: Faults<'_, P::Role>,
    sim: &mut Sim<'_>,
    run: &Shared<P>,
    outside: &Cell<Time>,
) -> Result<u64, StackError> {
    faults.prepare(sim, &mut run.borrow_mut());
    let mut operations: Vec<_> =
        case.operations.iter().filter(|operation| operation.at <= case.horizon).collect();
    operations.sort_by_key(|operation| operation.at);
    let mut operations = operations.into_iter().peekable();
    let mut healed = false;
    let mut steps = 0;
    loop {
        let now = Time::from_micros(sim.elapsed().as_micros() as u64);
        outside.set(now);
        loop {
            let operation = operations.peek().map(|operation| operation.at);
            let next = [operation, faults.next()].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= now) else { break };
            if faults.next() == Some(at) {
                faults.step(sim, run);
            } else if let Some(Operation { id, node, op, .. }) = operations.next() {
                run.borrow_mut().give(*node, *id, op);
            }
        }
        run.borrow_mut().bring();
        gates::cut_idle(&mut run.borrow_mut());
        if now >= case.horizon && !healed {
            healed = true;
            run.borrow_mut().phase(Phase::Healed);
        }
        if now >= case.end() {
            return Ok(steps);
        }
        steps += 1;
        let stepped = sim.step().map_err(|error| error.to_string());
        let failure = run.borrow_mut().failure.take();
        if let Some(message) = failure.or(stepped.err()) {
            return Err(StackError::Stopped { at: now, message });
        }
    }
}
