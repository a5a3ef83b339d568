//! One server node on the machine's own network, for anybody's WebSocket clients.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

use super::driver::{self, duration};
use super::run::{OnWrite, Run, Shared};
use super::socket::Net;
use crate::engine::{Latency, NodeSpec, Topology};
use crate::explore::Case;
use crate::id::{NodeId, StoreId};
use crate::invariant::{Judge, Suite};
use crate::protocol::Protocol;
use crate::time::{Span, Time, Wall};

/// What a server is built from.
pub struct Serving<P: Protocol> {
    /// What it is to be; a role that may be dialled.
    pub role: P::Role,
    /// What the nodes of its protocol are built from.
    pub config: P::Config,
    /// What its own randomness begins with.
    pub seed: u64,
    /// What its store begins with.
    pub store: P::Store,
    /// Is shown the store after each request that wrote to it, before the node hears of it: the
    /// place to keep it. Where it cannot be kept the server ends, and the node never hears.
    pub on_write: OnWrite<P>,
    /// The page of HTML for a browser that asks for `/` and for no WebSocket.
    pub page: Option<&'static str>,
}

/// The machine's own network, for a server that nobody else serves with.
struct Machine(TcpListener);

impl Net for Machine {
    type Stream = TcpStream;

    async fn connect(&self, _to: NodeId) -> io::Result<TcpStream> {
        Err(io::ErrorKind::HostUnreachable.into())
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn cast(&self, _to: NodeId, _bytes: &[u8]) {}
}

/// Runs one server node for the WebSocket clients that connect to `listener`, until the future
/// is dropped. It stays on its thread: await it in a runtime of one thread. A client is anybody
/// who asks for the path and query of `/?hello=`, with the protocol's hello as JSON, percent
/// encoded, and sends its messages as text frames of JSON.
///
/// The issuer of credentials knows nobody: a configuration that asks for them lets nobody in.
///
/// # Errors
/// Where the listener fails, and where the store cannot be kept.
pub async fn serve<P: Protocol>(listener: TcpListener, serving: Serving<P>) -> io::Result<()> {
    LocalSet::new().run_until(run(listener, serving)).await
}

async fn run<P: Protocol>(listener: TcpListener, serving: Serving<P>) -> io::Result<()> {
    let run = node(serving);
    let node = driver::node(run.clone(), 0, Rc::new(Machine(listener)));
    tokio::select! {
        biased;
        why = bring(run) => Err(io::Error::other(why)),
        ended = node => ended.map_err(|error| io::Error::other(error.to_string())),
    }
}

/// A run of one node with a store, in which nothing goes wrong and nobody judges.
fn node<P: Protocol>(serving: Serving<P>) -> Shared<P> {
    let Serving { role, config, seed, store, on_write, page } = serving;
    let id = StoreId(0);
    let nodes = vec![NodeSpec::new(NodeId(0), role).with_store(id)];
    let mut case = Case::new(Topology { nodes, stores: vec![id] }, config);
    case.seed = seed;
    case.events_max = Some(u64::MAX);
    case.network.store_latency = Latency::Constant(Span::ZERO);
    case.network.task_latency = Latency::Constant(Span::ZERO);
    let began = Instant::now();
    let clock = Box::new(move || Time::from_micros(began.elapsed().as_micros() as u64));
    let judge = Judge::new(Suite { history: Vec::new(), state: Vec::new() }, None);
    let mut run = Run::new(&case, judge, clock);
    run.on_write = Some(on_write);
    run.page = page;
    run.vaults.iter_mut().for_each(|vault| vault.load(store.clone()));
    let behind = wall().since(Wall::START).as_micros();
    run.hosts.iter_mut().for_each(|host| host.clock.step_wall(behind as i64));
    run.start(&case.topology.nodes);
    Rc::new(RefCell::new(run))
}

#[expect(clippy::disallowed_methods, reason = "a server on a real network tells real time")]
fn wall() -> Wall {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Wall::from_micros(since.unwrap_or_default().as_micros() as u64)
}

/// Brings what the store and the await points of the node have for it, until something fails
/// that is not the node's. Gives back what that is.
async fn bring<P: Protocol>(run: Shared<P>) -> String {
    let planner = run.borrow().planner.clone();
    loop {
        run.borrow_mut().bring();
        let failure = run.borrow_mut().failure.take();
        if let Some(why) = failure {
            return why;
        }
        let next = run.borrow().next_chore();
        let now = run.borrow().time();
        match next {
            Some(at) => drop(timeout(duration(at.since(now)), planner.notified()).await),
            None => planner.notified().await,
        }
    }
}
