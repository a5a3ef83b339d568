//! What the nodes of one run share: their state, the stores, the judge, and the agenda of what
//! no network brings.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::line::Line;
use crate::engine::{
    Actor, Counts, Host, HostState, Limits, Network, Seen, Vault, View, Witness, peers,
};
use crate::explore::Case;
use crate::history::{Life, Name, Observation, Phase, Refusal, Size, StoreOutcome};
use crate::id::{ConnId, NodeId, OpId, Ticket};
use crate::invariant::Judge;
use crate::objectives::Objectives;
use crate::protocol::{Boot, Closing, Conns, Outbox, Peer, Protocol, Store, StoreError};
use crate::rng::{Draw, Rng};
use crate::time::{Now, Time};

/// A run, in the hands of every task of every node. All of them are on one thread, and none
/// keeps it borrowed over an await point.
pub(super) type Shared<P> = Rc<RefCell<Run<P>>>;

/// What a store answered.
pub(super) type Answer<P> = Result<Option<<<P as Protocol>::Store as Store>::Reply>, StoreError>;

/// Something that is to be handed to a node.
pub(super) enum Input<P: Protocol> {
    Start,
    Op(OpId, P::Op),
    Accepted(ConnId, P::Hello),
    Opened(ConnId),
    Refused(ConnId, Refusal),
    Message(ConnId, P::Message),
    Writable(ConnId),
    Closed(ConnId, Closing),
    Cast(NodeId, P::Message),
    Timer(P::Timer),
    Stored(Ticket, Answer<P>),
    Task(P::Task),
    Device(bool),
}

/// A node's inbox, connections and outbox.
pub(super) struct Port<P: Protocol> {
    pub(super) inbox: VecDeque<Input<P>>,
    /// Wakes the node's task.
    pub(super) call: Rc<Notify>,
    pub(super) lines: Conns<Rc<Line>>,
    pub(super) out: Outbox<P>,
}

/// What the run brings by itself, as the discrete engine does.
enum Chore<P: Protocol> {
    Execute(Errand<P>),
    Hand { me: usize, incarnation: u32, input: Input<P> },
}

struct Errand<P: Protocol> {
    me: usize,
    incarnation: u32,
    ticket: Ticket,
    /// None is a flush.
    request: Option<<P::Store as Store>::Request>,
    draw: Draw,
    answer_at: Time,
}

pub(super) struct Run<P: Protocol> {
    pub(super) hosts: Vec<Host<P::Timer>>,
    pub(super) ports: Vec<Port<P>>,
    pub(super) vaults: Vec<Vault<P::Store>>,
    pub(super) counts: Counts,
    pub(super) marks: BTreeMap<&'static str, u64>,
    /// Pairs of nodes between which nothing passes.
    pub(super) cut: BTreeSet<(NodeId, NodeId)>,
    /// Why the run cannot go on.
    pub(super) failure: Option<String>,
    /// The time between two ticks.
    pub(super) outside: Time,
    actors: Vec<Option<Actor<P>>>,
    roles: Vec<P::Role>,
    peers: Vec<Vec<Peer<P::Role>>>,
    config: Arc<P::Config>,
    objectives: Objectives,
    network: Network,
    draw: Draw,
    limits: Limits,
    instant: (Time, u64),
    agenda: BTreeMap<(Time, u64), Chore<P>>,
    planned: u64,
    next_conn: u32,
    next_ticket: u32,
    judge: Judge<P>,
    told: Time,
}
