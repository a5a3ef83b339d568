//! Somebody's own server in the place of the nodes that may be dialled.
//!
//! The clients, the operations, the faults and the invariants are those of the case. Of the
//! server nothing is known but what it sends: so it is asked of each message what it says was
//! committed, and what is said for the first time, to whomever, is the fact that invariants go
//! by. An invariant that needs other facts of a server has nothing to find.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;

use turmoil::net::TcpListener;

use super::run::Run;
use crate::engine::NodeSpec;
use crate::explore::Case;
use crate::fault::{ConnectionFault, FaultKind, LinkFault, NodeFault};
use crate::history::{Observation, StoreOutcome, Write};
use crate::id::{NodeId, StoreId, Ticket};
use crate::protocol::Protocol;

/// What a message of a server says that was committed.
pub type Commits<P> = fn(&<P as Protocol>::Message) -> Vec<Write>;

type Serve = Rc<dyn Fn(TcpListener) -> Pin<Box<dyn Future<Output = io::Result<()>>>>>;

/// A server that knows nothing of a run.
pub struct Foreign<P: Protocol> {
    pub(super) serve: Serve,
    pub(super) commits: Commits<P>,
}

impl<P: Protocol> Clone for Foreign<P> {
    fn clone(&self) -> Self {
        Self { serve: self.serve.clone(), commits: self.commits }
    }
}

impl<P: Protocol> Foreign<P> {
    /// A server whose process is `serve`, called anew with a listener each time that it starts.
    /// Where it crashes the future is dropped: what is to outlive that is held outside of it.
    pub fn new<F>(serve: impl Fn(TcpListener) -> F + 'static, commits: Commits<P>) -> Self
    where
        F: Future<Output = io::Result<()>> + 'static,
    {
        Self { serve: Rc::new(move |listener| Box::pin(serve(listener))), commits }
    }
}

/// The faults of a case that cannot befall a server that is none of its nodes, by number and
/// name. A case that has one is refused.
pub fn misfits<P: Protocol>(case: &Case<P>) -> Vec<(usize, &'static str)> {
    let serves = |node: &NodeId| {
        let mut servers = case.topology.nodes.iter().filter(|spec| P::serves(spec.role));
        servers.any(|spec: &NodeSpec<P::Role>| spec.id == *node)
    };
    let fits = |kind: &FaultKind| match kind {
        // What befalls the inside of the process, or what stands before its door.
        FaultKind::Store(_) => false,
        FaultKind::Clock(_)
        | FaultKind::Node(NodeFault::Pause(_) | NodeFault::Slow(..) | NodeFault::Throttle { .. }) => {
            !kind.nodes().iter().any(serves)
        }
        FaultKind::Connection(
            ConnectionFault::Refuse(..)
            | ConnectionFault::Blocked(..)
            | ConnectionFault::Flap(..)
            | ConnectionFault::IdleTimeout(..)
            | ConnectionFault::LateClose(..),
        ) => false,
        // What goes by the streams of whoever sends, and those of the server are its own.
        FaultKind::Connection(ConnectionFault::HalfOpen(from, _)) => !serves(from),
        FaultKind::Link(
            LinkFault::PartitionOneway(..) | LinkFault::Spikes(..) | LinkFault::Bandwidth(..),
        ) => false,
        _ => true,
    };
    let faults = case.plan.0.iter().enumerate().filter(|(_, fault)| !fits(&fault.kind));
    faults.map(|(number, fault)| (number, fault.kind.name())).collect()
}

impl<P: Protocol> Run<P> {
    /// Takes note of what a server that is none of the nodes says that it has committed.
    pub(super) fn believe(&mut self, message: &P::Message) {
        let Some(commits) = self.commits else { return };
        let server = (0..self.hosts.len()).find(|me| self.serves(*me));
        let Some(server) = server else { return };
        for write in commits(message) {
            if self.told_of.insert((write.topic, write.position)) {
                let (store, ticket) = (StoreId(0), Ticket(u32::MAX));
                let (outcome, write) = (StoreOutcome::Executed, Some(Box::new(write)));
                self.observe(server, &Observation::Stored { store, ticket, outcome, write });
            }
        }
    }
}
